// Backups: one file that is whole or refused, without the master key unless it is sealed, and a restore that never destroys.
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { openHouse } from "../../src/house.ts";
import {
  type BackupFile,
  backupName,
  listBackups,
  superfluous,
} from "../../src/ledger/backup-files.ts";
import { openSealedKey, readBackup, writeBackup } from "../../src/ledger/backup.ts";
import { findInstallation, openControl } from "../../src/ledger/control.ts";
import { closeDatabase, openDatabase } from "../../src/ledger/database.ts";
import { shortenJournal } from "../../src/ledger/journal-shortening.ts";
import { openJournal } from "../../src/ledger/journal.ts";
import { LEDGER_MIGRATIONS } from "../../src/ledger/migrations.ts";
import { systemRandom } from "../../src/ledger/random.ts";
import { openReadOnly } from "../../src/ledger/read-only.ts";
import { restoreBackup } from "../../src/ledger/restore.ts";
import { eraseLead } from "../../src/resources/leads/actions.ts";
import { makerOf } from "../world/make.ts";
import { temporaryDirectory } from "../world/program.ts";

// A passphrase is slow to try, on purpose.
setDefaultTimeout(30_000);

const NOW = Date.UTC(2027, 0, 31, 9);
let place: ReturnType<typeof temporaryDirectory>;
let dir: string;

beforeEach(() => {
  place = temporaryDirectory();
  dir = join(place.path, "data");
});
afterEach(() => place.remove());

const configOf = (where: string, backups: { daily: number; weekly: number } | null = null) => ({
  dir: where,
  host: "127.0.0.1",
  port: 0,
  allow_host: [],
  log_level: "silent" as const,
  backups,
  master_key: null,
});
const open = (where = dir, backups: { daily: number; weekly: number } | null = null) =>
  openHouse(configOf(where, backups), { ballast: false });
const liveOf = (house: Awaited<ReturnType<typeof open>>) => {
  const ledger = house.ledgers.all().find(({ mode }) => mode === "live");
  if (!ledger) throw new Error("no live ledger");
  return ledger;
};

/** The file of a directory whose name ends so. */
const nameOf = (where: string, end: string) =>
  readdirSync(where).find((name) => name.endsWith(end)) ?? "";

/** A data directory with a lead in it, closed again. */
async function found(where = dir): Promise<void> {
  const house = await open(where);
  const make = makerOf(liveOf(house));
  make.lead({ email: "lea@lead.test" });
  await house.close();
}

const out = () => join(place.path, "a.tar");
const back = (passphrase: string | null = null, from = dir) =>
  writeBackup({
    dir: from,
    out: out(),
    reason: "manual",
    version: "0.1.0",
    now: NOW,
    key: passphrase === null ? null : { master_key: masterKey(), passphrase, random: systemRandom },
  });
const masterKey = () =>
  new Uint8Array(Buffer.from(readFileSync(join(dir, "secret.key"), "utf8").trim(), "hex"));
const restore = (to: string, passphrase: string | null = null) =>
  restoreBackup({ file: out(), dir: to, passphrase, stamp: "now" });

