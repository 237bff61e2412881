// What every MailPort must do, whoever stands behind it. The real port runs it against real servers, the
// sandbox against itself, so that test mode cannot drift from the truth.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import type {
  Held,
  MailAccount,
  MailboxSession,
  MailPort,
  SendOrder,
} from "../../src/core/mail-port.ts";

export interface ConformanceWorld {
  port: MailPort;
  account: MailAccount;
  /** Puts a mail into the INBOX of the account. */
  deliver: (raw: Uint8Array) => Promise<void>;
  /** The mails that have come to an address, without waiting; trace headers may stand above them. */
  received: (to: string) => Promise<Uint8Array[]>;
  /** An address that takes mail, one that does not exist. */
  recipient: string;
  nobody: string;
  close: () => Promise<void>;
}

const PATIENCE_MS = 15_000;
const never = () => new AbortController().signal;

function mailOf(subject: string, lines = ["Hello", ".dot", "..", ".", "bye"]): Uint8Array {
  const head = ["From: ada@sender.test", "To: bob@lead.test", `Subject: ${subject}`];
  // Servers add the date and the id that are missing, which would not be byte for byte.
  const date = "Date: Sat, 21 Nov 2026 06:38:19 +0000";
  const id = `Message-ID: <${subject}@sender.test>`;
  const all = [...head, date, id, `X-Test-Id: ${subject}`, "MIME-Version: 1.0", "", ...lines, ""];
  return new TextEncoder().encode(all.join("\r\n"));
}

/** A subject that no other run has used. */
function fresh(word: string): string {
  return `${word}-${Bun.randomUUIDv7().slice(-12)}`;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** What the work has thrown, or null. */
function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

/** Asks until the answer is there: a real server delivers in its own time. */
async function eventually<T>(ask: () => Promise<T | null>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each question waits for the answer to the last one
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > deadline) throw new Error("it did not come in time");
    // oxlint-disable-next-line no-await-in-loop -- real servers have no clock that a test could move
    await Bun.sleep(50);
  }
}

/** The suite: `open` is called once and closed at the end. */
export function mailPortConformance(name: string, open: () => Promise<ConformanceWorld>): void {
  describe(`mail port: ${name}`, () => {
    let world: ConformanceWorld;
    beforeAll(async () => {
      world = await open();
    }, 60_000);
    afterAll(() => world.close(), 30_000);

    sendingConforms(() => world);
    readingConforms(() => world);
    waitingConforms(() => world);
  });
}

function sendingConforms(world: () => ConformanceWorld): void {
  const orderOf = (bytes: Uint8Array, changes: Partial<SendOrder> = {}): SendOrder => ({
    envelope: { from: world().account.email, to: world().recipient },
    bytes,
    onHeld: (held) => held.release(),
    signal: never(),
    ...changes,
  });
  const arrived = async (subject: string) => {
    const mails = await world().received(world().recipient);
    return mails.find((mail) => textOf(mail).includes(`Subject: ${subject}\r\n`)) ?? null;
  };

  test("a mail that is released is accepted and arrives byte for byte", async () => {
    const subject = fresh("released");
    const bytes = mailOf(subject);
    const outcome = await world().port.send(world().account, orderOf(bytes));
    expect(outcome).toMatchObject({ outcome: "accepted", response: expect.any(String) });
    const mail = textOf(await eventually(() => arrived(subject)));
    expect(mail).toEndWith(textOf(bytes));
  });

  test("a mail that is refused at the commit point is never delivered", async () => {
    const subject = fresh("refused");
    const refused = await world().port.send(
      world().account,
      orderOf(mailOf(subject), { onHeld: (held) => held.refuse() }),
    );
    expect(refused).toEqual({ outcome: "refused" });
    // A mail that is sent after it and has arrived shows that the first one is not on its way.
    const later = fresh("later");
    await world().port.send(world().account, orderOf(mailOf(later)));
    await eventually(() => arrived(later));
    expect(await arrived(subject)).toBeNull();
  });

  test("the commit point may speak later, and is asked once", async () => {
    const subject = fresh("held");
    const asked: Held[] = [];
    const held = Promise.withResolvers<Held>();
    const onHeld = (one: Held) => {
      asked.push(one);
      held.resolve(one);
    };
    const sending = world().port.send(world().account, orderOf(mailOf(subject), { onHeld }));
    const one = await held.promise;
    expect(await arrived(subject)).toBeNull();
    one.release();
    expect(await sending).toMatchObject({ outcome: "accepted" });
    expect(asked).toHaveLength(1);
  });

  test("a recipient who does not exist is rejected before the dot, or a report comes", async () => {
    const { account, nobody, port } = world();
    const mailbox = await port.openMailbox(account, never());
    const { uidnext } = await mailbox.status("INBOX");
    const envelope = { from: account.email, to: nobody };
    const outcome = await port.send(account, orderOf(mailOf(fresh("nobody")), { envelope }));
    if (outcome.outcome === "rejected") {
      expect(outcome).toMatchObject({ code: 550, enhanced: "5.1.1", after_dot: false });
    } else {
      expect(outcome).toMatchObject({ outcome: "accepted" });
      const report = await eventually(async () => {
        const mails = await mailbox.fetchFrom("INBOX", uidnext, 100);
        return (
          mails.map(({ bytes }) => textOf(bytes)).find((mail) => mail.includes(nobody)) ?? null
        );
      });
      expect(report).toContain("5.1.1");
    }
    await mailbox.close();
  }, 20_000);

  test("a signal that has gone off before means that nothing is sent", async () => {
    const outcome = await world().port.send(
      world().account,
      orderOf(mailOf(fresh("stopped")), { signal: AbortSignal.abort() }),
    );
    expect(outcome).toMatchObject({ outcome: "unreached" });
  });

  test("an address with a line end in it is a bug of the caller", async () => {
    const envelope = {
      from: world().account.email,
      to: "bob@lead.test\r\nRCPT TO:<eve@lead.test>",
    };
    const sending = world().port.send(world().account, orderOf(mailOf("evil"), { envelope }));
    expect(await thrownBy(sending)).toBeInstanceOf(TypeError);
  });

  test("both logins of a good account are ok", async () => {
    expect(await world().port.check(world().account, never())).toEqual({ outcome: "ok" });
  });
}

