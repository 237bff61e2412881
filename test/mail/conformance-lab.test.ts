// The real port against Postfix and Dovecot: the conformance suite over both kinds of TLS, and what only
// real servers show. Skipped where the lab's programs are not installed.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { type MailAccount, MailboxError } from "../../src/core/mail-port.ts";
import { openMailPort } from "../../src/mail/port.ts";
import { mailLabMissing } from "../world/mail-lab-missing.ts";
import { type Endpoint, type MailLab, openMailLab } from "../world/mail-lab.ts";
import { type ConformanceWorld, mailPortConformance } from "./conformance.ts";

const ADA = "s1@sender.test";
const BOB = "lead1@lead.test";
const missing = mailLabMissing();
if (missing !== null) process.stderr.write(`${missing}\n`);

function accountOf(lab: MailLab, smtp: Endpoint, imap: Endpoint): MailAccount {
  return {
    inbox_id: 1,
    email: ADA,
    provider: "smtp",
    smtp: lab.login(ADA, smtp),
    imap: lab.login(ADA, imap),
  };
}

/** The lab as the suite's world. Maildir keeps LF line ends; the wire had CRLF. */
function worldOf(lab: MailLab, account: MailAccount): ConformanceWorld {
  return {
    port: openMailPort(),
    account,
    deliver: (raw) => lab.save(ADA, Buffer.from(raw).toString("latin1")),
    received: async (to) =>
      lab.mailsIn(to).map((mail) => Buffer.from(mail.replaceAll(/\r?\n/g, "\r\n"))),
    recipient: BOB,
    nobody: "nosuchuser@lead.test",
    close: () => lab.close(),
  };
}

async function caught(opening: Promise<unknown>): Promise<MailboxError> {
  const error = await opening.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof MailboxError)) throw new Error(`no MailboxError but ${String(error)}`);
  return error;
}

function mailOf(subject: string, body: string): string {
  return `From: bob@lead.test\r\nSubject: ${subject}\r\n\r\n${body}\r\n`;
}

if (missing === null) {
  for (const security of ["tls", "starttls"] as const) {
    mailPortConformance(`real servers over ${security}`, async () => {
      const lab = await openMailLab();
      return worldOf(lab, accountOf(lab, lab.smtp[security], lab.imap[security]));
    });
  }
}

