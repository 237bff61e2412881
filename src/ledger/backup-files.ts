// The backups that lie in a directory: their names, and which of them go. 7 daily and 4 weekly ones by default, the last three
// from before an upgrade, and for ever what somebody made by hand.

import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

import type { BackupReason } from "./backup.ts";

/** How many automatic backups stay. */
export interface Keep {
  daily: number;
  weekly: number;
}

export interface BackupFile {
  path: string;
  /** ms UTC */
  at: number;
  reason: BackupReason;
  bytes: number;
}

const BEFORE_UPGRADES = 3;
const DAY_MS = 86_400_000;
const NAME = /^imail-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.(manual|daily|migration)\.tar$/;

/** Where backups lie unless somebody says otherwise. */
export const backupsIn = (dir: string) => join(dir, "backups");

/** `imail-20270131T090000Z.daily.tar` */
export function backupName(at: number, reason: BackupReason): string {
  const stamp = new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return `imail-${stamp}.${reason}.tar`;
}

/** Newest first. */
export function listBackups(place: string): BackupFile[] {
  if (!existsSync(place)) return [];
  const files = readdirSync(place).flatMap((name) => {
    const [, y, mo, d, h, mi, s, reason] = NAME.exec(name) ?? [];
    if (reason === undefined) return [];
    const path = join(place, name);
    const at = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
    const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    // oxlint-disable-next-line no-unsafe-type-assertion -- the pattern lets only these through
    return [{ path, at, reason: reason as BackupReason, bytes }];
  });
  return files.toSorted((one, other) => other.at - one.at);
}

/** Those of these that need not stay. */
export function superfluous(files: readonly BackupFile[], keep: Keep): BackupFile[] {
  const daily = files.filter(({ reason }) => reason === "daily");
  const weeks = new Map<number, BackupFile>();
  for (const file of daily) {
    const week = weekOf(file.at);
    // Of each week its first: it is the one that will have been there for longest.
    weeks.set(week, file);
  }
  const kept = new Set([
    ...daily.slice(0, keep.daily),
    ...[...weeks.values()].slice(0, keep.weekly),
    ...files.filter(({ reason }) => reason === "migration").slice(0, BEFORE_UPGRADES),
    ...files.filter(({ reason }) => reason === "manual"),
  ]);
  return files.filter((file) => !kept.has(file));
}

/** Weeks since the first Monday of 1970. */
const weekOf = (at: number) => Math.floor((at / DAY_MS - 4) / 7);

/** Removes what need not stay, and what a killed backup left half done. */
export function pruneBackups(place: string, keep: Keep): void {
  for (const { path } of superfluous(listBackups(place), keep)) rmSync(path, { force: true });
}

/** What a backup that was killed has left. Only for the one who makes the automatic ones. */
export function dropUnfinished(place: string): void {
  if (!existsSync(place)) return;
  for (const name of readdirSync(place)) {
    if (/^imail-.*\.(daily|migration)\.tar\.(tmp|part)/.test(name))
      rmSync(join(place, name), { force: true });
  }
}
