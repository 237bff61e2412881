// A batch of mails becomes effects: parsed one after the other, then all of them and the cursor in one transaction. One that
// fails is tried alone; after three attempts it goes into quarantine and reading goes on without it.
import type { ParsedMail } from "../../core/inbound.ts";
import { type FetchedMail, MailboxError } from "../../core/mail-port.ts";
import type { Tx } from "../../ledger/database.ts";
import { readMail, UnreadableMail } from "../../mail/parse-pool.ts";
import { type FolderRow, setCursor } from "../../resources/inboxes/folders.store.ts";
import {
  addAttempt,
  clearSuspects,
  lastSuspect,
  quarantineMail,
  suspectMail,
  type Trouble,
} from "../../resources/inboxes/unread.store.ts";
import type { FolderJudge, Reading } from "./fetch.ts";

const ATTEMPTS_MOST = 3;
/** A line that breaks is mostly no doing of the mail that was on its way. */
const BROKEN_LINES_MOST = 6;

export type Place = Pick<FolderRow, "path" | "role" | "uidvalidity">;

interface Batch {
  mails: FetchedMail[];
  judge: FolderJudge;
}

interface Parsed {
  fetched: Pick<FetchedMail, "uid" | "received_at" | "size">;
  mail: ParsedMail;
}

/** Lets the mails have their effects; the next UID to fetch, which is one of them again where it failed. */
export async function takeBatch(
  reading: Reading,
  place: Place,
  { mails, judge }: Batch,
): Promise<number> {
  const parsed: Parsed[] = [];
  for (const { uid, received_at, size, bytes } of mails) {
    const fetched = { uid, received_at, size };
    try {
      // oxlint-disable-next-line no-await-in-loop -- one at a time is what the thread reads
      parsed.push({ fetched, mail: await readMail(bytes) });
    } catch (error) {
      if (!(error instanceof UnreadableMail)) throw error;
      takeAll(reading, place, { parsed, judge });
      return takeHeader(reading, place, { fetched, error, judge });
    }
  }
  return takeAll(reading, place, { parsed, judge });
}

/** All in one transaction; where that fails, one by one up to the one that fails. */
function takeAll(
  reading: Reading,
  place: Place,
  { parsed, judge }: { parsed: readonly Parsed[]; judge: FolderJudge },
): number {
  const { ledger, inbox } = reading;
  const last = parsed.at(-1);
  if (!last) return 0;
  const next_uid = last.fetched.uid + 1;
  try {
    ledger.write((tx) => {
      for (const one of parsed) judge(ledger, tx, { inbox, place, ...one });
      setCursor(tx, inbox.id, { ...place, next_uid });
      const here = { inbox_id: inbox.id, ...place };
      if (lastSuspect(tx, here) !== null) clearSuspects(tx, here, next_uid);
    });
    return next_uid;
  } catch (error) {
    if (isTheDatabase(error)) throw error;
    if (parsed.length === 1) return noteAttempt(reading, place, last.fetched.uid, troubleOf(error));
  }
  for (const one of parsed) {
    const next = takeAll(reading, place, { parsed: [one], judge });
    if (next <= one.fetched.uid) return next;
  }
  return next_uid;
}

/** A mail that cannot be parsed: tried again, then judged by what its header tells. */
function takeHeader(
  reading: Reading,
  place: Place,
  {
    fetched,
    error,
    judge,
  }: Pick<Parsed, "fetched"> & { error: UnreadableMail; judge: FolderJudge },
): number {
  const trouble = { reason: error.message, sha256: error.sha256 };
  const { ledger, inbox } = reading;
  const end = (tx: Tx) => judge(ledger, tx, { inbox, place, fetched, mail: error.header });
  try {
    return noteAttempt(reading, place, fetched.uid, { ...trouble, end });
  } catch (fault) {
    if (isTheDatabase(fault)) throw fault;
    // Not even that: it is put away without an effect.
    return noteAttempt(reading, place, fetched.uid, trouble);
  }
}

/** A fetch that broke the session: which mail it was is found out by fetching one at a time. Throws the error. */
export function noteFailedFetch(reading: Reading, place: Place, error: unknown): never {
  const { ledger, inbox } = reading;
  if (error instanceof MailboxError) {
    const [first] = error.uids;
    const last = error.uids.at(-1);
    if (first !== undefined && first === last) {
      const most = error.fault === "connect" ? BROKEN_LINES_MOST : ATTEMPTS_MOST;
      noteAttempt(reading, place, first, { ...troubleOf(error), most });
    } else if (last !== undefined) {
      const suspect = { inbox_id: inbox.id, ...place, uid: last };
      ledger.write((tx) => suspectMail(tx, suspect, error.message));
    }
  }
  throw error;
}

interface Attempt extends Trouble {
  /** So many attempts, and it is over. */
  most?: number;
  /** What is left to do when it is over. */
  end?: (tx: Tx) => unknown;
}

/** One failed attempt more: the same UID again, or the next one when the mail is in quarantine now. */
function noteAttempt(
  { ledger, inbox, log }: Reading,
  place: Place,
  uid: number,
  { most = ATTEMPTS_MOST, end, ...trouble }: Attempt,
): number {
  const { path, uidvalidity, role } = place;
  const here = { inbox_id: inbox.id, path, uidvalidity, uid };
  const is_over = ledger.write((tx) => {
    if (addAttempt(tx, here, trouble) < most) return false;
    quarantineMail(tx, here);
    end?.(tx);
    setCursor(tx, inbox.id, { path, role, uidvalidity, next_uid: uid + 1 });
    return true;
  });
  const facts = { ...here, reason: trouble.reason };
  if (is_over) log?.error(facts, "a mail could not be read and was put into quarantine");
  else log?.warn(facts, "a mail could not be read: it is tried again");
  return is_over ? uid + 1 : uid;
}

const troubleOf = (error: unknown): Trouble => ({
  reason: error instanceof Error ? error.message : String(error),
  sha256: null,
});

/** A full or locked database is no mail's doing; a row that it refuses is. */
function isTheDatabase(error: unknown): boolean {
  const code = typeof error === "object" && error !== null ? Reflect.get(error, "code") : null;
  return (
    typeof code === "string" && code.startsWith("SQLITE_") && !code.startsWith("SQLITE_CONSTRAINT")
  );
}
