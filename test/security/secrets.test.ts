// C1 to C7: what is sealed, where it may stand, and who may read the files. Two parts wait for later issues: C4 (rotation
// of the master key) and the rotation of log files in C6; the log goes to stderr until then.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Config } from "../../src/config.ts";
import { parseId } from "../../src/core/ids.ts";
import type { MailPort } from "../../src/core/mail-port.ts";
import type { Mode } from "../../src/core/states.ts";
import { openSandboxBox } from "../../src/engine/sandbox-box.ts";
import { openHouse } from "../../src/house.ts";
import { KeyFileError, openMasterKey } from "../../src/ledger/master-key.ts";
import { systemRandom } from "../../src/ledger/random.ts";
import { openLog } from "../../src/log.ts";
import { openSandboxPort } from "../../src/mail/sandbox.ts";
import { createKey } from "../../src/resources/api-keys/actions.ts";
import { createSetupToken } from "../../src/resources/auth/actions.ts";
import { findInbox } from "../../src/resources/inboxes/store.ts";
import { listWorkspaces } from "../../src/resources/workspaces/store.ts";
import { mailThatTakesEveryLogin } from "../world/mail-that-fails-logins.ts";
import { SOURCE, startProgram, temporaryDirectory } from "../world/program.ts";

let place: ReturnType<typeof temporaryDirectory>;
let dir: string;
beforeEach(() => {
  place = temporaryDirectory();
  dir = join(place.path, "data");
});
afterEach(() => place.remove());

const CANARY = {
  mailbox: "canary-1b7e-mailbox-password",
  account: "canary-5c02-account-password",
  body: "canary-88aa-body-of-a-mail",
  lead: "canary-3d10-lead@example.com",
};

const keyFile = () => join(dir, "secret.key");

/** A house with files, as the program opens it, with the log that the program has. */
async function openFiledHouse(mail: MailPort) {
  const config: Config = {
    dir,
    host: "127.0.0.1",
    port: 0,
    allow_host: [],
    log_level: "debug",
    backups: null,
    master_key: null,
  };
  let log = "";
  const house = await openHouse(config, {
    mail: (ledger) => (ledger.mode === "live" ? mail : openSandboxPort(openSandboxBox(ledger))),
    names: { mailHosts: () => Promise.resolve([]), services: () => Promise.resolve([]) },
    ballast: false,
    log: openLog("debug", (line) => {
      log += line;
    }),
  });
  const workspace_id = listWorkspaces(house.control)[0]?.id ?? 0;
  const keyOf = (mode: Mode) =>
    createKey(house.control, { workspace_id, mode, scopes: ["all"], name: "" }).key;
  const [key, test_key] = [keyOf("live"), keyOf("test")];
  const answers: string[] = [];
  const ask = async (
    method: string,
    path: string,
    body: object | null = null,
    headers: Record<string, string> = {},
  ) => {
    const text = body === null ? null : JSON.stringify(body);
    const sent = {
      ...(headers["cookie"] === undefined ? { authorization: `Bearer ${key}` } : {}),
      ...(text === null
        ? {}
        : {
            "content-type": "application/json",
            "content-length": String(Buffer.byteLength(text)),
          }),
      ...headers,
    };
    const response = await house.app.handle(
      new Request(`http://localhost${path}`, { method, headers: sent, body: text }),
    );
    const shown = await response.text();
    answers.push(shown);
    return {
      status: response.status,
      headers: response.headers,
      text: shown,
      body: shown.startsWith("{") ? JSON.parse(shown) : null,
    };
  };
  return { house, key, test_key, workspace_id, ask, answers, log: () => log };
}

const MAILBOX = {
  email: "ada@sender.test",
  smtp: { host: "smtp.sender.test", port: 587, password: CANARY.mailbox },
  imap: { host: "imap.sender.test", password: CANARY.mailbox },
};
const OUR_PAGE = { "sec-fetch-site": "same-origin", origin: "http://localhost" };

