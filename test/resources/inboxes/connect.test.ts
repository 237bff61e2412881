// Connecting a mailbox: both logins are tried first, and what goes wrong is told in words that help.
import { afterEach, describe, expect, test } from "bun:test";

import type { LoginFault, MailPort } from "../../../src/core/mail-port.ts";
import { openLedger } from "../../../src/ledger/ledger.ts";
import { systemRandom } from "../../../src/ledger/random.ts";
import { accountOf, prepareInbox } from "../../../src/resources/inboxes/actions.ts";
import { findLiveMailbox } from "../../../src/resources/inboxes/live-mailboxes.store.ts";
import type { Inbox } from "../../../src/resources/inboxes/schema.ts";
import { findInboxByEmail, listInboxes } from "../../../src/resources/inboxes/store.ts";
import { createWorkspace } from "../../../src/resources/workspaces/actions.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import {
  mailThatAnswersTwoAtOnce,
  mailThatFails,
  mailThatRefusesLogin,
  mailThatTakesEveryLogin,
} from "../../world/mail-that-fails-logins.ts";

const open: TestHouse[] = [];
afterEach(async () => {
  for (const house of open.splice(0)) await house.close();
});

async function houseWith(mail: MailPort): Promise<{ house: TestHouse; ask: Ask }> {
  const house = await openTestHouse({ mail });
  open.push(house);
  return { house, ask: askWith(house, "live") };
}

const PASSWORD = "correct horse battery staple";
const mailbox = {
  email: "ada@example.com",
  name: "Ada Lovelace",
  smtp: { host: "smtp.example.com", port: 587, password: PASSWORD },
  imap: { host: "imap.example.com" },
};

test("a mailbox whose logins work is connected and can be read back, without its passwords", async () => {
  const mail = mailThatTakesEveryLogin();
  const { house, ask } = await houseWith(mail);
  const made = await ask<Inbox>("POST", "/inboxes", mailbox);
  expect(made.status).toBe(201);
  expect(made.headers.get("location")).toBe(`/v1/inboxes/${made.data.id}`);
  expect(made.data).toMatchObject({
    object: "inbox",
    email: "ada@example.com",
    provider: "smtp",
    status: "active",
    smtp: {
      host: "smtp.example.com",
      port: 587,
      security: "starttls",
      username: "ada@example.com",
    },
    imap: { host: "imap.example.com", port: 993, security: "tls", username: "ada@example.com" },
    daily_limit: 50,
    hourly_limit: 10,
    min_gap_seconds: 600,
    save_sent: "auto",
    sent_today: 0,
    remaining_today: 50,
    sync: { state: "behind", lag_s: null },
    health: { score: null },
    warmup: { state: "off" },
  });
  expect(made.text).not.toContain(PASSWORD);
  const got = await ask<Inbox>("GET", `/inboxes/${made.data.id}`);
  expect(got.data).toEqual(made.data);
  const list = await ask<Inbox[]>("GET", "/inboxes");
  expect(list.data).toEqual([made.data]);
  expect(list.pagination).toEqual({ limit: 25, next_cursor: null, has_more: false });
  // The IMAP login is that of SMTP where it names no other.
  expect(mail.logins[0]?.imap.password).toBe(PASSWORD);
  const row = findInboxByEmail(house.ledger, "ada@example.com");
  expect(Buffer.from(row?.smtp_password ?? []).includes(PASSWORD)).toBe(false);
  expect(row && accountOf(house.ledger, row)?.smtp.password).toBe(PASSWORD);
});

