// Mail servers in memory that keep the mail port's contract: what the world took over, its mailboxes, and the vices of
// its servers. Time in it is a clock that the test moves.
import type { Clock } from "../../src/core/clock.ts";
import {
  type FetchedMail,
  type Folder,
  type LoginFault,
  type MailAccount,
  MailboxError,
  type MailboxSession,
  type MailPort,
  type SendOrder,
  type SendOutcome,
} from "../../src/core/mail-port.ts";
import { headerOf } from "../../src/mail/sandbox-answers.ts";
import { serverThatAccepts, type Vice } from "./mail-vices.ts";

export interface WorldClock extends Clock {
  moveTo(instant: number): void;
  moveBy(ms: number): void;
}

/** A clock as a machine has it: `moveTo` lets time pass, `set` is somebody who sets the time of day. */
export function openMachineClock(start: number) {
  let now = start;
  let mono = 1000;
  return {
    now: () => now,
    mono: () => mono,
    moveTo(instant: number) {
      mono += Math.max(0, instant - now);
      now = instant;
    },
    moveBy(ms: number) {
      mono += ms;
      now += ms;
    },
    /** Sets the time of day by so much; no time passes. Or the machine sleeps: its monotonic clock stands still. */
    set: (ms: number) => void (now += ms),
  };
}

/** A clock that stands still until it is moved; a test may set it back. */
export function openWorldClock(start: number): WorldClock {
  let now = start;
  return {
    now: () => now,
    moveTo: (instant) => void (now = instant),
    moveBy: (ms) => void (now += ms),
  };
}

/** A mail that a server took over. */
export interface TakenMail {
  at: number;
  from: string;
  to: string;
  imail_id: string;
  message_id: string;
  bytes: Uint8Array;
}

const isDoubt = ({ after_dot }: Vice) =>
  after_dot !== undefined && (after_dot === "throws" || after_dot.outcome === "unclear");

interface StoredMail {
  uid: number;
  at: number;
  bytes: Uint8Array;
}

const shown = ({ uid, at, bytes }: StoredMail): FetchedMail => ({
  uid,
  received_at: at,
  size: bytes.length,
  bytes,
  truncated: false,
});

interface StoredFolder {
  uidvalidity: number;
  uidnext: number;
  mails: StoredMail[];
}

const FOLDERS: readonly Folder[] = [
  { path: "INBOX", role: "inbox" },
  { path: "Junk", role: "junk" },
  { path: "Sent", role: "sent" },
];

interface Coming {
  email: string;
  folder: string;
  at: number;
  bytes: Uint8Array;
}

export type MailWorld = ReturnType<typeof openMailWorld>;

