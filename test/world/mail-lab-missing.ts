// Whether the mail lab can run on this machine, and what to do where it cannot.
import { spawnSync } from "node:child_process";
import fs from "node:fs";

import { findPostfixDaemons } from "./mail-lab-postfix.ts";

const INSTALL =
  "apt-get install --no-install-recommends postfix dovecot-imapd dovecot-lmtpd dovecot-sieve openssl";

const NEEDED_FILES = [
  "/usr/sbin/postqueue",
  "/usr/sbin/dovecot",
  "/usr/bin/doveadm",
  "/usr/lib/dovecot/imap-login",
  "/usr/lib/dovecot/lmtp",
  "/usr/lib/dovecot/modules/lib90_sieve_plugin.so",
  "/usr/bin/openssl",
];

/** Null where the lab can run, else one line: what is missing and how to get it. */
export function mailLabMissing(): string | null {
  if (process.platform !== "linux") return "mail lab: needs Linux with Postfix and Dovecot";
  if (process.getuid?.() !== 0) return "mail lab: needs root (Postfix and Dovecot change users)";
  const missing = NEEDED_FILES.filter((file) => !fs.existsSync(file));
  if (findPostfixDaemons() === null) missing.push("Postfix's master");
  if (missing.length > 0) return `mail lab: ${missing.join(", ")} missing; ${INSTALL}`;
  const { stdout } = spawnSync("/usr/sbin/dovecot", ["--version"], { encoding: "utf8" });
  // Dovecot 2.4 (Debian 13) reads another configuration language.
  if (!stdout.startsWith("2.3.")) return `mail lab: needs Dovecot 2.3, this is ${stdout.trim()}`;
  return null;
}