/** Everything that holds a secret: connected, signed in and signed out, made, rotated, retried, failed. */
async function playSecrets({
  house,
  ask,
  key,
  test_key,
}: Awaited<ReturnType<typeof openFiledHouse>>) {
  const setup_token = createSetupToken(house.control);
  const login = { email: "ada@example.com", password: CANARY.account };
  const opened = await ask(
    "POST",
    "/v1/auth/setup",
    { token: setup_token, ...login },
    { cookie: "", ...OUR_PAGE },
  );
  const session =
    opened.headers.get("set-cookie")?.split(";")[0]?.replace("imail_session=", "") ?? "";
  const cookie = { cookie: `imail_session=${session}`, ...OUR_PAGE };
  await ask("GET", "/v1/auth/session", null, cookie);
  const inbox = await ask("POST", "/v1/inboxes", MAILBOX, { "idempotency-key": "connect-1" });
  await ask("POST", "/v1/inboxes", MAILBOX, { "idempotency-key": "connect-1" });
  await ask("POST", "/v1/inboxes", { ...MAILBOX, nonsense: CANARY.mailbox });
  await ask("POST", "/v1/inboxes", { ...MAILBOX, email: 7, smtp: CANARY.mailbox });
  const made = await ask(
    "POST",
    "/v1/api-keys",
    { scopes: ["leads:read"] },
    { "idempotency-key": "key-1" },
  );
  const made_key: string = made.body?.data?.key ?? "";
  const as_test = { authorization: `Bearer ${test_key}` };
  const sandbox = await ask(
    "POST",
    "/v1/inboxes",
    { email: "ada@box.test", provider: "sandbox" },
    as_test,
  );
  const campaign = {
    name: "C",
    inbox_ids: [sandbox.body?.data?.id],
    steps: [{ subject: "S", body: CANARY.body }],
    status: "active",
  };
  const started = await ask("POST", "/v1/campaigns", campaign, as_test);
  const lead = { email: CANARY.lead, campaign_id: started.body?.data?.id };
  const enrolled = await ask("POST", "/v1/leads", lead, as_test);
  const advanced = await ask("POST", "/v1/test/clock/advance", { by: "P7D" }, as_test);
  await ask(
    "POST",
    "/v1/auth/login",
    { ...login, password: `${CANARY.account}x` },
    { cookie: "", ...OUR_PAGE },
  );
  await ask("GET", `/v1/leads?q=${CANARY.body}&cursor=${key}`);
  await ask("GET", `/v1/leads/${key}`);
  return {
    statuses: [opened, inbox, made, started, enrolled, advanced].map(({ status }) => status),
    secrets: {
      mailbox: CANARY.mailbox,
      account: CANARY.account,
      "secret of a key": key.slice(key.indexOf(".") + 1),
      "secret of a key made over the API": made_key.slice(made_key.indexOf(".") + 1),
      "token of a session": session,
      // What the token names: the id of the session.
      "id of a session": String(
        JSON.parse(Buffer.from(session.split(".")[1] ?? "", "base64url").toString()).sid,
      ),
      "token of the setup link": setup_token,
    },
    made_key,
  };
}

const filesOf = (at: string) =>
  readdirSync(at, { recursive: true, encoding: "utf8" }).map((name) => join(at, name));
const rawFilesOf = (at: string) => filesOf(at).filter((path) => statSync(path).isFile());