/** A world whose servers accept everything and file a copy in Sent, until they are told otherwise. */
export function openMailWorld(
  clock: WorldClock,
  {
    files_sent = true,
    rewrites_ids = false,
  }: { files_sent?: boolean; rewrites_ids?: boolean } = {},
) {
  const searches: string[] = [];
  const mailboxes = new Map<string, Map<string, StoredFolder>>();
  const coming: Coming[] = [];
  const taken: TakenMail[] = [];
  const lost: TakenMail[] = [];
  const queue: Vice[] = [];
  const fetches: { path: string; uids: number[] }[] = [];
  const unfetchable = new Map<string, { uid: number; fault: LoginFault }>();
  let viceOf: (order: SendOrder) => Vice = serverThatAccepts;
  let reading_fault: LoginFault | null = null;
  let login_fault: LoginFault | null = null;
  let commands_left = Number.POSITIVE_INFINITY;

  const folderOf = (email: string, path: string): StoredFolder => {
    const folders = mailboxes.get(email) ?? new Map<string, StoredFolder>();
    mailboxes.set(email, folders);
    const folder = folders.get(path) ?? { uidvalidity: 1, uidnext: 1, mails: [] };
    folders.set(path, folder);
    return folder;
  };
  const put = (email: string, path: string, bytes: Uint8Array) => {
    const folder = folderOf(email, path);
    folder.mails.push({ uid: folder.uidnext++, at: clock.now(), bytes });
  };
  const arrive = () => {
    const due = coming
      .filter(({ at }) => at <= clock.now())
      .toSorted((one, other) => one.at - other.at);
    for (const mail of due) {
      coming.splice(coming.indexOf(mail), 1);
      put(mail.email, mail.folder, mail.bytes);
    }
  };

  const seen = ({ envelope, bytes }: SendOrder): TakenMail => ({
    at: clock.now(),
    from: envelope.from,
    to: envelope.to,
    imail_id: headerOf(bytes, "X-Imail-Id") ?? "",
    message_id: (headerOf(bytes, "Message-ID") ?? "").replace(/^<|>$/g, ""),
    bytes,
  });
  const take = (order: SendOrder) => {
    taken.push(seen(order));
    if (!files_sent) return;
    put(order.envelope.from, "Sent", rewrites_ids ? rewritten(order.bytes) : order.bytes);
  };
  const send = async (_account: MailAccount, order: SendOrder): Promise<SendOutcome> => {
    const vice = queue.shift() ?? viceOf(order);
    await vice.midway?.(order);
    if (vice.before_dot === "throws") throw new Error("the port broke before the dot");
    if (vice.before_dot) return vice.before_dot;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    order.onHeld({
      release() {
        if (vice.takes !== false) take(order);
        else if (isDoubt(vice)) lost.push(seen(order));
        resolve(true);
      },
      refuse: () => resolve(false),
    });
    if (!(await promise)) return { outcome: "refused" };
    await vice.before_answer?.();
    if (vice.after_dot === "throws") throw new Error("the port broke after the dot");
    return vice.after_dot ?? { outcome: "accepted", response: "250 2.0.0 taken" };
  };

  const openSession = ({ email }: MailAccount): MailboxSession => {
    if (reading_fault) throw new MailboxError(reading_fault, "the mailbox cannot be opened");
    let open = true;
    const look = (path: string): StoredFolder => {
      if (!open) throw new MailboxError("protocol", "the session is closed");
      if (commands_left-- <= 0) {
        open = false;
        throw new MailboxError("connect", "the connection was reset");
      }
      arrive();
      return folderOf(email, path);
    };
    return {
      folders: async () => [...FOLDERS],
      status: async (path) => {
        const { uidvalidity, uidnext } = look(path);
        return { uidvalidity, uidnext };
      },
      fetchFrom: async (path, from_uid, limit) => {
        const mails = look(path)
          .mails.filter(({ uid }) => uid >= from_uid)
          .slice(0, limit);
        fetches.push({ path, uids: mails.map(({ uid }) => uid) });
        const uids = mails.map(({ uid }) => uid);
        const vice = unfetchable.get(path);
        if (vice && uids.includes(vice.uid)) {
          open = false;
          throw new MailboxError(vice.fault, "the connection broke in FETCH", uids);
        }
        return mails.map(shown);
      },
      fetchHeaders: async (path, from_uid, limit) => {
        const found = look(path)
          .mails.filter(({ uid }) => uid >= from_uid)
          .slice(0, limit);
        return { mails: found.map(shown), next_uid: (found.at(-1)?.uid ?? from_uid - 1) + 1 };
      },
      firstUidSince: async (path, since) =>
        look(path).mails.find(({ at }) => at >= since)?.uid ?? null,
      findByHeader: async (path, header, value) => {
        searches.push(`${header}: ${value}`);
        return look(path)
          .mails.filter(({ bytes }) => headerOf(bytes, header) === value)
          .map(({ uid }) => uid);
      },
      append: async (path, bytes) => {
        look(path);
        put(email, path, bytes);
      },
      wait: async (ms) => {
        clock.moveBy(ms);
        return "quiet";
      },
      close: async () => {
        open = false;
      },
    };
  };

  const port: MailPort = {
    send,
    check: async () =>
      login_fault
        ? { outcome: "failed", server: "smtp", fault: login_fault, response: "refused" }
        : { outcome: "ok" },
    openMailbox: async (account) => openSession(account),
  };

  return {
    port,
    /** What the servers took over, oldest first. */
    taken,
    /** What they let vanish without an answer: nobody can tell these from those. */
    lost,
    takenBy: (to: string) => taken.filter((mail) => mail.to === to),
    /** How the servers treat the next mails, one vice each. */
    next: (...vices: Vice[]) => void queue.push(...vices),
    /** How they treat every mail after those. */
    always: (vice: (order: SendOrder) => Vice) => void (viceOf = vice),
    /** The IMAP servers cannot be used, or again they can (null). */
    failReading: (fault: LoginFault | null) => void (reading_fault = fault),
    /** Every session breaks that fetches this mail. */
    breakOn: (path: string, vice: { uid: number; fault: LoginFault }) =>
      void unfetchable.set(path, vice),
    /** What was fetched, batch by batch. */
    fetches,
    /** Sessions break after so many commands; null: no more. */
    breakReadingAfter: (commands: number | null) =>
      void (commands_left = commands ?? Number.POSITIVE_INFINITY),
    /** What is due to come into a mailbox stands in it. */
    arrive,
    /** What `check` finds. */
    failLogin: (fault: LoginFault | null) => void (login_fault = fault),
    /** A mail comes into a mailbox, now or at an instant that lies ahead. */
    deliver: (email: string, bytes: Uint8Array, { folder = "INBOX", at = clock.now() } = {}) =>
      void coming.push({ email, folder, at, bytes }),
    nextArrivalAt: () =>
      coming.length === 0 ? null : Math.min(...coming.map(({ at }) => Math.max(at, clock.now()))),
    /** The server lost its numbers: all mails are there, under new UIDs (RFC 9051 2.3.1.1). */
    resetUids(email: string, path: string) {
      const folder = folderOf(email, path);
      folder.uidvalidity++;
      folder.mails = folder.mails.map((mail, i) => ({ ...mail, uid: i + 1 }));
      folder.uidnext = folder.mails.length + 1;
    },
    folderOf,
    /** What was looked for in Sent, as `header: value`. */
    searches,
    /** The Message-ID under which a mail really went out. */
    wireIdOf: ({ message_id }: TakenMail) => (rewrites_ids ? wireIdOf(message_id) : message_id),
  };
}

/** What outlook.com's submission makes of a Message-ID. */
const wireIdOf = (message_id: string) =>
  `VI1PR0${Bun.hash.crc32(message_id).toString(16)}@VI1PR0.eurprd08.prod.outlook.com`;

function rewritten(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString("latin1");
  const own = headerOf(bytes, "Message-ID") ?? "";
  const wire = wireIdOf(own.replace(/^<|>$/g, ""));
  const other = text.replace(
    /^Message-ID: .*\r\n/m,
    `Message-ID: <${wire}>\r\nX-Microsoft-Original-Message-ID: ${own}\r\n`,
  );
  return Buffer.from(other, "latin1");
}
