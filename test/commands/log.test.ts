import { expect, test } from "bun:test";

import { openLog } from "../../src/log.ts";

/** What a log writes when `use` is done with it. */
function written(use: (log: ReturnType<typeof openLog>) => void, level = "info"): string {
  let text = "";
  const log = openLog(level, (line) => {
    text += line;
  });
  use(log);
  return text;
}

test("an entry is one line of JSON with its level, time and sentence", () => {
  const text = written((log) => {
    log.info({ inbox: "inb_1" }, "connected");
  });
  expect(text.endsWith("\n")).toBe(true);
  expect(JSON.parse(text)).toMatchObject({
    level: "info",
    inbox: "inb_1",
    msg: "connected",
    time: expect.stringMatching(/Z$/),
  });
});

test("a login or key that slips into the log is cut out", () => {
  const secret = "hunter2-canary";
  const fields = {
    password: secret,
    key: secret,
    smtp: { password: secret, token: secret },
    authorization: secret,
  };
  const text = written((log) => {
    log.error(fields, "no");
  });
  expect(text).not.toContain(secret);
  expect(text).toContain("[redacted]");
});

test("what a server said cannot start a line of its own or steer the terminal", () => {
  const hostile = '550 no\r\n{"level":"info"}\u001b[2J\u009b31m\u007f\u2028\u2029\u0000';
  const text = written((log) => {
    log.warn({ response: hostile }, hostile);
  });
  expect(text.trimEnd().split("\n")).toHaveLength(1);
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  expect(text.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  expect(JSON.parse(text).response).toBe(hostile);
});

test("below the level that was set nothing is written", () => {
  const spoken = ["debug", "info", "warn", "error", "silent"].filter(
    (level) => written((log) => log.warn({}, "careful"), level) !== "",
  );
  expect(spoken).toEqual(["debug", "info", "warn"]);
});