test("C5: no password, key, token or mail stands where it must not: in a file, its -wal, the log or an answer", async () => {
  const street = await openFiledHouse(mailThatTakesEveryLogin());
  const { statuses, secrets, made_key } = await playSecrets(street);
  expect(statuses).toEqual([201, 201, 201, 201, 201, 200]);
  for (const [what, secret] of Object.entries(secrets))
    expect([what, secret.length > 20]).toEqual([what, true]);
  // While it is open: what was written last stands in the -wal only.
  const names = rawFilesOf(dir).filter((path) => !path.endsWith(".lock"));
  expect(names.some((path) => path.endsWith("-wal"))).toBe(true);
  // Not read in here: closing a file of the database drops its locks.
  const shown = Object.entries(secrets).flatMap(([what, secret]) => {
    const spellings = [
      secret,
      Buffer.from(secret).toString("base64"),
      Buffer.from(secret).toString("hex"),
    ];
    return spellings.filter((one) => isInAnyFile(one)).map(() => what);
  });
  expect(shown).toEqual([]);
  // The search itself finds what is there.
  expect(isInAnyFile(CANARY.body)).toBe(true);
  expect(isInAnyFile("ada@sender.test")).toBe(true);
  const { mailbox, account } = secrets;
  const log = street.log();
  const in_log = [...Object.entries(secrets), ["body", CANARY.body]].filter(([, secret]) =>
    log.includes(secret ?? ""),
  );
  expect(in_log).toEqual([]);
  const told = street.answers.join("\n").replaceAll(made_key, "");
  for (const secret of [mailbox, account, secrets["secret of a key"].slice(0, 43)]) {
    // What the caller has put into its own query comes back at most as the name of a field.
    expect(told.includes(secret)).toBe(false);
  }
  await street.house.close();
  for (const secret of Object.values(secrets)) expect(isInAnyFile(secret)).toBe(false);

  function isInAnyFile(text: string): boolean {
    const found = Bun.spawnSync(["grep", "-rlaF", "--", text, dir]);
    return found.stdout.length > 0;
  }
});

test("C1: the password of a mailbox opens in its own row and column and nowhere else", async () => {
  const street = await openFiledHouse(mailThatTakesEveryLogin());
  const { body } = await street.ask("POST", "/v1/inboxes", MAILBOX);
  const ledger = street.house.ledgers.get(street.workspace_id, "live");
  const row = parseId("inb", body?.data?.id) ?? 0;
  const inbox = findInbox(ledger, row);
  const sealed = inbox?.smtp_password;
  if (!sealed) throw new Error("the inbox has no sealed password");
  const open = (at: { row?: number; column?: string; table?: string }) =>
    ledger.vault.unseal({ table: "inboxes", row, column: "smtp_password", ...at }, sealed);
  expect(open({})).toBe(CANARY.mailbox);
  expect([
    open({ row: row + 1 }),
    open({ column: "imap_password" }),
    open({ table: "leads" }),
  ]).toEqual([null, null, null]);
  const other = street.house.ledgers.get(street.workspace_id, "test");
  // The mode is not what seals it: one data key per workspace. The nonce is new each time.
  expect(other.vault.unseal({ table: "inboxes", row, column: "imap_password" }, sealed)).toBeNull();
  expect(Buffer.compare(sealed, inbox?.imap_password ?? new Uint8Array())).not.toBe(0);
  await street.house.close();
});

describe("C2: the master key", () => {
  const options = { given: null, fingerprint: null, random: systemRandom };
  beforeEach(() => {
    mkdirSync(dir);
  });
  test("is made once, for a new installation, and comes from the settings first", () => {
    const made = openMasterKey({ dir, ...options });
    expect(made.problem).toBeNull();
    expect(readFileSync(keyFile(), "utf8").trim()).toBe(
      Buffer.from(made.key ?? []).toString("hex"),
    );
    const given = systemRandom.bytes(32);
    expect(openMasterKey({ dir, ...options, given }).key).toEqual(given);
    const again = openMasterKey({ dir, ...options, fingerprint: made.fingerprint });
    expect(again.key).toEqual(new Uint8Array(made.key ?? []));
  });

  test.each([0o640, 0o604, 0o644, 0o660, 0o601])(
    "in a file of mode %o is refused: others can reach it",
    (mode) => {
      openMasterKey({ dir, ...options });
      chmodSync(keyFile(), mode);
      expect(() => openMasterKey({ dir, ...options })).toThrow(KeyFileError);
    },
  );

  test("that is missing, wrong or no key is told, and no other one is made in its place", () => {
    const { fingerprint } = openMasterKey({ dir, ...options });
    for (const text of ["ab".repeat(32), "not a key", ""]) {
      writeFileSync(keyFile(), text, { mode: 0o600 });
      const opened = openMasterKey({ dir, ...options, fingerprint });
      expect([opened.key, opened.problem?.includes("secret.key")]).toEqual([null, true]);
      expect(readFileSync(keyFile(), "utf8")).toBe(text);
    }
    const wrong = openMasterKey({ dir, ...options, fingerprint, given: systemRandom.bytes(32) });
    expect(wrong.problem).toContain("IMAIL_MASTER_KEY");
  });
});

