// What comes in: A1 to A5, A8 and A12. A6 stands in sql.test.ts, A7 in routes.test.ts, A9 in test/core/render.test.ts,
// A10 in test/http/csv.test.ts, A11 in test/resources/suppressions, A13 in hostile-text.test.ts, A14 and A15 in
// retries-and-rates.test.ts.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";

import { type FaultCode, FAULTS } from "../../src/core/faults.ts";
import { changeWorkspace } from "../../src/resources/workspaces/actions.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";

let house: TestHouse;
let port: number;
beforeAll(async () => {
  house = await openTestHouse();
  changeWorkspace(house.control, house.workspace_id, { tier: "apex" });
  port = Number(new URL(house.house.listen()).port);
});
afterAll(() => house.close());

const JSON_TYPE = { "content-type": "application/json" };

/** One request over the socket, with the test key unless it says otherwise. */
const ask = (path: string, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${house.test_key.key}`, ...Object(init.headers) },
  });
const post = (path: string, body: string, headers = {}) =>
  ask(path, { method: "POST", body, headers: { ...JSON_TYPE, ...headers } });
const read = async (answer: Response) => JSON.parse(await answer.text());
const codeOf = async (answer: Response) => (await read(answer)).error?.code;

/** Writes bytes and answers all that comes back until the server hangs up, or nothing more comes for a second. */
function speak(head: string, body = ""): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let heard = "";
  const socket = connect(port, "127.0.0.1", () => {
    socket.write(head.replaceAll("\n", "\r\n"));
    if (body !== "") socket.write(body);
  });
  socket.on("data", (bytes) => {
    heard += bytes.toString("utf8");
  });
  socket.on("close", () => resolve(heard));
  socket.on("error", () => resolve(heard));
  return promise;
}

const bearer = () => `Authorization: Bearer ${house.test_key.key}\n`;

const largeHead = (extra: string) =>
  `POST /v1/leads/bulk HTTP/1.1\nHost: 127.0.0.1:${port}\n${extra}Connection: close\nContent-Type: application/json\nContent-Length: ${60 * 1024 * 1024}\n\n`;

/** Six of them at once; the status lines of the answers. */
const ofAll = (extra: string) =>
  Promise.all(Array.from({ length: 6 }, async () => (await speak(largeHead(extra))).slice(0, 12)));

describe("A1: a body", () => {
  test("of 60 MB is refused by its header, six at a time, and takes no memory", async () => {
    const before = process.memoryUsage().rss;
    expect(new Set(await ofAll(""))).toEqual(new Set(["HTTP/1.1 401"]));
    expect(new Set(await ofAll(bearer()))).toEqual(new Set(["HTTP/1.1 413"]));
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  test("of more than 1 MB is refused everywhere, of up to 8 MB taken where many things come", async () => {
    const large = JSON.stringify({ email: "a@b.test", first_name: "x".repeat(1024 * 1024) });
    expect(await codeOf(await post("/v1/leads", large))).toBe("payload_too_large");
    const csv = `email,first_name\na@b.test,${"x".repeat(2 * 1024 * 1024)}\n`;
    const taken = await ask("/v1/leads/bulk", {
      method: "POST",
      body: csv,
      headers: { "content-type": "text/csv" },
    });
    expect(taken.status).not.toBe(413);
  });

  test("of 45 MB of brackets does not stall the others", async () => {
    const start = performance.now();
    const deep = "[".repeat(1024 * 1024 - 20);
    const [refused, alive] = await Promise.all([post("/v1/leads", deep), ask("/livez")]);
    expect([await codeOf(refused), alive.status]).toEqual(["malformed_json", 200]);
    expect(performance.now() - start).toBeLessThan(500);
  });
});

const nested = (levels: number) => `{"custom":${'{"a":'.repeat(levels)}1${"}".repeat(levels)}}`;

const wide = (keys: number) =>
  JSON.stringify({
    custom: Object.fromEntries(Array.from({ length: keys }, (_, i) => [`k${i}`, 1])),
  });

describe("A2: JSON", () => {
  const FORBIDDEN = ["__proto__", "constructor", "prototype"];
  test.each(FORBIDDEN)(
    "with the key %s is refused wherever it stands, and nothing is polluted",
    async (name) => {
      const bodies = [
        `{"${name}":{"polluted":true},"email":"a@b.test"}`,
        `{"email":"a@b.test","custom":{"${name}":{"polluted":true}}}`,
        `{"email":"a@b.test","tags":[{"${name}":1}]}`,
        `{"email":"a@b.test","custom":{"${name.replace("o", "\\u006f")}":1}}`,
      ];
      const codes = await Promise.all(
        bodies.map(async (body) => codeOf(await post("/v1/leads", body))),
      );
      expect(codes).toEqual(bodies.map(() => "malformed_json"));
      expect("polluted" in {}).toBe(false);
    },
  );

  test("is 32 levels deep and 1,000 keys wide at most", async () => {
    expect(await codeOf(await post("/v1/leads", nested(31)))).toBe("invalid_field");
    expect(await codeOf(await post("/v1/leads", nested(32)))).toBe("malformed_json");
    expect(await codeOf(await post("/v1/leads", wide(1000)))).toBe("invalid_field");
    expect(await codeOf(await post("/v1/leads", wide(1001)))).toBe("malformed_json");
  });
});

test("A3: a field that is not ours to give is refused by its name, on every route that takes a body", async () => {
  const assigned = [
    "workspace_id",
    "mode",
    "sent_at",
    "id",
    "created_at",
    "object",
    "state",
    "secret_hash",
  ];
  const routes = house.app.routes.filter(
    ({ method, path, hooks }) =>
      ["POST", "PATCH"].includes(method) &&
      path.startsWith("/v1/") &&
      !path.includes("/auth/") &&
      isObjectSchema(hooks),
  );
  expect(routes.length).toBeGreaterThan(12);
  const session_only = new Set<string>();
  for (const { method, path } of routes) {
    const body = JSON.stringify(Object.fromEntries(assigned.map((name) => [name, 1])));
    const init = { method, body, headers: JSON_TYPE };
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { error } = await read(await ask(path.replaceAll(":id", "x"), init));
    if (error.code === "session_only") {
      session_only.add(path);
      continue;
    }
    const refused: { code: string; field: string }[] = error.details ?? [];
    const unknown = new Set(
      refused.filter(({ code }) => code === "unknown_field").map(({ field }) => field),
    );
    // `mode` and `id` are fields of some routes.
    const missing = assigned.filter((name) => !unknown.has(name) && !["mode", "id"].includes(name));
    expect([method, path, missing]).toEqual([method, path, []]);
  }
  expect([...session_only].every((path) => path.startsWith("/v1/workspaces"))).toBe(true);
});

function isObjectSchema(hooks: object): boolean {
  return (
    "body" in hooks &&
    hooks.body !== null &&
    typeof hooks.body === "object" &&
    "properties" in hooks.body
  );
}

describe("A4: a number", () => {
  test.each(["0x10", "1e1", " 5", "+5", "5.0", "٥", "5 ", "", "Infinity", "9007199254740993"])(
    "in a query is digits: %p is none",
    async (text) => {
      const answer = await ask(`/v1/leads?limit=${encodeURIComponent(text)}`);
      expect((await read(answer)).error).toMatchObject({ code: "invalid_field", field: "limit" });
    },
  );

  test.each(['"5"', "5.5", "true", "null", "[5]", "1e400", "-0.5", '"0x5"'])(
    "in a body is a number: %s is none",
    async (text) => {
      const body = `{"name":"C","inbox_ids":["inb_00000000000"],"steps":[{"subject":"S","body":"B"}],"daily_limit":${text}}`;
      const { error } = await read(await post("/v1/campaigns", body));
      expect(error.details).toContainEqual(
        expect.objectContaining({ field: "daily_limit", code: "invalid_field" }),
      );
    },
  );
});

describe("A5: every status has the envelope", () => {
  const canary = "canary-echo-me-not";
  const CASES: [FaultCode, () => Promise<Response>][] = [
    ["malformed_json", () => post("/v1/leads", `{"${canary}`)],
    ["invalid_field", () => post("/v1/leads", JSON.stringify({ email: canary }))],
    ["invalid_version", () => ask("/v1/leads", { headers: { "imail-version": canary } })],
    ["missing_key", () => ask("/v1/leads", { headers: { authorization: "" } })],
    ["invalid_key", () => ask("/v1/leads", { headers: { authorization: `Bearer ${canary}` } })],
    ["session_only", () => ask("/v1/workspaces")],
    ["wrong_origin", () => ask("/v1/leads", { headers: { origin: `https://${canary}.test` } })],
    ["not_found", () => ask(`/v1/${canary}`)],
    ["not_found", () => ask(`/v1/leads/${canary}`)],
    ["method_not_allowed", () => ask("/v1/leads", { method: "PUT" })],
    ["lead_exists", () => post("/v1/leads", '{"email":"twice@b.test"}')],
    [
      "precondition_failed",
      () =>
        ask(`/v1/inboxes/${inbox_id}`, {
          method: "PATCH",
          body: '{"name":"x"}',
          headers: { ...JSON_TYPE, "if-match": '"old"' },
        }),
    ],
    ["payload_too_large", () => post("/v1/leads", " ".repeat(1024 * 1024 + 1))],
    ["unsupported_media_type", () => post("/v1/leads", canary, { "content-type": "text/plain" })],
    ["wrong_host", () => ask("/v1/leads", { headers: { host: `${canary}.test` } })],
  ];
  let inbox_id = "";
  beforeAll(async () => {
    const made = await post("/v1/inboxes", '{"email":"a5@box.test","provider":"sandbox"}');
    inbox_id = (await read(made)).data.id;
    await post("/v1/leads", '{"email":"twice@b.test"}');
  });

  test.each(CASES)("%s", async (code, make) => {
    const answer = await make();
    const text = await answer.text();
    const { success, error, message, request_id, ...more } = JSON.parse(text);
    expect([answer.status, error.code, success, more]).toEqual([
      FAULTS[code].status,
      code,
      false,
      {},
    ]);
    expect(answer.headers.get("content-type")).toStartWith("application/json");
    expect(answer.headers.get("x-request-id")).toBe(request_id);
    expect(message).toBe(error.message);
    expect(error.doc).toEndWith(`/docs/errors/${code}`);
    expect(text).not.toContain(canary);
  });

  test("429 too, with the time to wait", async () => {
    const other = await openTestHouse();
    try {
      const wrong = { headers: { authorization: "Bearer x" } };
      const answers = await Promise.all(
        Array.from({ length: 11 }, () => other.request("/v1/leads", wrong)),
      );
      const last = answers.at(-1);
      expect(await last?.json()).toMatchObject({ success: false, error: { code: "rate_limited" } });
      expect(last?.headers.get("retry-after")).toMatch(/^\d+$/);
    } finally {
      await other.close();
    }
  });

  test("413 and 431 too, though the runtime has its own without any body", async () => {
    const head = `HTTP/1.1\nHost: 127.0.0.1:${port}\n${bearer()}Connection: close\n`;
    const json = "Content-Type: application/json\n";
    const too_large = await speak(`POST /v1/leads ${head}${json}Content-Length: 99999999\n\n`);
    const too_long = await speak(`GET /v1/leads ${head}X-Long: ${"x".repeat(14 * 1024)}\n\n`);
    expect(too_large).toMatch(/^HTTP\/1\.1 413[\s\S]*"code":"payload_too_large"/);
    expect(too_long).toStartWith("HTTP/1.1 200");
    // What is far too long the runtime refuses by itself: it says nothing.
    const endless = await speak(`GET /v1/leads ${head}X-Long: ${"x".repeat(64 * 1024)}\n\n`);
    expect(endless).toMatch(/^(HTTP\/1\.1 431[^{]*|)$/);
  });
});