function readingConforms(world: () => ConformanceWorld): void {
  const withMailbox = async <T>(read: (mailbox: MailboxSession) => Promise<T>): Promise<T> => {
    const mailbox = await world().port.openMailbox(world().account, never());
    try {
      return await read(mailbox);
    } finally {
      await mailbox.close();
    }
  };
  const delivered = async (mailbox: MailboxSession, subjects: string[]) => {
    const { uidnext } = await mailbox.status("INBOX");
    for (const subject of subjects) {
      // oxlint-disable-next-line no-await-in-loop -- their order is what the test is about
      await world().deliver(mailOf(subject));
    }
    const uids = await eventually(async () => {
      const mails = await mailbox.fetchFrom("INBOX", uidnext, 100);
      return mails.length >= subjects.length ? mails.map((mail) => mail.uid) : null;
    });
    return { uidnext, uids };
  };

  test("the inbox is among the folders, each role once", async () => {
    const folders = await withMailbox((mailbox) => mailbox.folders());
    const roles = folders.map((folder) => folder.role);
    expect(folders.find((folder) => folder.role === "inbox")?.path).toBe("INBOX");
    expect(roles).toContain("sent");
    expect(new Set(roles).size).toBe(roles.length);
  });

  test("reading from a cursor gives what is at or above it, oldest first, up to the limit", async () => {
    const subjects = [fresh("one"), fresh("two"), fresh("three")];
    await withMailbox(async (mailbox) => {
      const { uidnext, uids } = await delivered(mailbox, subjects);
      expect(uids).toEqual(uids.toSorted((a, b) => a - b));
      expect(uids[0]).toBeGreaterThanOrEqual(uidnext);
      const two = await mailbox.fetchFrom("INBOX", uidnext, 2);
      expect(two.map((mail) => mail.uid)).toEqual(uids.slice(0, 2));
      const rest = await mailbox.fetchFrom("INBOX", two[1]!.uid + 1, 100);
      expect(rest.map((mail) => mail.uid)).toEqual(uids.slice(2));
      expect(two.every((mail) => !mail.truncated)).toBe(true);
      expect(textOf(two[0]!.bytes)).toEndWith(textOf(mailOf(subjects[0]!)));
      expect(two[0]!.size).toBe(two[0]!.bytes.length);
      expect(two[0]!.received_at).toBeGreaterThan(0);
    });
  });

  test("headers come without the body, from a cursor on, and without drafts", async () => {
    await withMailbox(async (mailbox) => {
      const subjects = [fresh("head"), fresh("tail")];
      const { uidnext, uids } = await delivered(mailbox, subjects);
      const one = await mailbox.fetchHeaders("INBOX", uidnext, 1);
      expect(one.mails.map((mail) => mail.uid)).toEqual(uids.slice(0, 1));
      expect(one.next_uid).toBe(uids[0]! + 1);
      const text = textOf(one.mails[0]!.bytes);
      expect(text).toContain(`Subject: ${subjects[0]}\r\n`);
      expect(text).toEndWith("\r\n\r\n");
      expect(one.mails[0]!.bytes.length).toBeLessThan(one.mails[0]!.size);
      const rest = await mailbox.fetchHeaders("INBOX", one.next_uid, 100);
      expect(rest.mails.map((mail) => mail.uid)).toEqual(uids.slice(1));
      const none = await mailbox.fetchHeaders("INBOX", rest.next_uid, 100);
      expect(none).toEqual({ mails: [], next_uid: rest.next_uid });
    });
  });

  test("a cursor above the last mail gives nothing, although IMAP's n:* would", async () => {
    await withMailbox(async (mailbox) => {
      await delivered(mailbox, [fresh("last")]);
      const { uidnext } = await mailbox.status("INBOX");
      expect(await mailbox.fetchFrom("INBOX", uidnext, 100)).toEqual([]);
      expect(await mailbox.fetchFrom("INBOX", uidnext + 1000, 100)).toEqual([]);
    });
  });

  test("UIDVALIDITY stays and UIDNEXT grows", async () => {
    await withMailbox(async (mailbox) => {
      const before = await mailbox.status("INBOX");
      await delivered(mailbox, [fresh("grows")]);
      const after = await mailbox.status("INBOX");
      expect(after.uidvalidity).toBe(before.uidvalidity);
      expect(after.uidnext).toBeGreaterThan(before.uidnext);
    });
  });

  test("the first mail since an instant is the mail of then or one before it, never a later one", async () => {
    await withMailbox(async (mailbox) => {
      const { uidnext, uids } = await delivered(mailbox, [fresh("since")]);
      const [mail] = await mailbox.fetchFrom("INBOX", uidnext, 1);
      const first = await mailbox.firstUidSince("INBOX", mail!.received_at);
      expect(first).not.toBeNull();
      expect(first!).toBeLessThanOrEqual(uids[0]!);
      const in_five_days = mail!.received_at + 5 * 24 * 3_600_000;
      expect(await mailbox.firstUidSince("INBOX", in_five_days)).toBeNull();
    });
  });

  test("a mail is found by the exact value of a header and by nothing less", async () => {
    const subject = fresh("found");
    await withMailbox(async (mailbox) => {
      const { uids } = await delivered(mailbox, [subject]);
      const id = `<${subject}@sender.test>`;
      expect(await mailbox.findByHeader("INBOX", "Message-ID", id)).toEqual(uids);
      expect(await mailbox.findByHeader("INBOX", "X-Test-Id", subject)).toEqual(uids);
      expect(await mailbox.findByHeader("INBOX", "X-Test-Id", subject.slice(0, -1))).toEqual([]);
      expect(await mailbox.findByHeader("INBOX", "Message-ID", "<nothing@here.test>")).toEqual([]);
    });
  });

  test("a copy that is filed in Sent is found there, byte for byte", async () => {
    const subject = fresh("copy");
    const bytes = mailOf(subject);
    await withMailbox(async (mailbox) => {
      const folders = await mailbox.folders();
      const sent = folders.find((folder) => folder.role === "sent")!.path;
      const { uidnext } = await mailbox.status(sent);
      await mailbox.append(sent, bytes, ["\\Seen"]);
      const found = await mailbox.findByHeader(sent, "X-Test-Id", subject);
      expect(found).toHaveLength(1);
      const [copy] = await mailbox.fetchFrom(sent, uidnext, 100);
      expect(copy).toMatchObject({ uid: found[0]!, truncated: false });
      expect(textOf(copy!.bytes)).toBe(textOf(bytes));
    });
  });
}