describe("a backup", () => {
  test("is made beside a running server, for its owner only, and says what is in it", async () => {
    const house = await open();
    makerOf(liveOf(house)).lead({ email: "lea@lead.test" });
    const manifest = back();
    expect(readBackup(out())).toEqual(manifest);
    expect(manifest).toMatchObject({ created_at: "2027-01-31T09:00:00.000Z", key: "absent" });
    expect(manifest.databases.map(({ name }) => name).at(-1)).toBe("control.db");
    expect(manifest.databases).toHaveLength(3);
    expect(statSync(out()).mode & 0o077).toBe(0);
    expect(readdirSync(place.path).toSorted()).toEqual(["a.tar", "data"]);
    await house.close();
  });

  test("never holds the sent journal, nor the master key in clear or in imail.toml", async () => {
    await found();
    const key = readFileSync(join(dir, "secret.key"), "utf8").trim();
    writeFileSync(join(dir, "imail.toml"), `master_key = "${key}"\n`);
    back("a long passphrase");
    const bytes = readFileSync(out());
    expect(bytes.includes(key)).toBe(false);
    expect(bytes.includes(Buffer.from(key, "hex"))).toBe(false);
    expect(bytes.includes(".sent")).toBe(false);
    expect(bytes.includes("master_key =")).toBe(false);
  });

  test("opens its master key with the passphrase and with no other", async () => {
    await found();
    back("a long passphrase");
    expect(openSealedKey(out(), "a long passphrase")).toEqual(masterKey());
    expect(openSealedKey(out(), "a wrong passphrase")).toBeNull();
  });

  test("made after an erasure holds nothing of the person", async () => {
    const house = await open();
    const ledger = liveOf(house);
    const lead = makerOf(ledger).lead({ email: "lea@lead.test" });
    back();
    expect(readFileSync(out()).includes("lea@lead.test")).toBe(true);
    eraseLead(ledger, lead);
    back();
    expect(readFileSync(out()).includes("lea@lead.test")).toBe(false);
    await house.close();
  });

  test("in which one byte was changed is refused, wherever it is", async () => {
    await found();
    const manifest = back("a long passphrase");
    const whole = readFileSync(out());
    const used = manifest.databases.reduce((sum, part) => sum + part.bytes + 512, 0);
    for (let at = 100; at < used + 2000; at += Math.floor(used / 60)) {
      const other = Buffer.from(whole);
      other[at] = (other[at] ?? 0) ^ 1;
      writeFileSync(out(), other);
      // A byte of padding or of a header's unused part changes nothing that is read.
      let read: unknown = null;
      try {
        read = readBackup(out());
      } catch (error) {
        read = error instanceof Error ? error.message : error;
      }
      if (typeof read === "string") expect(read).toContain("cannot be used");
      else expect(read).toEqual(manifest);
    }
    const first = manifest.databases[0]?.bytes ?? 0;
    const other = Buffer.from(whole);
    other[512 + Math.floor(first / 2)] = (other[512 + Math.floor(first / 2)] ?? 0) ^ 1;
    writeFileSync(out(), other);
    expect(() => readBackup(out())).toThrow("was changed");
  });

  test("that is cut off anywhere is refused", async () => {
    await found();
    back();
    for (const part of [0, 0.1, 0.5, 0.9, 0.99]) {
      const size = statSync(out()).size;
      truncateSync(out(), Math.floor(size * part));
      expect(() => readBackup(out())).toThrow("cannot be used");
      back();
    }
  });

  test("of a damaged database is not made", async () => {
    await found();
    const live = nameOf(dir, ".live.db");
    const bytes = readFileSync(join(dir, live));
    bytes.fill(0xff, 4096 * 3, 4096 * 8);
    writeFileSync(join(dir, live), bytes);
    expect(() => back()).toThrow();
    expect(existsSync(out())).toBe(false);
    expect(readdirSync(place.path)).toEqual(["data"]);
  });
});

describe("a restore", () => {
  test("to another directory starts paused, with the reason, and with its key", async () => {
    await found();
    back("a long passphrase");
    const to = join(place.path, "new");
    mkdirSync(to, { mode: 0o700 });
    expect(restore(to, "a long passphrase")).toMatchObject({ kept: null, key: "written" });
    const house = await open(to);
    expect(house).toMatchObject({ is_copy: true, key_problem: null });
    await house.close();
    const again = await open(to);
    expect(again.is_copy).toBe(false);
    await again.close();
  });

  test("over the same installation keeps what was there, with its log, and the journal in place", async () => {
    await found();
    back();
    const house = await open();
    makerOf(liveOf(house)).lead({ email: "later@lead.test" });
    await house.close();
    const journal = nameOf(dir, ".live.sent");
    writeFileSync(join(dir, journal), "kept\n");
    const { kept, key } = restore(dir);
    expect(key).toBe("there");
    expect(readFileSync(join(dir, journal), "utf8")).toBe("kept\n");
    const emails = (where: string) => {
      const live = nameOf(where, ".live.db");
      const reading = openReadOnly(join(where, live));
      const rows = reading.db
        .query<{ email: string }, []>("SELECT email FROM leads ORDER BY id")
        .all();
      reading.close();
      return rows.map(({ email }) => email);
    };
    expect(emails(dir)).toEqual(["lea@lead.test"]);
    expect(emails(kept ?? "")).toEqual(["lea@lead.test", "later@lead.test"]);
    const restored = await open();
    expect(restored.is_copy).toBe(true);
    await restored.close();
  });

  test("into another installation, or among other files, is refused and changes nothing", async () => {
    await found();
    back();
    const other = join(place.path, "other");
    await found(other);
    // Whoever looks into a database leaves its empty log behind.
    const there = () =>
      readdirSync(other)
        .filter((name) => !/-(wal|shm)$/.test(name))
        .toSorted();
    const before = there();
    expect(() => restore(other)).toThrow("another installation");
    expect(there()).toEqual(before);
    const home = join(place.path, "home");
    mkdirSync(home);
    writeFileSync(join(home, "letter.txt"), "mine");
    expect(() => restore(home)).toThrow("holds other files (letter.txt)");
    expect(readdirSync(home)).toEqual(["letter.txt"]);
  });

  test("with a wrong passphrase changes nothing", async () => {
    await found();
    back("a long passphrase");
    const to = join(place.path, "new");
    mkdirSync(to);
    expect(() => restore(to, "a wrong passphrase")).toThrow("does not open the master key");
    expect(readdirSync(to)).toEqual([]);
  });

  test("of a damaged control.db goes by the names of the ledgers", async () => {
    await found();
    back();
    writeFileSync(join(dir, "control.db"), Buffer.alloc(4096, 1));
    expect(restore(dir).kept).not.toBeNull();
    const control = openControl({ dir, random: systemRandom, onError: () => undefined });
    expect(findInstallation(control)?.lock_identity).toBe("restored 2027-01-31T09:00:00.000Z");
    control.close();
  });
});