test("C3: every file and directory that is made is for its owner only, also where the shell is generous", async () => {
  const before = process.umask(0o000);
  try {
    const street = await openFiledHouse(mailThatTakesEveryLogin());
    await playSecrets(street);
    const modes = new Map(
      [dir, ...filesOf(dir)].map((path) => [path, statSync(path).mode & 0o777]),
    );
    expect(modes.size).toBeGreaterThan(6);
    const wrong = [...modes].filter(
      ([path, mode]) => mode !== (statSync(path).isDirectory() ? 0o700 : 0o600),
    );
    expect(wrong).toEqual([]);
    await street.house.close();
  } finally {
    process.umask(before);
  }
});

test("C5: the last words of a crash hold no secret", async () => {
  const preload = join(place.path, "bug.ts");
  // A bug as bad as they come: its error carries everything it could get hold of.
  await Bun.write(
    preload,
    `process.on("SIGUSR2", () => {
      const error = Object.assign(new Error("boom"), { password: "${CANARY.mailbox}", request: { headers: { authorization: "${CANARY.account}" } }, body: "${CANARY.body}" });
      throw error;
    });`,
  );
  const [bun = "", main = ""] = SOURCE;
  const options = { cwd: place.path, command: [bun, "--preload", preload, main] };
  const program = await startProgram(["--dir", dir, "--log-level", "debug"], options);
  const token = /#t=(\S+)/.exec(program.banner)?.[1] ?? "";
  await fetch(`${program.url}/v1/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: "ada@example.com", password: CANARY.account }),
  });
  const { exit_code, stderr } = await program.end("SIGUSR2");
  expect(exit_code).toBe(70);
  expect(stderr).toContain("boom");
  for (const secret of [...Object.values(CANARY), token])
    expect([secret, stderr.includes(secret)]).toEqual([secret, false]);
  // No line of the source either.
  expect(stderr).not.toMatch(/\n\s*\d+ \|/);
});

test("C6: what comes from outside starts no line of the log and steers no terminal", () => {
  let text = "";
  const log = openLog("debug", (line) => {
    text += line;
  });
  const hostile = [
    "a\r\nb",
    "\u001b[2J",
    "\u009b31m",
    "\u007f",
    "\u2028\u2029",
    "\u0000",
    '"}\n{"level":"info"',
    "\u202e",
  ];
  for (const one of hostile) log.warn({ subject: one, nested: { [one]: one } }, one);
  const lines = text.trimEnd().split("\n");
  expect(lines).toHaveLength(hostile.length);
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  expect(lines.filter((line) => /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(line))).toEqual([]);
  expect(lines.map((line) => JSON.parse(line).subject)).toEqual(hostile);
});

test("C7: names from outside reach no file: after a flood of them the directory has what it had", async () => {
  const { house, ask } = await openFiledHouse(mailThatTakesEveryLogin());
  const before = readdirSync(dir).toSorted((one, other) => one.localeCompare(other));
  const paths = [
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/control.db",
    "....//control.db",
    "control.db%00.json",
    "/etc/passwd",
    "..\\..\\secret.key",
  ];
  for (const path of paths) {
    for (const prefix of ["/", "/docs/", "/docs/errors/", "/v1/leads/", "/v1/test/mailbox/"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await ask("GET", `${prefix}${path}`);
      expect([
        path,
        prefix,
        answer.text.includes("root:"),
        answer.text.includes("SQLite format"),
      ]).toEqual([path, prefix, false, false]);
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await ask("POST", "/v1/leads", {
      email: `x${paths.indexOf(path)}@a.test`,
      first_name: path,
      custom: { file: path },
    });
  }
  expect(readdirSync(dir).toSorted((one, other) => one.localeCompare(other))).toEqual(before);
  await house.close();
});
