// Reading over IMAP: a MailboxSession on imapflow. Reading changes nothing: folders are opened with EXAMINE
// and bodies are asked for with PEEK; the cursor is the caller's, and no mail at or above it is left out.

import type { FetchMessageObject } from "imapflow";

import {
  type FetchedHeaders,
  type FetchedMail,
  type Folder,
  type FolderStatus,
  type MailAccount,
  MailboxError,
  type MailboxSession,
} from "../core/mail-port.ts";
import { rolesOf } from "./imap-folders.ts";
import { IMAP_WAITS, ImapSession, type ImapWaits } from "./imap-session.ts";

export interface ImapOptions {
  /** Deadlines in ms; what is left out keeps its default. */
  waits?: Partial<ImapWaits>;
  /** Mails above this size come as their header only (I1). */
  whole_mail_max_bytes?: number;
}

const WHOLE_MAIL_MAX_BYTES = 10 * 1024 * 1024;
const HEADER_MAX_BYTES = 256 * 1024;
/** One FETCH brings at most this much or one mail, so that its deadline means something. */
const BATCH_BYTES = 8 * 1024 * 1024;
/** Servers drop an IDLE after 30 minutes (RFC 9051 6.3.13), and some die silently long before. */
const LONGEST_WAIT_MS = 25 * 60_000;
/** So often one wait begins its IDLE again. */
const IDLES_MOST = 10;
/** So many UIDs of one search are kept for the next batches. */
const FOUND_MOST = 5000;
const DAY_MS = 24 * 60 * 60_000;
const MAX_UINT32 = 0xffff_ffff;

/** Opens one session of an account's IMAP server, or throws a MailboxError. */
export async function openMailbox(
  account: MailAccount,
  signal: AbortSignal,
  options: ImapOptions = {},
): Promise<MailboxSession> {
  const waits = { ...IMAP_WAITS, ...options.waits };
  const cap = options.whole_mail_max_bytes ?? WHOLE_MAIL_MAX_BYTES;
  const limits = { waits, max_literal_bytes: cap + HEADER_MAX_BYTES };
  const session = await ImapSession.open(account.imap, limits, signal);
  return new Mailbox(session, waits, cap);
}

class Mailbox implements MailboxSession {
  readonly #session: ImapSession;
  readonly #waits: ImapWaits;
  readonly #cap: number;
  /** UIDNEXT of the INBOX as the caller last came to know it; a higher one is news (deltachat's IDLE gap). */
  #knownNext: number | null = null;
  /** The server has told of mail in the INBOX that the caller has not asked for yet. */
  #hasNews = false;
  /** UIDVALIDITY as `status` has told it: the caller's cursor is good for that one only. */
  readonly #validities = new Map<string, number>();
  #folders: Folder[] | null = null;
  /** What a search has found and nobody has fetched yet. */
  #found: { folder: string; from_uid: number; uids: number[] } | null = null;
  #stopWaiting: (() => void) | null = null;

  constructor(session: ImapSession, waits: ImapWaits, cap: number) {
    this.#session = session;
    this.#waits = waits;
    this.#cap = cap;
    session.client.on("exists", ({ path, count, prevCount }) => {
      if (isInbox(path) && count > prevCount) this.#hasNews = true;
    });
  }

  async folders(): Promise<Folder[]> {
    this.#stopWaiting?.();
    // Once per connection, and no connection lives longer than half an hour.
    const list = () => this.#session.client.list();
    this.#folders ??= rolesOf(await this.#session.ask("LIST", list));
    return this.#folders;
  }

  async status(folder: string): Promise<FolderStatus> {
    this.#found = null;
    if (isInbox(folder)) this.#hasNews = false;
    // The INBOX stays open: only of an open folder the server tells by itself what is new.
    const status = isInbox(folder) ? await this.#examine(folder) : await this.#askStatus(folder);
    this.#validities.set(folder, status.uidvalidity);
    if (isInbox(folder)) this.#knownNext = status.uidnext;
    return status;
  }

  async fetchFrom(folder: string, from_uid: number, limit: number): Promise<FetchedMail[]> {
    await this.#enter(folder);
    const kept = this.#found;
    const isKept = kept !== null && kept.folder === folder && kept.from_uid <= from_uid;
    const left = isKept ? kept.uids.filter((uid) => uid >= from_uid) : [];
    let uids = left.length > 0 ? left : await this.#search(folder, from_uid);
    let mails: FetchedMail[] = [];
    while (uids.length > 0 && mails.length === 0) {
      // oxlint-disable-next-line no-await-in-loop -- the next ones only where all of these were expunged meanwhile
      mails = await this.#fetch(uids.slice(0, limit));
      const last = mails.at(-1)?.uid ?? uids[limit - 1] ?? Infinity;
      uids = uids.filter((uid) => uid > last);
    }
    const next_uid = (mails.at(-1)?.uid ?? from_uid - 1) + 1;
    this.#found = { folder, from_uid: next_uid, uids };
    if (isInbox(folder)) this.#remember(uids[0] ?? null, next_uid);
    return mails;
  }

