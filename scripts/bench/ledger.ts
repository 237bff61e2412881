// A ledger in a real file for the benchmarks, with synchronous=FULL as the program has it: what a commit costs is part
// of every figure. In memory it would cost nothing.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Clock } from "../../src/core/clock.ts";
import type { Verb } from "../../src/ledger/database.ts";
import { type Ledger, openLedger, type Workspace } from "../../src/ledger/ledger.ts";
import { systemRandom } from "../../src/ledger/random.ts";

const WORKSPACE: Workspace = {
  id: 1,
  name: "Bench",
  zone: "Europe/Berlin",
  tier: "surge",
  postal_address: null,
};

/** A new directory for this run; `rm` takes it away with all that is in it. */
export function openWorkplace(bench: string): { dir: string; rm(): void } {
  const dir = mkdtempSync(join(tmpdir(), `imail-bench-${bench}-`));
  return { dir, rm: () => rmSync(dir, { recursive: true, force: true }) };
}

interface BenchLedger {
  path: string;
  clock: Clock;
  onNudge?: (ledger: Ledger, verb: Verb) => void;
}

/** Opens a live ledger in a file, with logins that can be sealed. */
export function openBenchLedger({ path, clock, onNudge }: BenchLedger): Ledger {
  const ledger: Ledger = openLedger({
    path,
    workspace_id: 1,
    mode: "live",
    random: systemRandom,
    installation_secret: systemRandom.bytes(32),
    data_key: systemRandom.bytes(32),
    clock,
    workspace: () => WORKSPACE,
    onNudge: (verb) => onNudge?.(ledger, verb),
    onError: () => undefined,
  });
  return ledger;
}