describe("a login that fails is told with the server's words and the field to look at, and nothing is saved", () => {
  const cases: [string, "smtp" | "imap", LoginFault, string, string][] = [
    ["wrong password", "smtp", "auth", "smtp_auth_failed", "smtp.password"],
    ["wrong password at IMAP", "imap", "auth", "imap_auth_failed", "imap.password"],
    ["wrong port", "smtp", "connect", "smtp_unreachable", "smtp.host"],
    ["no answer", "smtp", "timeout", "smtp_unreachable", "smtp.host"],
    ["no mail server behind the port", "smtp", "greeting", "smtp_unreachable", "smtp.host"],
    ["no IMAP", "imap", "connect", "imap_unreachable", "imap.host"],
    ["IMAP that is full", "imap", "limit", "imap_unreachable", "imap.host"],
    ["TLS to a plain port", "smtp", "tls_mismatch", "tls_mismatch", "smtp.security"],
    ["STARTTLS that is not offered", "imap", "no_starttls", "tls_mismatch", "imap.security"],
    ["untrusted certificate", "imap", "tls_untrusted", "tls_untrusted", "imap.host"],
  ];
  test.each(cases)("%s", async (...[, server, fault, code, field]) => {
    const words = "554 the server's own words";
    const { house, ask } = await houseWith(mailThatFails(server, fault, words));
    const answer = await ask("POST", "/inboxes", mailbox);
    expect(answer.status).toBe(400);
    expect(answer.error).toMatchObject({ code, field });
    expect(answer.error.message).toContain(words);
    expect(answer.error.message).toContain(`${server}.example.com`);
    expect(answer.text).not.toContain(PASSWORD);
    expect((await ask<Inbox[]>("GET", "/inboxes")).data).toEqual([]);
    expect(findLiveMailbox(house.control, "ada@example.com")).toBeNull();
  });
});

test("the same mailbox twice is a conflict that names the first, however it is written", async () => {
  const { ask } = await houseWith(mailThatTakesEveryLogin());
  const first = await ask<Inbox>("POST", "/inboxes", mailbox);
  const again = await ask("POST", "/inboxes", { ...mailbox, email: "ADA@Example.COM" });
  expect(again.status).toBe(409);
  expect(again.error).toMatchObject({ code: "inbox_exists", inbox_id: first.data.id });
});

test("of two requests for one mailbox at the same time, one wins", async () => {
  const { ask } = await houseWith(mailThatAnswersTwoAtOnce());
  const answers = await Promise.all([
    ask("POST", "/inboxes", mailbox),
    ask("POST", "/inboxes", mailbox),
  ]);
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
  expect((await ask<Inbox[]>("GET", "/inboxes")).data).toHaveLength(1);
});

test("a live mailbox of another workspace cannot be connected a second time", async () => {
  const mail = mailThatTakesEveryLogin();
  const { house, ask } = await houseWith(mail);
  const other = createWorkspace(house.control, { name: "Other", zone: "UTC" }, house.master_key);
  house.control.write(({ db }) => {
    db.query("INSERT INTO live_mailboxes (email, workspace_id, inbox_id) VALUES (?, ?, 1)").run(
      "ada@example.com",
      other,
    );
  });
  const answer = await ask("POST", "/inboxes", mailbox);
  expect(answer.status).toBe(409);
  expect(answer.error.code).toBe("inbox_exists");
  expect(answer.error.inbox_id).toBeUndefined();
  expect(mail.logins).toEqual([]);
});

test("hosts and ports of big providers are found from the address", async () => {
  const mail = mailThatTakesEveryLogin();
  const { ask } = await houseWith(mail);
  const made = await ask<Inbox>("POST", "/inboxes", {
    email: "ada@gmail.com",
    smtp: { password: PASSWORD },
  });
  expect(made.data.smtp).toMatchObject({ host: "smtp.gmail.com", port: 465, security: "tls" });
  expect(made.data.imap).toMatchObject({ host: "imap.gmail.com", port: 993, security: "tls" });
  const company = await ask<Inbox>("POST", "/inboxes", {
    email: "ada@company.example",
    provider: "microsoft",
    smtp: { password: PASSWORD },
  });
  expect(company.data.smtp).toMatchObject({ host: "smtp.office365.com", port: 587 });
});

