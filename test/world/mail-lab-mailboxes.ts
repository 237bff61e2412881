// Mailboxes of the lab, seen and changed from behind: files on disk and Dovecot's own commands,
// so that a test's evidence does not come through the code under test.
import fs from "node:fs";

import { dovecotConfigPath } from "./mail-lab-dovecot.ts";
import { mailHome } from "./mail-lab-plan.ts";
import { runCommand, tryCommand, until } from "./mail-lab-process.ts";

const ARRIVAL_TIMEOUT_MS = 10_000;

export interface LabMailboxes {
  /** Raw mails in a folder, oldest arrival first, line ends LF as on disk. Empty where there is no such folder. */
  mailsIn(user: string, folder?: string): string[];
  /** The same as soon as there are `count` of them. Throws after `timeout_ms`, 10 s mostly. */
  waitForMails(user: string, count: number, options?: WaitOptions): Promise<string[]>;
  /** Puts a raw mail into a mailbox, past SMTP and Sieve; makes the folder where it is missing. */
  save(user: string, raw: string, folder?: string): Promise<void>;
  /** Ends the user's IMAP sessions. */
  kick(user: string): Promise<void>;
  /** Gives a folder a new UIDVALIDITY (RFC 9051 2.3.1.1); the current second unless told. */
  setUidValidity(user: string, folder: string, uid_validity?: number): Promise<void>;
}

export interface WaitOptions {
  folder?: string;
  timeout_ms?: number;
}

/** The mailboxes of the lab in `dir`. */
export function labMailboxes(dir: string): LabMailboxes {
  const doveadm = ["doveadm", "-c", dovecotConfigPath(dir)];
  const mailsIn = (user: string, folder = "INBOX") => readMaildir(maildirPath(dir, user, folder));
  return {
    mailsIn,
    waitForMails: (user, count, { folder, timeout_ms = ARRIVAL_TIMEOUT_MS } = {}) =>
      until(`${count} mails in ${folder ?? "INBOX"} of ${user}`, timeout_ms, () => {
        const mails = mailsIn(user, folder);
        return mails.length >= count ? mails : null;
      }),
    save: async (user, raw, folder = "INBOX") => {
      // Fails where the folder is there already, and then nothing is amiss.
      if (folder !== "INBOX") {
        await tryCommand([...doveadm, "mailbox", "create", "-u", user, folder]);
      }
      await runCommand([...doveadm, "save", "-u", user, "-m", folder], raw);
    },
    kick: async (user) => {
      // Fails where the user has no session: then there is nobody to kick.
      await tryCommand([...doveadm, "kick", user]);
    },
    setUidValidity: async (user, folder, uid_validity = Math.floor(Date.now() / 1000)) => {
      const change = ["mailbox", "update", "-u", user, "--uid-validity", String(uid_validity)];
      await runCommand([...doveadm, ...change, folder]);
    },
  };
}

/** Maildir++: INBOX is the root, `A/B` is the folder `.A.B`. */
function maildirPath(dir: string, user: string, folder: string): string {
  const root = `${mailHome(dir, user)}/Maildir`;
  return folder === "INBOX" ? root : `${root}/.${folder.replaceAll("/", ".")}`;
}

function readMaildir(maildir: string): string[] {
  return ["new", "cur"]
    .flatMap((sub) => listDirectory(`${maildir}/${sub}`).map((name) => `${maildir}/${sub}/${name}`))
    .map((path) => ({ arrived_us: arrivedAt(path), mail: readMail(path) }))
    .filter((found): found is { arrived_us: number; mail: string } => found.mail !== null)
    .toSorted((a, b) => a.arrived_us - b.arrived_us)
    .map(({ mail }) => mail);
}

function listDirectory(path: string): string[] {
  return fs.existsSync(path) ? fs.readdirSync(path) : [];
}

/** Dovecot's names begin with `<seconds>.M<microseconds>P<pid>`. */
function arrivedAt(path: string): number {
  const name = /\/(\d+)\.M(\d+)P[^/]*$/.exec(path);
  return Number(name?.[1] ?? 0) * 1e6 + Number(name?.[2] ?? 0);
}

/** Null where an IMAP session renamed the file meanwhile, as setting a flag does. */
function readMail(path: string): string | null {
  try {
    return fs.readFileSync(path, "utf8");
  } catch (error) {
    const is_gone = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (is_gone) return readRenamed(path);
    throw error;
  }
}

function readRenamed(path: string): string | null {
  const parts = /^(.*)\/(?:new|cur)\/([^/:]+)[^/]*$/.exec(path);
  const [, maildir = "", unique = "?"] = parts ?? [];
  const renamed = listDirectory(`${maildir}/cur`).find((name) => name.startsWith(unique));
  return renamed === undefined ? null : fs.readFileSync(`${maildir}/cur/${renamed}`, "utf8");
}