describe.skipIf(missing !== null)("the real port against real servers", () => {
  const port = openMailPort({ imap: { waits: { logout: 500 } } });
  const never = new AbortController().signal;
  let lab: MailLab;
  let account: MailAccount;
  beforeAll(async () => {
    lab = await openMailLab();
    account = accountOf(lab, lab.smtp.tls, lab.imap.tls);
  }, 60_000);
  afterAll(() => lab.close(), 30_000);

  test("a wrong password is told by each server in its own words", async () => {
    const smtp = { ...account.smtp, password: "wrong" };
    const imap = { ...account.imap, password: "wrong" };
    expect(await port.check({ ...account, smtp }, never)).toMatchObject({
      outcome: "failed",
      server: "smtp",
      fault: "auth",
      response: expect.stringMatching(/^535 5\.7\.8 /),
    });
    expect(await port.check({ ...account, imap }, never)).toMatchObject({
      outcome: "failed",
      server: "imap",
      fault: "auth",
    });
  }, 20_000);

  test("certificates that are old, of another host or of nobody are refused", async () => {
    const refused = { outcome: "failed", server: "smtp", fault: "tls_untrusted" };
    const expired = lab.login(ADA, lab.smtp.tls_expired);
    expect(await port.check({ ...account, smtp: expired }, never)).toMatchObject(refused);
    const elsewhere = lab.login(ADA, lab.smtp.tls_wrong_host);
    expect(await port.check({ ...account, smtp: elsewhere }, never)).toMatchObject(refused);
    const unknown = { ...lab.login(ADA, lab.imap.tls), ca: null };
    const first = await caught(port.openMailbox({ ...account, imap: unknown }, never));
    expect(first.fault).toBe("tls_untrusted");
    const later = { ...lab.login(ADA, lab.imap.starttls), ca: null };
    const second = await caught(port.openMailbox({ ...account, imap: later }, never));
    expect(second.fault).toBe("tls_untrusted");
  }, 20_000);

  test("an IMAP server without STARTTLS gets no password", async () => {
    const imap = { ...lab.login(ADA, lab.imap.plaintext), security: "starttls" as const };
    const error = await caught(port.openMailbox({ ...account, imap }, never));
    expect(error.fault).toBe("no_starttls");
  });

  test("TLS from the first byte towards a STARTTLS port is told as the wrong kind of TLS", async () => {
    const imap = { ...lab.login(ADA, lab.imap.starttls), security: "tls" as const };
    expect((await caught(port.openMailbox({ ...account, imap }, never))).fault).toBe(
      "tls_mismatch",
    );
  });

  test("a draft is no mail that was sent: it is passed over", async () => {
    const mailbox = await port.openMailbox(account, never);
    const sent = (await mailbox.folders()).find(({ role }) => role === "sent")?.path ?? "";
    const { uidnext } = await mailbox.status(sent);
    await mailbox.append(sent, Buffer.from(mailOf("a draft", "not yet")), ["\\Draft"]);
    await mailbox.append(sent, Buffer.from(mailOf("a mail", "sent by hand")), ["\\Seen"]);
    const { mails, next_uid } = await mailbox.fetchHeaders(sent, uidnext, 100);
    expect(mails.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
      "From: bob@lead.test\r\nSubject: a mail\r\n\r\n",
    ]);
    expect(next_uid).toBe((await mailbox.status(sent)).uidnext);
    await mailbox.close();
  }, 20_000);

  test("reading sets no flag, and a mail above the cap comes as its header only", async () => {
    const small = openMailPort({ imap: { whole_mail_max_bytes: 2000 } });
    const mailbox = await small.openMailbox(account, never);
    const { uidnext } = await mailbox.status("INBOX");
    await lab.save(ADA, mailOf("small", "x"));
    await lab.save(ADA, mailOf("large", "y".repeat(50).concat("\r\n").repeat(200)));
    await lab.save(ADA, mailOf("small again", "z"));
    const mails = await mailbox.fetchFrom("INBOX", uidnext, 10);
    expect(mails.map((mail) => mail.truncated)).toEqual([false, true, false]);
    expect(Buffer.from(mails[1]!.bytes).toString()).toBe(
      "From: bob@lead.test\r\nSubject: large\r\n\r\n",
    );
    expect(mails[1]!.size).toBeGreaterThan(10_000);
    await mailbox.close();
    const { ImapFlow } = await import("imapflow");
    const { username: user, password: pass, host, port: at, ca } = account.imap;
    const client = new ImapFlow({
      host,
      port: at,
      secure: true,
      auth: { user, pass },
      tls: { ca: ca!, servername: "localhost" },
      logger: false,
    });
    await client.connect();
    await client.mailboxOpen("INBOX", { readOnly: true });
    expect(await client.search({ seen: true }, { uid: true })).toEqual([]);
    await client.logout();
  });

  test("a copy in Sent keeps its \\Seen although the INBOX was open for reading", async () => {
    const mailbox = await port.openMailbox(account, never);
    await mailbox.status("INBOX");
    await mailbox.append("Sent", Buffer.from(mailOf("copied while reading", "x")), ["\\Seen"]);
    await mailbox.close();
    const { ImapFlow } = await import("imapflow");
    const { username: user, password: pass, host, port: at, ca } = account.imap;
    const tls = { ca: ca!, servername: "localhost" };
    const auth = { user, pass };
    const client = new ImapFlow({ host, port: at, secure: true, auth, tls, logger: false });
    await client.connect();
    await client.mailboxOpen("Sent", { readOnly: true });
    const copy = { seen: true, header: { Subject: "copied while reading" } };
    expect(await client.search(copy, { uid: true })).toHaveLength(1);
    await client.logout();
  });

  test("a session that the server ends throws from then on and ends a wait", async () => {
    const mailbox = await port.openMailbox(account, never);
    await mailbox.status("INBOX");
    const waiting = caught(mailbox.wait(15_000, never));
    await lab.kick(ADA);
    expect((await waiting).fault).toBe("connect");
    expect((await caught(mailbox.status("INBOX"))).fault).toBe("connect");
    expect((await caught(mailbox.findByHeader("INBOX", "X-A", "b"))).fault).toBe("connect");
    await mailbox.close();
  }, 20_000);

  test("a new UIDVALIDITY is seen by the next session", async () => {
    await lab.save(ADA, mailOf("x", "x"), "Other");
    const first = await port.openMailbox(account, never);
    const before = await first.status("Other");
    await first.close();
    await lab.setUidValidity(ADA, "Other", before.uidvalidity + 7);
    const second = await port.openMailbox(account, never);
    expect((await second.status("Other")).uidvalidity).toBe(before.uidvalidity + 7);
    await second.close();
  });

  test("the signal ends an open session", async () => {
    const stop = new AbortController();
    const mailbox = await port.openMailbox(account, stop.signal);
    stop.abort();
    expect((await caught(mailbox.folders())).fault).toBe("connect");
    const opening = port.openMailbox(account, AbortSignal.abort());
    expect((await caught(opening)).fault).toBe("timeout");
  });

  test.each(["tls", "starttls"] as const)(
    "silent servers are left in time: %s",
    async (security) => {
      const waits = { connect: 150, greeting: 150, login: 150, tls: 150, command: 150 };
      const hasty = openMailPort({ smtp: { waits }, imap: { waits } });
      const silent = lab.login(ADA, { host: "127.0.0.1", port: lab.blackhole_port, security });
      const checked = await hasty.check({ ...account, smtp: silent }, never);
      expect(checked).toMatchObject({ server: "smtp", fault: "timeout" });
      const error = await caught(hasty.openMailbox({ ...account, imap: silent }, never));
      expect(error.fault).toBe("timeout");
    },
  );
});