test("a server that is not known has to be named, and every missing field is told at once", async () => {
  const { ask } = await houseWith(mailThatTakesEveryLogin());
  const answer = await ask("POST", "/inboxes", { email: "ada@example.com" });
  expect(answer.error).toMatchObject({ code: "invalid_field", field: "smtp.host" });
  expect(answer.error.details?.map(({ field }) => field)).toEqual([
    "smtp.host",
    "smtp.password",
    "imap.host",
  ]);
});

describe("what cannot be right is refused before any server is asked", () => {
  const cases: [string, object, string][] = [
    ["an address without @", { email: "ada.example.com" }, "email"],
    ["two addresses", { email: "ada@example.com, eve@evil.test" }, "email"],
    ["a line break in the address", { email: "ada@example.com\r\nBcc: eve@evil.test" }, "email"],
    ["a line break in the name", { name: "Ada\r\nBcc: eve@evil.test" }, "name"],
    ["a line break in reply_to", { reply_to: "ada@example.com\nBcc: eve@evil.test" }, "reply_to"],
    ["a C1 control in the name", { name: "Ada\u0085Bcc: eve@evil.test" }, "name"],
    ["a line separator in the name", { name: "Ada\u2028Bcc: eve@evil.test" }, "name"],
    [
      "a line break in the user name",
      { smtp: { ...mailbox.smtp, username: "ada\r\nMAIL FROM:<eve@evil.test>" } },
      "smtp.username",
    ],
    [
      "a line break in the password",
      { smtp: { ...mailbox.smtp, password: "secret\r\nNOOP" } },
      "smtp.password",
    ],
    ["a URL for a host", { imap: { host: "imaps://imap.example.com" } }, "imap.host"],
    ["a host with a line break", { imap: { host: "imap.example.com\r\nx" } }, "imap.host"],
    ["a port of 0", { imap: { host: "imap.example.com", port: 0 } }, "imap.port"],
    ["a port in text", { imap: { host: "imap.example.com", port: "993" } }, "imap.port"],
    ["a port that could be anything", { smtp: { ...mailbox.smtp, port: 2525 } }, "smtp.security"],
    ["a certificate that is none", { imap: { host: "imap.example.com", ca: "hello" } }, "imap.ca"],
    ["a daily limit of 0", { daily_limit: 0 }, "daily_limit"],
    ["an object for a text", { signature: { path: "/etc/passwd" } }, "signature"],
  ];
  test.each(cases)("%s", async (_, change, field) => {
    const mail = mailThatTakesEveryLogin();
    const { ask } = await houseWith(mail);
    const answer = await ask("POST", "/inboxes", { ...mailbox, ...change });
    expect(answer.status).toBe(400);
    expect(answer.error).toMatchObject({ code: "invalid_field", field });
    expect(mail.logins).toEqual([]);
  });

  test("an unknown field is named", async () => {
    const { ask } = await houseWith(mailThatTakesEveryLogin());
    const answer = await ask("POST", "/inboxes", {
      ...mailbox,
      smtp: { ...mailbox.smtp, tls: true },
    });
    expect(answer.status).toBe(400);
    expect(answer.error).toMatchObject({ code: "unknown_field", field: "smtp.tls" });
  });
});

const plain = (host: string) => ({
  ...mailbox,
  smtp: { host, port: 2525, security: "none", password: PASSWORD },
  imap: { host: "imap.example.com" },
});

test("a password never goes out in clear text: security none is for this machine only", async () => {
  const mail = mailThatTakesEveryLogin();
  const { ask } = await houseWith(mail);
  for (const host of ["smtp.example.com", "10.0.0.1", "127.0.0.1.evil.test", "::2", "0.0.0.0"]) {
    const answer = await ask("POST", "/inboxes", plain(host));
    expect(answer.error).toMatchObject({ code: "invalid_field", field: "smtp.security" });
  }
  expect(mail.logins).toEqual([]);
  expect((await ask("POST", "/inboxes", plain("127.0.0.1"))).status).toBe(201);
});

