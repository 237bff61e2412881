import { afterEach, describe, expect, test } from "bun:test";

import { type LoginFault, type MailAccount, MailboxError } from "../../src/core/mail-port.ts";
import type { ImapWaits } from "../../src/mail/imap-session.ts";
import { openMailbox } from "../../src/mail/imap.ts";
import {
  imapThatDiesIn,
  imapThatIsSilentIn,
  imapThatLiesAboutSizes,
  imapThatNeverGreets,
  imapThatRefusesLogin,
  imapWith,
  imapWithoutUidValidity,
  listing,
  says,
  type ViceServer,
} from "../world/imap-vices.ts";
import { accountAt } from "../world/smtp-server.ts";

const WAITS: Partial<ImapWaits> = {
  connect: 1000,
  greeting: 1000,
  login: 2000,
  command: 1000,
  logout: 100,
};
const never = new AbortController().signal;

const servers: ViceServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function running(server: Promise<ViceServer>): Promise<ViceServer> {
  const opened = await server;
  servers.push(opened);
  return opened;
}

const open = (account: MailAccount, cap = 1000) =>
  openMailbox(account, never, { waits: WAITS, whole_mail_max_bytes: cap });

/** What the work has thrown, or null. */
function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

async function caught(work: Promise<unknown>): Promise<MailboxError> {
  const error = await thrownBy(work);
  if (!(error instanceof MailboxError)) throw new Error(`no MailboxError but ${String(error)}`);
  return error;
}

describe("a refused IMAP login", () => {
  const cases: [string, LoginFault][] = [
    ["NO [LIMIT] Maximum number of connections from user+IP exceeded", "limit"],
    ["NO [UNAVAILABLE] Temporary authentication failure", "limit"],
    ["NO [INUSE] mailbox is locked", "limit"],
    ["NO [ALERT] Too many simultaneous connections. (Failure)", "limit"],
    ["NO [AUTHENTICATIONFAILED] Authentication failed.", "auth"],
    ["NO [EXPIRED] your password is old", "auth"],
    ["NO Invalid credentials", "auth"],
    ["NO [PRIVACYREQUIRED] use TLS", "no_starttls"],
  ];
  test.each(cases)("%s is told as %s, in the server's words", async (words, fault) => {
    const server = await running(imapThatRefusesLogin(words));
    const error = await caught(open(server.account()));
    expect(error.fault).toBe(fault);
    expect(words).toEndWith(error.message);
    expect(error.message.length).toBeGreaterThan(5);
  });

  test("never shows the password, not even when the server repeats it", async () => {
    const server = await running(imapThatRefusesLogin("NO hunter22hunter22 is wrong"));
    const error = await caught(open(server.account({ password: "hunter22hunter22" })));
    expect(error.message).toBe("*** is wrong");
    expect(JSON.stringify(error) + String(error.stack)).not.toContain("hunter22");
  });
});

describe("an IMAP server that cannot be used", () => {
  test("because nothing listens, or its name does not exist", async () => {
    const server = await imapWith({});
    await server.close();
    const error = await caught(open(server.account()));
    expect(error.fault).toBe("connect");
    expect(error.message).toContain(`127.0.0.1:${server.port}`);
    const nowhere = accountAt(993, { host: "nowhere.invalid", security: "tls" });
    expect((await caught(open(nowhere))).fault).toBe("connect");
  });

  test("because it never greets, or says goodbye at once", async () => {
    const silent = await running(imapThatNeverGreets());
    expect((await caught(open(silent.account()))).fault).toBe("timeout");
    const leaving = await running(imapWith({ greeting: "* BYE overloaded" }));
    expect((await caught(open(leaving.account()))).message).toContain("overloaded");
  });

  test("gets no password without TLS: neither by our will nor by STARTTLS being stripped away", async () => {
    const stripping = await running(imapWith({}));
    const error = await caught(open(stripping.account({ security: "starttls" })));
    expect(error.fault).toBe("no_starttls");
    expect(stripping.commands.filter((line) => /LOGIN|AUTHENTICATE/.test(line))).toEqual([]);
    const cleartext = accountAt(143, { host: "192.0.2.1", security: "none" });
    expect((await caught(open(cleartext))).fault).toBe("no_starttls");
  });
});

