// The mail port of test mode: no socket, a mailbox inside the program, and the recipient's address decides what
// happens (api.md "Test mode"). It keeps the same contract as the real port; one conformance suite holds both.
import type {
  Folder,
  MailAccount,
  MailboxSession,
  MailPort,
  SendOrder,
  SendOutcome,
} from "../core/mail-port.ts";
import { MailboxError } from "../core/mail-port.ts";
import { assertOrder } from "./order.ts";
import { headerOf, magicAnswer } from "./sandbox-answers.ts";

export interface SandboxItem {
  uid: number;
  arrives_at: number;
  bytes: Uint8Array;
}

/** Where the sandbox keeps its mails. All of it is synchronous: it lives in the ledger. */
export interface SandboxBox {
  now(): number;
  put(mail: {
    inbox_id: number;
    folder: "outbox" | "Sent";
    sender: string;
    recipient: string;
    bytes: Uint8Array;
  }): void;
  /** A mail that will arrive in the INBOX. */
  expect(mail: {
    inbox_id: number;
    sender: string;
    recipient: string;
    bytes: Uint8Array;
    arrives_at: number;
  }): void;
  arrive(inbox_id: number): void;
  list(place: {
    inbox_id: number;
    folder: "INBOX" | "Junk" | "Sent";
    from_uid: number;
    limit: number;
  }): SandboxItem[];
  lastUid(inbox_id: number, folder: "INBOX" | "Junk" | "Sent"): number;
  /** Calls back at every mail that comes in; the answer ends it. */
  watch(onMail: () => void): () => void;
}

const BOX_FOLDERS = ["INBOX", "Junk", "Sent"] as const;
type BoxFolder = (typeof BOX_FOLDERS)[number];

const FOLDERS: readonly Folder[] = [
  { path: "INBOX", role: "inbox" },
  { path: "Junk", role: "junk" },
  { path: "Sent", role: "sent" },
];

/** The port of one test ledger. */
export function openSandboxPort(box: SandboxBox): MailPort {
  return {
    send: (account, order) => send(box, account, order),
    check: async () => ({ outcome: "ok" }),
    openMailbox: async (account) => openSession(box, account),
  };
}

async function send(box: SandboxBox, account: MailAccount, order: SendOrder): Promise<SendOutcome> {
  assertOrder(order);
  if (order.signal.aborted) {
    return { outcome: "unreached", fault: "timeout", response: "stopped before it began" };
  }
  const { promise, resolve, reject } = Promise.withResolvers<SendOutcome>();
  const mail = {
    inbox_id: account.inbox_id,
    sender: order.envelope.from,
    recipient: order.envelope.to,
    bytes: order.bytes,
  };
  const accept = () => {
    box.put({ ...mail, folder: "outbox" });
    if (isLost(mail.recipient)) {
      resolve({ outcome: "unclear", response: "no answer came after the final dot" });
      return;
    }
    const answer = mail.recipient.endsWith(".test") ? magicAnswer(mail, box.now()) : null;
    if (answer) box.expect({ ...answer, inbox_id: mail.inbox_id });
    resolve({ outcome: "accepted", response: "250 2.0.0 kept in the sandbox" });
  };
  order.onHeld({
    // The commit point is inside a synchronous tick; what the "server" does comes after it.
    release: () => void Promise.resolve().then(accept).catch(reject),
    refuse: () => resolve({ outcome: "refused" }),
  });
  return promise;
}

/** `uncertain@`: the mail arrives, and the answer that would say so is lost (RFC 1047). */
const isLost = (recipient: string) => /^uncertain(\+[^@]*)?@.*\.test$/.test(recipient);

function openSession(box: SandboxBox, { inbox_id }: MailAccount): MailboxSession {
  let open = true;
  let seen_uid = 0;
  const look = (folder: BoxFolder) => {
    box.arrive(inbox_id);
    const uid = box.lastUid(inbox_id, folder);
    if (folder === "INBOX") seen_uid = uid;
    return uid;
  };
  const hasNews = () => box.lastUid(inbox_id, "INBOX") > seen_uid;
  const folderOf = (path: string): BoxFolder => {
    const folder = BOX_FOLDERS.find((one) => one === path);
    if (!open || !folder)
      throw new MailboxError("protocol", open ? `no folder ${path}` : "the session is closed");
    return folder;
  };
  return {
    folders: async () => [...FOLDERS],
    status: async (path) => {
      return { uidvalidity: 1, uidnext: look(folderOf(path)) + 1 };
    },
    fetchFrom: async (path, from_uid, limit) => {
      const folder = folderOf(path);
      look(folder);
      return box.list({ inbox_id, folder, from_uid, limit }).map(({ uid, arrives_at, bytes }) => ({
        uid,
        received_at: arrives_at,
        size: bytes.length,
        bytes,
        truncated: false,
      }));
    },
    fetchHeaders: async (path, from_uid, limit) => {
      const folder = folderOf(path);
      look(folder);
      const found = box.list({ inbox_id, folder, from_uid, limit });
      const mails = found.map(({ uid, arrives_at, bytes }) => ({
        uid,
        received_at: arrives_at,
        size: bytes.length,
        bytes: headerBlock(bytes),
        truncated: true,
      }));
      return { mails, next_uid: (found.at(-1)?.uid ?? from_uid - 1) + 1 };
    },
    firstUidSince: async (path, since) =>
      box
        .list({ inbox_id, folder: folderOf(path), from_uid: 1, limit: 100_000 })
        .find(({ arrives_at }) => arrives_at >= since)?.uid ?? null,
    findByHeader: async (path, header, value) =>
      box
        .list({ inbox_id, folder: folderOf(path), from_uid: 1, limit: 100_000 })
        .filter(({ bytes }) => headerOf(bytes, header) === value)
        .map(({ uid }) => uid),
    append: async (path, bytes) => {
      folderOf(path);
      box.put({ inbox_id, folder: "Sent", sender: "", recipient: "", bytes });
    },
    wait: (ms, signal) => waitForNews({ box, hasNews, ms, signal }),
    close: async () => {
      open = false;
    },
  };
}

interface Wait {
  box: SandboxBox;
  hasNews: () => boolean;
  ms: number;
  signal: AbortSignal;
}

function waitForNews({ box, hasNews, ms, signal }: Wait): Promise<"news" | "quiet"> {
  const { promise, resolve } = Promise.withResolvers<"news" | "quiet">();
  if (hasNews()) resolve("news");
  if (signal.aborted) resolve("quiet");
  const end = () => resolve("quiet");
  const unwatch = box.watch(() => hasNews() && resolve("news"));
  const timer = setTimeout(end, ms);
  signal.addEventListener("abort", end, { once: true });
  return promise.finally(() => {
    unwatch();
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  });
}

function headerBlock(bytes: Uint8Array): Uint8Array {
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf("\r\n\r\n");
  return end === -1 ? bytes : bytes.subarray(0, end + 4);
}