  async #search(folder: string, from_uid: number): Promise<number[]> {
    const { client } = this.#session;
    if (isInbox(folder)) this.#hasNews = false;
    const found = await this.#session.ask("UID SEARCH", () =>
      client.search({ uid: `${from_uid}:*` }, { uid: true }),
    );
    // `n:*` always holds the last mail, however old it is (RFC 9051 9 seq-range, I12).
    return found
      .filter((uid) => uid >= from_uid)
      .toSorted((a, b) => a - b)
      .slice(0, FOUND_MOST);
  }

  async fetchHeaders(folder: string, from_uid: number, limit: number): Promise<FetchedHeaders> {
    await this.#enter(folder);
    const uids = (await this.#search(folder, from_uid)).slice(0, limit);
    if (uids.length === 0) return { mails: [], next_uid: from_uid };
    const { client } = this.#session;
    const header = { key: "HEADER", start: 0, maxLength: HEADER_MAX_BYTES };
    const ask = { uid: true, size: true, internalDate: true, flags: true, bodyParts: [header] };
    const ms = this.#waits.transfer;
    const got = await this.#session.ask(
      "UID FETCH",
      () => client.fetchAll(uids.join(","), ask, { uid: true }),
      { ms },
    );
    const mails = got
      .filter((mail) => uids.includes(mail.uid) && mail.flags?.has("\\Draft") !== true)
      .toSorted((a, b) => a.uid - b.uid)
      .map((mail) => fetchedMail(mail, mail, 0));
    return { mails, next_uid: (uids.at(-1) ?? from_uid) + 1 };
  }

  async firstUidSince(folder: string, since: number): Promise<number | null> {
    await this.#enter(folder);
    const { client } = this.#session;
    // SINCE knows days only, and those of the server's time zone (RFC 9051 6.4.4): a day more misses nothing.
    const day = new Date(Math.max(0, since - DAY_MS));
    // With WITHIN (RFC 5032) imapflow counts from this machine's clock, and a date to come is a BAD `YOUNGER 0`.
    client.capabilities.delete("WITHIN");
    const found = await this.#session.ask("UID SEARCH", () =>
      client.search({ since: day }, { uid: true }),
    );
    return found.length === 0 ? null : found.reduce((least, uid) => Math.min(least, uid));
  }

  async findByHeader(folder: string, header: string, value: string): Promise<number[]> {
    if (!/^[A-Za-z0-9-]+$/.test(header)) throw new TypeError("header is not a header's name");
    if (!/^[\x20-\x7e]+$/.test(value)) throw new TypeError("value is not printable ASCII");
    await this.#enter(folder);
    const { client } = this.#session;
    const found = await this.#session.ask("UID SEARCH", () =>
      client.search({ header: { [header]: value } }, { uid: true }),
    );
    if (found.length === 0) return [];
    // HEADER finds parts of values too (RFC 9051 6.4.4): only the same value is evidence.
    const mails = await this.#session.ask("UID FETCH", () =>
      client.fetchAll(found.join(","), { uid: true, headers: [header] }, { uid: true }),
    );
    return mails
      .filter((mail) => valuesIn(mail.headers).includes(value.trim()))
      .map((mail) => mail.uid)
      .toSorted((a, b) => a - b);
  }

  async append(folder: string, bytes: Uint8Array, flags: string[]): Promise<void> {
    this.#stopWaiting?.();
    const { client } = this.#session;
    // imapflow drops the flags that the *selected* folder cannot keep, and an examined one keeps none.
    await this.#session.ask("SELECT", () => client.mailboxOpen(folder));
    const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const ms = this.#waits.transfer;
    await this.#session.ask("APPEND", () => client.append(folder, content, flags), { ms });
  }

  async wait(ms: number, signal: AbortSignal): Promise<"news" | "quiet"> {
    const { mailbox } = this.#session.client;
    if (!mailbox || !isInbox(mailbox.path) || this.#knownNext === null) {
      const { uidnext } = await this.#examine("INBOX");
      this.#knownNext ??= uidnext;
      if (uidnext > this.#knownNext) return "news";
    }
    if (this.#hasNews) return "news";
    if (signal.aborted) return "quiet";
    const news = await this.#idle(Math.min(ms, LONGEST_WAIT_MS), signal);
    // Ends the IDLE and shows whether the server is still there.
    await this.#session.sync();
    return this.#hasNews ? "news" : news;
  }

  async close(): Promise<void> {
    this.#stopWaiting?.();
    await this.#session.logout();
  }

  /** Opens a folder that is not open, or lets the server tell what is new in it. */
  async #enter(folder: string): Promise<void> {
    this.#stopWaiting?.();
    const { mailbox } = this.#session.client;
    if (mailbox && mailbox.path === folder) {
      // In the midst of a batch: what is new by now has its turn after it.
      if (this.#found?.folder !== folder || this.#found.uids.length === 0)
        await this.#session.sync();
      return;
    }
    const { uidvalidity } = await this.#examine(folder);
    const told = this.#validities.get(folder);
    // Cursors of the folder that was there before must not move through this one.
    if (told !== undefined && told !== uidvalidity)
      throw this.#session.fail(
        new Error("UIDVALIDITY changed while the folder was read"),
        "connect",
      );
  }

  async #examine(folder: string): Promise<FolderStatus> {
    this.#stopWaiting?.();
    const { client } = this.#session;
    const opened = await this.#session.ask("EXAMINE", () =>
      client.mailboxOpen(folder, { readOnly: true }),
    );
    // UIDNEXT may be missing here (RFC 3501 6.3.1); STATUS has to name both.
    return folderStatus(opened.uidValidity, opened.uidNext) ?? (await this.#askStatus(folder));
  }

  async #askStatus(folder: string): Promise<FolderStatus> {
    this.#stopWaiting?.();
    const { client } = this.#session;
    const asked = await this.#session.ask("STATUS", () =>
      client.status(folder, { uidNext: true, uidValidity: true }),
    );
    const told = folderStatus(asked.uidValidity, asked.uidNext);
    if (told === null) throw this.#session.fail(new Error("no valid UIDVALIDITY"), "protocol");
    return told;
  }

  /**
   * Sizes first: what is small enough comes whole, of the others only the header. Ends where the next batch would make
   * it more than the caller should have to hold in memory.
   */
  async #fetch(uids: number[]): Promise<FetchedMail[]> {
    if (uids.length === 0) return [];
    const { client } = this.#session;
    const ask = { uid: true, size: true, internalDate: true };
    const sized = await this.#session.ask("UID FETCH", () =>
      client.fetchAll(uids.join(","), ask, { uid: true }),
    );
    const wanted = sized
      .filter((mail) => uids.includes(mail.uid))
      .toSorted((a, b) => a.uid - b.uid);
    const mails: FetchedMail[] = [];
    let bytes = 0;
    for (const batch of batches(wanted, this.#cap)) {
      const cost = batch.reduce((sum, mail) => sum + costOf(mail, this.#cap), 0);
      if (mails.length > 0 && bytes + cost > BATCH_BYTES) break;
      // oxlint-disable-next-line no-await-in-loop -- one batch at a time bounds what is in memory on the way
      mails.push(...(await this.#fetchBatch(batch)));
      bytes += cost;
    }
    return mails;
  }

  async #fetchBatch(batch: FetchMessageObject[]): Promise<FetchedMail[]> {
    const { client } = this.#session;
    const isWhole = sizeOf(batch[0]) <= this.#cap;
    // Ranges, because a server may tell a small size and send something else: the cap holds in any case.
    const ask = isWhole
      ? { uid: true, source: { start: 0, maxLength: this.#cap + 1 } }
      : { uid: true, bodyParts: [{ key: "HEADER", start: 0, maxLength: HEADER_MAX_BYTES }] };
    const uids = batch.map((mail) => mail.uid);
    const fetching = () => client.fetchAll(uids.join(","), ask, { uid: true });
    const got = await this.#session
      .ask("UID FETCH", fetching, { ms: this.#waits.transfer })
      .catch((error: unknown) => {
        if (!(error instanceof MailboxError)) throw error;
        throw new MailboxError(error.fault, error.message, uids);
      });
    const byUid = new Map(got.map((mail) => [mail.uid, mail]));
    return batch.flatMap((sized) => {
      const mail = byUid.get(sized.uid);
      // Expunged between the two commands.
      if (mail === undefined) return [];
      return [fetchedMail(sized, mail, isWhole ? this.#cap : 0)];
    });
  }

  #remember(left: number | null, next_uid: number): void {
    const { mailbox } = this.#session.client;
    this.#knownNext = left ?? Math.max(next_uid, (mailbox && mailbox.uidNext) || 0);
  }

  async #idle(ms: number, signal: AbortSignal): Promise<"news" | "quiet"> {
    const { client } = this.#session;
    const { promise, resolve } = Promise.withResolvers<"news" | "quiet">();
    const quiet = () => resolve("quiet");
    const onExists = (event: { count: number; prevCount: number }) => {
      if (event.count > event.prevCount) resolve("news");
    };
    let isWaiting = true;
    const timer = setTimeout(quiet, ms);
    client.on("exists", onExists);
    client.once("close", quiet);
    signal.addEventListener("abort", quiet);
    this.#stopWaiting = quiet;
    try {
      // At once: imapflow's own IDLE starts 15 s later, and until then no mail is told (I7). It ends when
      // the next command does; a server that refuses it is asked again when the time is over.
      const listen = async (left: number): Promise<void> => {
        const isRefused = (await client.idle()) === false;
        // imapflow has probed a silent line with a NOOP, and the server tells nothing any more.
        if (!isRefused && isWaiting && client.usable && left > 0) await listen(left - 1);
      };
      listen(IDLES_MOST).catch(quiet);
      return await promise;
    } finally {
      isWaiting = false;
      this.#stopWaiting = null;
      clearTimeout(timer);
      client.off("exists", onExists);
      client.off("close", quiet);
      signal.removeEventListener("abort", quiet);
    }
  }
}

function isInbox(folder: string): boolean {
  return folder.toUpperCase() === "INBOX";
}

/** imapflow has UIDVALIDITY as a BigInt. Both numbers are 32 bit and not 0 (RFC 9051 2.3.1.1), or they are nothing. */
function folderStatus(uidvalidity: unknown, uidnext: unknown): FolderStatus | null {
  const validity = Number(uidvalidity ?? 0);
  const next = Number(uidnext ?? 0);
  return isUint(validity) && isUint(next) ? { uidvalidity: validity, uidnext: next } : null;
}

function isUint(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= MAX_UINT32;
}

function sizeOf(mail: FetchMessageObject | undefined): number {
  return mail?.size ?? 0;
}

/** What a mail takes on its way, in bytes. */
function costOf(mail: FetchMessageObject, cap: number): number {
  return sizeOf(mail) <= cap ? sizeOf(mail) : HEADER_MAX_BYTES;
}

/** Neighbours of at most BATCH_BYTES together, and never a whole mail beside one of which only the header comes. */
function batches(mails: FetchMessageObject[], cap: number): FetchMessageObject[][] {
  const all: FetchMessageObject[][] = [];
  let bytes = 0;
  for (const mail of mails) {
    const current = all.at(-1);
    const isAlike = current !== undefined && sizeOf(current[0]) <= cap === sizeOf(mail) <= cap;
    const cost = costOf(mail, cap);
    if (current !== undefined && isAlike && bytes + cost <= BATCH_BYTES) {
      current.push(mail);
      bytes += cost;
    } else {
      all.push([mail]);
      bytes = cost;
    }
  }
  return all;
}

/** `cap` 0 stands for: the header was asked for. */
function fetchedMail(
  sized: FetchMessageObject,
  mail: FetchMessageObject,
  cap: number,
): FetchedMail {
  const bytes = (cap === 0 ? mail.headers : mail.source) ?? Buffer.alloc(0);
  const isCut = cap === 0 || bytes.length > cap || (bytes.length === 0 && sizeOf(sized) > 0);
  return {
    uid: sized.uid,
    received_at: new Date(sized.internalDate ?? 0).getTime() || 0,
    size: Math.max(sizeOf(sized), bytes.length),
    bytes: isCut ? headerOf(bytes) : bytes,
    truncated: isCut,
  };
}

function headerOf(bytes: Buffer): Buffer {
  const end = bytes.indexOf("\r\n\r\n");
  return bytes.subarray(0, Math.min(end === -1 ? bytes.length : end + 4, HEADER_MAX_BYTES));
}

/** The unfolded values in a HEADER.FIELDS answer (RFC 5322 2.2.3). */
function valuesIn(headers: Buffer | undefined): string[] {
  const unfolded = (headers ?? Buffer.alloc(0)).toString("latin1").replace(/\r?\n(?=[ \t])/g, "");
  return unfolded.split(/\r?\n/).map((line) => line.slice(line.indexOf(":") + 1).trim());
}