const send = (path: string, sent: object) => post(path, JSON.stringify(sent));

describe("A8: a template that is a bomb", () => {
  const x = "x".repeat(1000);
  const BOMBS: [string, string][] = [
    ["nests a thousand conditions", "{% if a %}".repeat(2000) + "{% endif %}".repeat(2000)],
    ["doubles by replacing", `{{ custom.x${' | replace: "x", "xxxxxxxxxx"'.repeat(12)} }}`],
    ["repeats an output", "{{ custom.x }}".repeat(3000)],
    ["spins in spins", `${"{a|".repeat(5000)}b${"}".repeat(5000)}`],
    ["counts to a billion", "{{ (1..1000000000) | join }}"],
    ["opens braces", "{{".repeat(20_000)],
  ];
  test.each(BOMBS)("that %s ends soon, and its answer is small", async (_, body) => {
    const campaign = {
      name: "Bomb",
      inbox_ids: [await sandbox()],
      steps: [{ subject: "S", body }],
    };
    const start = performance.now();
    const made = await send("/v1/campaigns", campaign);
    const { data } = await read(made);
    if (made.status === 201) {
      const lead = { email: `l${Math.floor(start * 1000)}@b.test`, custom: { x } };
      const { data: person } = await read(await send("/v1/leads", lead));
      const shown = await send(`/v1/campaigns/${data.id}/preview`, { lead_id: person.id });
      expect((await shown.text()).length).toBeLessThan(2 * 1024 * 1024);
    } else {
      expect(made.status).toBe(400);
    }
    expect(performance.now() - start).toBeLessThan(1500);
    expect((await ask("/livez")).status).toBe(200);
  });

  let made_sandbox = "";
  async function sandbox(): Promise<string> {
    if (made_sandbox !== "") return made_sandbox;
    const made = await post("/v1/inboxes", '{"email":"a8@box.test","provider":"sandbox"}');
    made_sandbox = (await read(made)).data.id;
    return made_sandbox;
  }
});

describe("A12: what is compressed", () => {
  test.each(["gzip", "br", "deflate", "zstd", "GZIP", "gzip, identity", "x-gzip"])(
    "with %s is a 415 and never unpacked",
    async (encoding) => {
      const body = Bun.gzipSync(Buffer.alloc(1024 * 1024));
      const headers = { ...JSON_TYPE, "content-encoding": encoding };
      const answer = await ask("/v1/leads", { method: "POST", body, headers });
      expect(await codeOf(answer)).toBe("unsupported_media_type");
    },
  );

  test("as an archive is a 415 as well", async () => {
    for (const type of ["application/zip", "application/x-tar", "application/gzip"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await ask("/v1/leads/bulk", {
        method: "POST",
        body: "PK",
        headers: { "content-type": type },
      });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await codeOf(answer)).toBe("unsupported_media_type");
    }
  });
});
