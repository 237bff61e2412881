// Opens, keeps and closes one ledger per workspace and mode.
import { join } from "node:path";

import { formatId } from "../core/ids.ts";
import type { Mode } from "../core/states.ts";
import type { Verb } from "./database.ts";
import { type Ledger, type LedgerOptions, openLedger, type Workspace } from "./ledger.ts";

export interface Ledgers {
  get(workspace_id: number, mode: Mode): Ledger;
  /** Those that are open. */
  all(): Ledger[];
  close(): void;
}

type Shared = Pick<
  LedgerOptions,
  "random" | "installation_secret" | "onError" | "clock" | "public_url"
>;

interface LedgersOptions extends Shared {
  /** The data directory, or ":memory:". */
  dir: string;
  workspace(id: number): Workspace;
  /** The workspace's data key, or null when the master key does not open it. */
  dataKey(workspace_id: number): Uint8Array | null;
  onNudge(ledger: Ledger, verb: Verb): void;
}

/** The file name of a ledger: `ws_….live.db`. */
export function ledgerFile(workspace_id: number, mode: Mode): string {
  return `${formatId("ws", workspace_id)}.${mode}.db`;
}

/** Ledgers are opened at their first use and stay open. */
export function openLedgers(options: LedgersOptions): Ledgers {
  const opened = new Map<string, Ledger>();
  const open = (workspace_id: number, mode: Mode): Ledger => {
    const ledger: Ledger = openLedger({
      ...options,
      path:
        options.dir === ":memory:" ? ":memory:" : join(options.dir, ledgerFile(workspace_id, mode)),
      workspace_id,
      mode,
      data_key: options.dataKey(workspace_id),
      workspace: () => options.workspace(workspace_id),
      onNudge: (verb) => options.onNudge(ledger, verb),
    });
    return ledger;
  };
  return {
    get(workspace_id, mode) {
      const key = ledgerFile(workspace_id, mode);
      const ledger = opened.get(key) ?? open(workspace_id, mode);
      opened.set(key, ledger);
      return ledger;
    },
    all: () => [...opened.values()],
    close() {
      for (const ledger of opened.values()) ledger.close();
      opened.clear();
    },
  };
}
