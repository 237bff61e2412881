// What a mail lab is going to be, decided before the first file is written: settings, ports,
// domains, and every address with its vice.
import type { LabPorts } from "./mail-lab-ports.ts";

export interface LabSettings {
  /** s1..sN@sender.test and lead1..leadN at lead.test and other.test in turn. */
  user_count: number;
  /** sender.test, sender2.test, ...: the senders take them in turn. */
  sender_domain_count: number;
  /** Mail that cannot be delivered comes back after this. */
  queue_lifetime_s: number;
  /** The sender is told of a delay after this. */
  delay_warning_s: number;
  /** Pause before the second attempt; later ones wait up to twice as long. */
  backoff_s: number;
  size_limit_bytes: number;
  connections_per_user: number;
  auth_failure_delay_s: number;
}

export const DEFAULT_SETTINGS: LabSettings = {
  user_count: 5,
  sender_domain_count: 1,
  queue_lifetime_s: 25,
  delay_warning_s: 4,
  backoff_s: 2,
  size_limit_bytes: 10_485_760,
  connections_per_user: 200,
  auth_failure_delay_s: 0,
};

export type AccountRole =
  | "sender"
  | "lead"
  | "vacation"
  | "forward"
  | "full"
  | "greylisted"
  | "junk"
  | "disabled"
  | "postmaster";

export interface LabAccount {
  email: string;
  /** Login name at SMTP and IMAP: the address. */
  username: string;
  password: string;
  role: AccountRole;
  /** Dovecot's extra fields of the passwd-file, empty mostly. */
  extra: string;
}

export interface LabPlan {
  dir: string;
  ports: LabPorts;
  settings: LabSettings;
  sender_domains: string[];
  lead_domains: string[];
  accounts: LabAccount[];
}

/** Mail processes run as this user; it needs no entry in /etc/passwd. */
export const MAIL_UID = 5000;

const LEAD_DOMAINS = ["lead.test", "other.test"];

/** What addresses do that are not plain mailboxes, for people: `address or pattern -> behaviour`. */
export const MAGIC_ADDRESSES: Record<string, string> = {
  "nosuchuser@lead.test": "550 5.1.1 from the MX in answer to RCPT, DSN by smtp.sender.test",
  "nosuchuser@sender.test": "550 5.1.1 by LMTP",
  "*@tempfail.test": "450 4.2.0; delayed DSN after delay_warning_s, failed after queue_lifetime_s",
  "*@down.test": "connection refused, 4.4.1",
  "*@blackhole.test": "accepts TCP and stays silent, 4.4.2",
  "*@nxdomain.test": "5.4.4 host not found",
  "*@nullmx.test": "5.1.10",
  "*@blocked.test": "554 5.7.1 by a block list",
  "*@reject.test": "550 5.1.1",
  "full@lead.test": "552 5.2.2 over quota (permanent code, soft meaning)",
  "fullsoft@lead.test": "452 4.2.2 over quota (temporary code)",
  "vacation@lead.test": "Sieve vacation, English",
  "vacation@other.test": "Sieve vacation, German",
  "forward@lead.test": "redirect :copy to assistant@lead.test",
  "junk@lead.test": "all mail goes to Junk",
  "grey@lead.test": "first try 450 4.7.1, then accepted",
  "rc-550-5.7.1@lead.test": "rc-CODE-X.Y.Z@lead.test: exactly that reply",
  "gmail-nouser, gmail-inactive, gmail-full, gmail-dmarc, gmail-rate, o365-nouser, o365-spam, yahoo-nouser, yahoo-defer, spamcontent @lead.test":
    "replies in the style of that provider",
  "dailylimit@sender.test": "as sender: 550 5.4.5",
  "ratelimit@sender.test": "as sender: 451 4.7.1",
  "disabled@sender.test": "login refused",
  "header X-Lab-Junk: yes": "delivered to Junk",
};

/** Settles everything that can be known before the first file is written. */
export function planLab(dir: string, ports: LabPorts, settings: LabSettings): LabPlan {
  const sender_domains = Array.from({ length: settings.sender_domain_count }, (_, i) =>
    i === 0 ? "sender.test" : `sender${i + 1}.test`,
  );
  const accounts = planAccounts(settings.user_count, sender_domains);
  return { dir, ports, settings, sender_domains, lead_domains: LEAD_DOMAINS, accounts };
}

/** Where an account's mail lies on disk. */
export function mailHome(dir: string, email: string): string {
  const [local, domain] = email.split("@");
  return `${dir}/mail/${domain}/${local}`;
}

function domainInTurn(domains: string[], i: number): string {
  return domains[i % domains.length] ?? "sender.test";
}

function account(email: string, role: AccountRole, extra = ""): LabAccount {
  return { email, username: email, password: `pw-${email}`, role, extra };
}

function planAccounts(count: number, sender_domains: string[]): LabAccount[] {
  const numbers = Array.from({ length: count }, (_, i) => i);
  return [
    ...numbers.map((i) => account(`s${i + 1}@${domainInTurn(sender_domains, i)}`, "sender")),
    ...numbers.map((i) => account(`lead${i + 1}@${domainInTurn(LEAD_DOMAINS, i)}`, "lead")),
    account("vacation@lead.test", "vacation"),
    account("vacation@other.test", "vacation"),
    account("forward@lead.test", "forward"),
    account("assistant@lead.test", "lead"),
    account("full@lead.test", "full", "userdb_quota_rule=*:bytes=1"),
    account(
      "fullsoft@lead.test",
      "full",
      "userdb_quota_rule=*:bytes=1 userdb_quota_full_tempfail=yes",
    ),
    account("grey@lead.test", "greylisted"),
    account("junk@lead.test", "junk"),
    account(
      "disabled@sender.test",
      "disabled",
      "nologin=yes reason=Account_is_disabled allow_nets=192.0.2.1/32",
    ),
    account("dailylimit@sender.test", "sender"),
    account("ratelimit@sender.test", "sender"),
    account("authzero@sender.test", "sender"),
    ...["sender.test", ...LEAD_DOMAINS].map((d) => account(`postmaster@${d}`, "postmaster")),
  ];
}
