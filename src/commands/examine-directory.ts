// The doctor at the data directory: its place and modes, the lock, the key, the clock and the disk.

import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

import type { Config } from "../config.ts";
import { idTime } from "../core/ids.ts";
import { NEWEST } from "../core/versions.ts";
import { findServer, readMasterKey } from "../installation.ts";
import { systemClock } from "../ledger/clock.ts";
import type { Control } from "../ledger/control.ts";
import { highestId } from "../ledger/database.ts";
import { openDisk } from "../ledger/disk.ts";
import { holderOf, isDirectoryHeld } from "../ledger/lock.ts";
import { masterKeyFile } from "../ledger/master-key.ts";
import { formatInstant } from "../ledger/row.ts";
import { askServer } from "./ask-server.ts";
import { type Finding, fine, warning, wrong } from "./finding.ts";
import { PROGRAM } from "./output.ts";

const OTHERS = 0o077;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MB = 1024 * 1024;

const octal = (mode: number) => (mode & 0o777).toString(8).padStart(4, "0");

/** Only the owner may look in, and no program that copies files may have it. */
export function examineModes(dir: string): Finding {
  if (process.platform === "win32") return fine("directory", dir);
  const open = [dir, ...readdirSync(dir).map((name) => join(dir, name))].filter(
    (path) => (lstatSync(path).mode & OTHERS) !== 0,
  );
  if (open.length === 0) return fine("directory", `${dir}, for its owner only`);
  const listed = open.slice(0, 5).map((path) => `${path} (${octal(lstatSync(path).mode)})`);
  const trouble = {
    found: `Other users of this machine may open ${listed.join(", ")}`,
    means: "They could read your leads, your mails and, with the key, the logins of your inboxes.",
    do: `chmod -R go-rwx ${dir}`,
  };
  // What lies in a closed directory is out of reach all the same.
  return open.includes(dir) ? wrong("directory", trouble) : warning("directory", trouble);
}

const SYNCED =
  /[/\\](Dropbox|OneDrive[^/\\]*|Google Drive|iCloud[^/\\]*|Mobile Documents|Nextcloud)[/\\]/i;

/** Sync clients copy a database and its log at different times. */
export function examinePlace(dir: string): Finding[] {
  const [, client] = SYNCED.exec(`${dir}/`) ?? [];
  if (client === undefined) return [];
  return [
    warning("place", {
      found: `${dir} lies in a directory that ${client} copies`,
      means:
        "It copies the database and its log at different times: what it brings back can lack the newest mails, and a lead would be mailed twice.",
      do: "Stop imail, move the data directory out of there, and start with --dir.",
    }),
  ];
}

/** Who holds the directory, and does it answer? */
export async function examineServer({ dir }: Config): Promise<Finding> {
  if (!isDirectoryHeld(dir)) {
    return warning("server", {
      found: "No server runs on this directory",
      means: "Nothing is sent and nothing is read.",
      do: `${PROGRAM} serve --dir ${dir}`,
    });
  }
  const url = findServer(dir);
  const trouble = {
    means: "It may be starting, stopping or stuck; a stopped process still holds its directory.",
    do: "Wait a minute and ask again; then stop that process and start imail anew.",
  };
  if (url === null) {
    const found = `The directory is held by ${holderOf(dir)}, which does not listen`;
    return wrong("server", { found, ...trouble });
  }
  try {
    const { status } = await askServer(url, "/readyz");
    if (status === 200) return fine("server", `${url} is up and does its work (${holderOf(dir)})`);
    return wrong("server", { found: `${url}/readyz answers ${status}`, ...trouble });
  } catch (error) {
    return wrong("server", { found: error instanceof Error ? error.message : url, ...trouble });
  }
}

/** Is the key there, closed to others, and the one that sealed the logins? */
export function examineKey(config: Config, control: Control): Finding {
  const place = config.master_key ? "IMAIL_MASTER_KEY" : masterKeyFile(config.dir);
  const means =
    "The logins of the inboxes are sealed with it: without it nothing can be sent or read.";
  try {
    const { key, fingerprint, problem } = readMasterKey(config, control);
    if (key === null) {
      return wrong("key", {
        found: problem,
        means,
        do: "Put the right key back from your backup. If it is lost, each inbox needs its login anew.",
      });
    }
    const mark = Buffer.from(fingerprint).toString("hex").slice(0, 16);
    return fine("key", `${place} is the one that sealed the logins (fingerprint ${mark}…)`);
  } catch (error) {
    return wrong("key", {
      found: error instanceof Error ? error.message : String(error),
      means: `${means} imail does not start with a key file that others can read.`,
      do: `chmod 600 ${masterKeyFile(config.dir)}`,
    });
  }
}

/** A clock that is wrong sends at the wrong hours and counts the wrong days. */
export function examineClock(control: Control): Finding {
  const now = systemClock.now();
  const means = "Send windows, daily limits and waits are all reckoned by it.";
  const newest = idTime(highestId(control.db));
  if (newest > now + HOUR_MS) {
    return wrong("clock", {
      found: `This machine says ${formatInstant(now)}, and there is data of ${formatInstant(newest)}`,
      means: `The clock went back, or was ahead then. ${means}`,
      do: "Set the clock, and let the system keep it (NTP).",
    });
  }
  if (now < Date.parse(NEWEST) - DAY_MS) {
    return wrong("clock", {
      found: `This machine says ${formatInstant(now)}, which is before this imail was made`,
      means: `The clock is wrong. ${means}`,
      do: "Set the clock, and let the system keep it (NTP).",
    });
  }
  return fine("clock", formatInstant(now));
}

/** The levels at which imail warns, stops sending and stops writing (reliability.md 3.6). */
export function examineDisk(dir: string): Finding {
  const disk = openDisk(dir, 0);
  const found = `${Math.round(disk.free_bytes() / MB)} MB are free`;
  const level = disk.level();
  if (level === "ok") return fine("disk", found);
  const task = "Make room on the disk that holds the data directory.";
  return level === "low"
    ? warning("disk", { found, means: "Below 200 MB nothing more is sent.", do: task })
    : wrong("disk", {
        found,
        means: "Nothing is sent: what was sent could not be recorded.",
        do: task,
      });
}