function waitingConforms(world: () => ConformanceWorld): void {
  const opened = () => world().port.openMailbox(world().account, never());

  test("waiting ends with the news of a mail that comes in the meantime", async () => {
    const mailbox = await opened();
    const { uidnext } = await mailbox.status("INBOX");
    const waiting = mailbox.wait(PATIENCE_MS, never());
    await world().deliver(mailOf(fresh("news")));
    expect(await waiting).toBe("news");
    expect((await mailbox.fetchFrom("INBOX", uidnext, 10)).length).toBeGreaterThan(0);
    await mailbox.close();
  }, 20_000);

  test("waiting ends at once for a mail that came between reading and waiting", async () => {
    const mailbox = await opened();
    const other = await opened();
    const { uidnext } = await mailbox.status("INBOX");
    await world().deliver(mailOf(fresh("gap")));
    await eventually(async () => (await other.status("INBOX")).uidnext > uidnext || null);
    expect(await mailbox.wait(PATIENCE_MS, never())).toBe("news");
    await mailbox.close();
    await other.close();
  }, 20_000);

  test("waiting ends quietly when its time is over, or by its signal", async () => {
    const mailbox = await opened();
    await mailbox.status("INBOX");
    expect(await mailbox.wait(20, never())).toBe("quiet");
    const stop = new AbortController();
    const waiting = mailbox.wait(PATIENCE_MS, stop.signal);
    stop.abort();
    expect(await waiting).toBe("quiet");
    await mailbox.close();
  });
}