/** A directory whose live ledger lacks the newest migrations. */
const older = async () => {
  await found();
  const live = nameOf(dir, ".live.db");
  const path = join(dir, live);
  writeFileSync(path, "");
  closeDatabase(openDatabase(path, LEDGER_MIGRATIONS.slice(0, 2)));
  return live;
};

describe("before an upgrade", () => {
  test("a backup of the databases as they were is made, and the last three stay", async () => {
    const live = await older();
    await (await open(dir, { daily: 7, weekly: 4 })).close();
    const [made, ...more] = listBackups(join(dir, "backups"));
    expect(more).toEqual([]);
    expect(made?.reason).toBe("migration");
    const parts = readBackup(made?.path ?? "").databases;
    expect(parts.find(({ name }) => name === live)?.migrations).toHaveLength(2);
    await (await open(dir, { daily: 7, weekly: 4 })).close();
    expect(listBackups(join(dir, "backups"))).toHaveLength(1);
  });

  test("none is made where backups are switched off", async () => {
    await older();
    await (await open()).close();
    expect(existsSync(join(dir, "backups"))).toBe(false);
  });
});

test("seven daily and four weekly backups stay, the last three before upgrades, and all made by hand", () => {
  const DAY_MS = 86_400_000;
  const fileOf = (days_ago: number, reason: BackupFile["reason"]): BackupFile => {
    const at = NOW - days_ago * DAY_MS;
    return { path: backupName(at, reason), at, reason, bytes: 1 };
  };
  const daily = Array.from({ length: 60 }, (_, day) => fileOf(day, "daily"));
  const upgrades = [1, 2, 3, 4, 5].map((day) => fileOf(day, "migration"));
  const manual = [fileOf(0, "manual"), fileOf(300, "manual")];
  const gone = superfluous([...daily, ...upgrades, ...manual], { daily: 7, weekly: 4 });
  const stay = [...daily, ...upgrades, ...manual].filter((file) => !gone.includes(file));
  const ages = (reason: string) =>
    stay.filter((file) => file.reason === reason).map(({ at }) => (NOW - at) / DAY_MS);
  // 31 January 2027 is a Sunday: the weeks begin 6, 13, 20 and 27 days before.
  expect(ages("daily")).toEqual([0, 1, 2, 3, 4, 5, 6, 13, 20, 27]);
  expect(ages("migration")).toEqual([1, 2, 3]);
  expect(ages("manual")).toEqual([0, 300]);
});

test("a large journal loses commits older than 400 days and never an opt-out, and marks of it count no more", () => {
  const path = join(place.path, "a.sent");
  const line = {
    message_id: 1,
    enrollment_id: 2,
    campaign_id: 3,
    step_id: 4,
    inbox_id: 5,
    hash: "ab",
  };
  const journal = openJournal(path);
  const DAY_MS = 86_400_000;
  for (const days of [900, 500, 399, 1]) {
    journal.append([
      { ...line, kind: "commit", at: NOW - days * DAY_MS, reason: "" },
      { ...line, kind: "suppress", at: NOW - days * DAY_MS, reason: "address:unsubscribed" },
    ]);
  }
  const mark = journal.end();
  expect([...journal.since(mark)]).toEqual([]);
  journal.close();
  shortenJournal(path, NOW - 400 * DAY_MS, 0);
  const again = openJournal(path);
  const ages = (kind: string) =>
    [...again.since(mark)].filter((one) => one.kind === kind).map(({ at }) => (NOW - at) / DAY_MS);
  expect(ages("commit")).toEqual([399, 1]);
  expect(ages("suppress")).toEqual([900, 500, 399, 1]);
  again.close();
});

test("a line of the journal takes less than 200 bytes", () => {
  const path = join(place.path, "b.sent");
  const journal = openJournal(path);
  const id = 2 ** 53 - 1;
  journal.append([
    {
      kind: "commit",
      at: NOW,
      message_id: id,
      enrollment_id: id,
      campaign_id: id,
      step_id: id,
      inbox_id: id,
      hash: "ab".repeat(32),
      reason: "",
    },
  ]);
  journal.close();
  expect(statSync(path).size).toBeLessThan(200);
});
