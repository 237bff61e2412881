// The doctor at the backups: is there a fresh one, and which of them still hold somebody who was erased since?

import { join } from "node:path";

import type { Config } from "../config.ts";
import { idTime } from "../core/ids.ts";
import { type BackupFile, backupsIn, listBackups } from "../ledger/backup-files.ts";
import { systemClock } from "../ledger/clock.ts";
import type { Control } from "../ledger/control.ts";
import { formatInstant } from "../ledger/row.ts";
import { lastErasureAt } from "../resources/suppressions/store.ts";
import { listWorkspaces } from "../resources/workspaces/store.ts";
import { type Finding, fine, warning } from "./finding.ts";
import { PROGRAM } from "./output.ts";
import { openLedgerToRead } from "./read-ledger.ts";

const STALE_MS = 2 * 86_400_000;

/** The newest backup, and those that erasure has not reached. */
export function examineBackups({ dir, backups }: Config, control: Control): Finding[] {
  const files = listBackups(backupsIn(dir));
  const founded_at = Math.min(...listWorkspaces(control).map(({ id }) => idTime(id)));
  const is_on = backups !== null;
  const age = examineAge(dir, files, {
    is_on,
    is_young: systemClock.now() - founded_at < STALE_MS,
  });
  return [age, ...examineErased(dir, files, control)];
}

function examineAge(
  dir: string,
  [newest]: readonly BackupFile[],
  { is_on, is_young }: { is_on: boolean; is_young: boolean },
): Finding {
  if (!newest && is_on && is_young) {
    return fine("backup", "none yet: the first is made when imail runs");
  }
  const age = newest ? systemClock.now() - newest.at : Infinity;
  if (newest && age < STALE_MS) {
    return fine("backup", `${newest.path} is the newest, of ${formatInstant(newest.at)}`);
  }
  return warning("backup", {
    found: newest ? `The newest backup is of ${formatInstant(newest.at)}` : "There is no backup",
    means: `If this disk fails, what was done since is lost. ${is_on ? "imail makes one a day while it runs." : "The daily one is switched off (`backups`)."}`,
    do: `${PROGRAM} backup create --dir ${dir}, and keep a copy on another machine.`,
  });
}

function examineErased(dir: string, files: readonly BackupFile[], control: Control): Finding[] {
  const erased = listWorkspaces(control).flatMap(({ id }) => {
    const ledger = openLedgerToRead(dir, id, "live");
    try {
      return lastErasureAt(ledger) ?? [];
    } finally {
      ledger.close();
    }
  });
  const last = Math.max(...erased);
  const holding = files.filter(({ at }) => at < last);
  if (holding.length === 0) return [];
  const listed = holding
    .slice(0, 5)
    .map(({ path }) => path.slice(join(backupsIn(dir), "/").length));
  const more = holding.length > listed.length ? ` and ${holding.length - listed.length} more` : "";
  return [
    warning("erased", {
      found: `${listed.join(", ")}${more} were made before somebody was erased (${formatInstant(last)})`,
      means:
        "They may still hold that person. A restore erases them again; the files themselves do not forget. The same goes for copies that you keep elsewhere.",
      do: `Delete them from ${backupsIn(dir)} when you do not need them; daily ones go by themselves within about a month.`,
    }),
  ];
}