describe("reading from a server with a vice", () => {
  test("a session that dies in a search is an error, never an empty answer", async () => {
    const dyingIn = async (command: string) => {
      const server = await running(imapThatDiesIn(command));
      const mailbox = await open(server.account());
      return (await caught(mailbox.fetchFrom("INBOX", 30, 10))).fault;
    };
    const faults = await Promise.all(["SEARCH", "EXAMINE", "FETCH"].map(dyingIn));
    expect(faults).toEqual(["connect", "connect", "connect"]);
    const server = await running(imapThatDiesIn("SEARCH"));
    const mailbox = await open(server.account());
    expect((await caught(mailbox.findByHeader("INBOX", "Message-ID", "<a@b>"))).fault).toBe(
      "connect",
    );
  });

  test("a search that is refused or never answered is an error", async () => {
    const refusing = await running(imapWith({ answers: { SEARCH: says([], "NO not now") } }));
    const mailbox = await open(refusing.account());
    expect(await caught(mailbox.fetchFrom("INBOX", 1, 10))).toBeInstanceOf(MailboxError);
    const silent = await running(imapThatIsSilentIn("SEARCH"));
    const other = await open(silent.account());
    expect((await caught(other.fetchFrom("INBOX", 1, 10))).fault).toBe("timeout");
  });

  test("the last mail, which n:* always names, is dropped when it is below the cursor", async () => {
    const server = await running(imapWith({}));
    const mailbox = await open(server.account());
    expect(await mailbox.fetchFrom("INBOX", 31, 10)).toEqual([]);
    expect(server.commands.filter((line) => line.includes("FETCH"))).toEqual([]);
    await mailbox.close();
  });

  test("an invalid UIDVALIDITY is an error and no reset", async () => {
    const server = await running(imapWithoutUidValidity());
    const mailbox = await open(server.account());
    expect((await caught(mailbox.status("INBOX"))).fault).toBe("protocol");
  });

  test("a mail that is larger than its size says is cut to its header", async () => {
    const mail = `Subject: big\r\n\r\n${"x".repeat(5000)}`;
    const server = await running(imapThatLiesAboutSizes(mail));
    const mailbox = await open(server.account());
    const [fetched] = await mailbox.fetchFrom("INBOX", 30, 10);
    expect(fetched).toMatchObject({ uid: 30, truncated: true, size: 1001 });
    expect(Buffer.from(fetched!.bytes).toString()).toBe("Subject: big\r\n\r\n");
    expect(server.commands.some((line) => line.includes("BODY.PEEK[]<0.1001>"))).toBe(true);
    await mailbox.close();
  });

  test("folders go by names where the server marks none", async () => {
    const names = ["INBOX", "Gesendete Elemente", "Spam", "Lists"];
    const listed = names.map((name) => `LIST (\\HasNoChildren) "/" "${name}"`);
    const server = await running(imapWith({ answers: { LIST: listing(listed) } }));
    const mailbox = await open(server.account());
    expect(await mailbox.folders()).toEqual([
      { path: "INBOX", role: "inbox" },
      { path: "Spam", role: "junk" },
      { path: "Gesendete Elemente", role: "sent" },
    ]);
    await mailbox.close();
  });

  test("a header or a value with a line end in it is a bug of the caller", async () => {
    const server = await running(imapWith({}));
    const mailbox = await open(server.account());
    const evil = "X\r\nA1 DELETE INBOX";
    expect(await thrownBy(mailbox.findByHeader("INBOX", evil, "v"))).toBeInstanceOf(TypeError);
    expect(await thrownBy(mailbox.findByHeader("INBOX", "X-A", "v\r\n"))).toBeInstanceOf(TypeError);
    expect(await mailbox.status("INBOX")).toEqual({ uidvalidity: 9, uidnext: 31 });
    await mailbox.close();
  });
});