test("a sandbox belongs to test keys and a real mailbox to live keys", async () => {
  const mail = mailThatTakesEveryLogin();
  const { house, ask } = await houseWith(mail);
  const askTest = askWith(house, "test");
  const sandbox = { email: "ada@example.com", provider: "sandbox" };
  expect((await ask("POST", "/inboxes", sandbox)).error).toMatchObject({
    code: "provider_mode",
    field: "provider",
  });
  const real = await askTest("POST", "/inboxes", mailbox);
  expect(real.status).toBe(400);
  expect(real.error).toMatchObject({ code: "provider_mode", field: "provider" });
  const made = await askTest<Inbox>("POST", "/inboxes", sandbox);
  expect(made.status).toBe(201);
  expect(made.data).toMatchObject({ provider: "sandbox", smtp: null, imap: null });
  expect(mail.logins).toEqual([]);
  // Live and test data never see each other, not even by id.
  expect((await ask("GET", `/inboxes/${made.data.id}`)).status).toBe(404);
  expect((await ask<Inbox[]>("GET", "/inboxes")).data).toEqual([]);
});

test("a sandbox that is given a server is refused: its password would be dropped in silence", async () => {
  const { house } = await houseWith(mailThatTakesEveryLogin());
  const answer = await askWith(house, "test")("POST", "/inboxes", {
    ...mailbox,
    provider: "sandbox",
  });
  expect(answer.error).toMatchObject({ code: "invalid_field", field: "smtp" });
});

test("an unknown id is a 404 that says what is not there", async () => {
  const { ask } = await houseWith(mailThatTakesEveryLogin());
  for (const id of ["inb_00000000007", "inb_nonsense", "lead_00000000007", "7"]) {
    const answer = await ask("GET", `/inboxes/${id}`);
    expect(answer.status).toBe(404);
    expect(answer.error.message).toContain("inbox");
  }
});

test("after a refused login the same mailbox can be connected with the right password", async () => {
  let is_wrong = true;
  const refusing = mailThatRefusesLogin();
  const taking = mailThatTakesEveryLogin();
  const mail: MailPort = {
    ...taking,
    check: (account, signal) => (is_wrong ? refusing : taking).check(account, signal),
  };
  const { ask } = await houseWith(mail);
  expect((await ask("POST", "/inboxes", mailbox)).error.code).toBe("smtp_auth_failed");
  is_wrong = false;
  expect((await ask("POST", "/inboxes", mailbox)).status).toBe(201);
});

const nobody = () => Promise.reject(new Error("every host is named: nobody asks DNS"));

test("without the master key no login is kept, and the mailbox stays free", async () => {
  const { house } = await houseWith(mailThatTakesEveryLogin());
  const ledger = openLedger({
    path: ":memory:",
    workspace_id: house.workspace_id,
    mode: "live",
    random: systemRandom,
    installation_secret: house.control.installation_secret,
    data_key: null,
    workspace: () => house.ledger.workspace(),
    onNudge: () => undefined,
    onError: () => undefined,
  });
  const names = { mailHosts: nobody, services: nobody };
  const { sign_ins } = house.house;
  const wiring = { control: house.control, mail: () => mailThatTakesEveryLogin(), names, sign_ins };
  const { signal } = new AbortController();
  const fault: unknown = await prepareInbox(ledger, wiring, mailbox, signal)
    .then((save) => save())
    .catch((error: unknown) => error);
  expect(fault).toMatchObject({ code: "unavailable" });
  const all = { before: Number.MAX_SAFE_INTEGER, limit: 10, offset: 0 };
  expect(listInboxes(ledger, all)).toEqual([]);
  expect(findLiveMailbox(house.control, mailbox.email)).toBeNull();
  ledger.close();
});
