// A ledger: all data of one workspace in one mode, in one file. Code gets a handle and can reach no other.

import type { Clock } from "../core/clock.ts";
import { nextId } from "../core/ids.ts";
import type { Random } from "../core/random.ts";
import { deriveKey, seal, type SealedPlace, suppressionKey, unseal } from "../core/sealing.ts";
import type { Mode } from "../core/states.ts";
import { openTestClock, systemClock, type TestClock } from "./clock.ts";
import {
  closeDatabase,
  openDatabase,
  openWriter,
  type Reading,
  type Tx,
  type Verb,
  type Write,
} from "./database.ts";
import { type Journal, openJournal, openMemoryJournal } from "./journal.ts";
import { LEDGER_MIGRATIONS } from "./migrations.ts";

export type Tier = "spark" | "surge" | "velocity" | "apex";

/** What the ledger's owner has set, read anew from control.db at every use. */
export interface Workspace {
  id: number;
  name: string;
  zone: string;
  tier: Tier;
  /** The highest `daily_limit` of its campaigns; null or left out: that of its tier. */
  daily_top?: number | null;
  postal_address: string | null;
}

/** The keys that are derived once per ledger from the installation secret: they never change. */
export interface LedgerKeys {
  message_id: Uint8Array;
  token: Uint8Array;
  suppression: Uint8Array;
}

/** Seals and opens the logins of this ledger's inboxes. */
export interface Vault {
  seal(place: SealedPlace, plain: string): Uint8Array;
  /** Null where the master key is missing or another one: the inbox needs a login, nothing else is lost. */
  unseal(place: SealedPlace, sealed: Uint8Array): string | null;
}

export interface Ledger extends Reading {
  readonly workspace_id: number;
  readonly mode: Mode;
  readonly clock: Clock;
  /** Only a test ledger has one. */
  readonly test_clock: TestClock | null;
  readonly random: Random;
  /** This run of the program: what another boot had claimed is recovered. */
  readonly boot_id: number;
  readonly journal: Journal;
  readonly keys: LedgerKeys;
  readonly vault: Vault;
  /** The address below which recipients reach what serves `/o/`, `/c/` and `/u/`; null: nothing does. No slash at its end. */
  readonly public_url: string | null;
  readonly write: Write;
  /** Many writes as one transaction (database.ts). */
  readonly together: Write;
  workspace(): Workspace;
  close(): void;
}

export interface LedgerOptions {
  /** A file, or ":memory:". */
  path: string;
  workspace_id: number;
  mode: Mode;
  random: Random;
  installation_secret: Uint8Array;
  /** The workspace's data key, or null when the master key does not open it. */
  data_key: Uint8Array | null;
  /** Overrides the clock of a live ledger: for tests and simulations. */
  clock?: Clock;
  /** Where something serves the public addresses, and only there: a link that leads nowhere must not be sent. */
  public_url?: string | null;
  workspace: () => Workspace;
  onNudge: (verb: Verb) => void;
  onError: (error: unknown) => void;
}

/** How old a backup may be for the journal to know everything that was sent since: 400 days. */
export const JOURNAL_KEEPS_MS = 400 * 86_400_000;

/** Opens the ledger's file and brings it up to date. */
export function openLedger(options: LedgerOptions): Ledger {
  const { path, mode, random } = options;
  const db = openDatabase(path, LEDGER_MIGRATIONS);
  try {
    const test_clock = mode === "test" ? openTestClock(startOfTestClock(db)) : null;
    const clock = test_clock ?? options.clock ?? systemClock;
    const journal =
      path === ":memory:"
        ? openMemoryJournal()
        : openJournal(path.replace(/\.db$/, ".sent"), systemClock.now() - JOURNAL_KEEPS_MS);
    const boot = Buffer.from(random.bytes(2)).readUInt16BE() % 4096;
    return {
      db,
      workspace_id: options.workspace_id,
      mode,
      clock,
      test_clock,
      random,
      boot_id: nextId(0, systemClock.now()) + boot,
      journal,
      keys: deriveKeys(options),
      vault: openVault(options),
      public_url: options.public_url ?? null,
      ...openWriter({ db, clock, onNudge: options.onNudge, onError: options.onError }),
      workspace: options.workspace,
      close() {
        journal.close();
        closeDatabase(db);
      },
    };
  } catch (error) {
    closeDatabase(db);
    throw error;
  }
}

function deriveKeys({ installation_secret, workspace_id, mode }: LedgerOptions): LedgerKeys {
  const key = (purpose: string) =>
    deriveKey(installation_secret, `${purpose}|${workspace_id}|${mode}`);
  return { message_id: key("message-id"), token: key("token"), suppression: key("suppression") };
}

/** Seals and opens with a workspace's data key, or with none. */
export function openVault({ data_key, random }: Pick<LedgerOptions, "data_key" | "random">): Vault {
  return {
    seal(place, plain) {
      if (!data_key) throw new Error("the master key is missing: logins cannot be stored");
      return seal(data_key, place, Buffer.from(plain, "utf8"), random);
    },
    unseal(place, sealed) {
      const plain = data_key && unseal(data_key, place, sealed);
      return plain ? Buffer.from(plain).toString("utf8") : null;
    },
  };
}

const TEST_CLOCK = "test_clock";

/** A test clock starts at the real time when the ledger is first used and stands still from then on. */
function startOfTestClock(db: Reading["db"]): number {
  const row = db
    .query<{ value: string }, [string]>("SELECT value FROM meta WHERE key = ?")
    .get(TEST_CLOCK);
  if (row) return Number(row.value);
  const now = systemClock.now();
  db.query("INSERT INTO meta (key, value) VALUES (?, ?)").run(TEST_CLOCK, String(now));
  return now;
}

/** What was noted in this ledger under `key`, or null. */
export function findNote({ db }: Reading, key: string): string | null {
  const row = db
    .query<{ value: string }, [string]>("SELECT value FROM meta WHERE key = ?")
    .get(key);
  return row?.value ?? null;
}

/** Notes something about the ledger itself, in place of what was noted there before. */
export function setNote({ db }: Tx, key: string, value: string): void {
  db.query(
    "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
  ).run(key, value);
}

/** Moves the test clock and remembers where it stands. A restart finds it there. */
export function moveTestClock(ledger: Ledger, instant: number): void {
  if (!ledger.test_clock) throw new Error("a live ledger runs on the system's clock");
  ledger.write(({ db }) => {
    db.query("UPDATE meta SET value = ? WHERE key = ?").run(String(instant), TEST_CLOCK);
  });
  ledger.test_clock.moveTo(instant);
}

// From its claim to the journal one mail asks for the same three hashes again and again.
const hashes = new WeakMap<Uint8Array, Map<string, Uint8Array>>();
const HASHES_MOST = 64;

/** The keyed hash of an address or domain in this ledger. */
export function suppressionHash({ keys }: Pick<Ledger, "keys">, value: string): Uint8Array {
  const known = hashes.get(keys.suppression) ?? new Map<string, Uint8Array>();
  hashes.set(keys.suppression, known);
  const hash = known.get(value) ?? suppressionKey(keys.suppression, value);
  if (known.size >= HASHES_MOST) known.clear();
  known.set(value, hash);
  return hash;
}
