// The probe that says whether imail does its work, and what the command line shows to the owner of the data directory.

import { Elysia } from "elysia";

import { AppError } from "../../core/faults.ts";
import { ok } from "../../http/envelope.ts";
import type { Wiring } from "../../http/wiring.ts";
import { formatInstant } from "../../ledger/row.ts";
import { listWorkspaces } from "../workspaces/store.ts";
import { isLocalKey, type Readiness, readReadiness, readWorkspaceStatus } from "./actions.ts";

/** A probe writes and waits for the disk: who asks more often gets the last answer. */
const READINESS_KEPT_MS = 1000;

function openReadiness(wiring: Wiring): () => Readiness {
  let kept: { at: number; readiness: Readiness } | null = null;
  return () => {
    const now = wiring.control.clock.now();
    if (kept && Math.abs(now - kept.at) < READINESS_KEPT_MS) return kept.readiness;
    const readiness = readReadiness(wiring.ledgers.all(), wiring.last_tick_at());
    kept = { at: now, readiness };
    return readiness;
  };
}

function localStatus(wiring: Wiring, authorization: string | undefined) {
  const { control, ledgers, version, started_at } = wiring;
  if (!isLocalKey(control, (authorization ?? "").replace(/^bearer +/i, ""))) {
    throw new AppError("invalid_key", "This page is for the command line: imail status.");
  }
  const tick = wiring.last_tick_at();
  return {
    server: {
      version,
      started_at: formatInstant(started_at),
      last_tick_at: tick === null ? null : formatInstant(tick),
    },
    workspaces: listWorkspaces(control).map((workspace) => {
      const ledger = ledgers.get(workspace.id, "live");
      return readWorkspaceStatus(ledger, workspace, ledger.clock.now());
    }),
  };
}

export const status = (wiring: Wiring) => {
  const readiness = openReadiness(wiring);
  return new Elysia({ name: "status" })
    .get("/readyz", () => ok(readiness()), { detail: { hide: true } })
    .get("/local/status", ({ headers }) => ok(localStatus(wiring, headers["authorization"])), {
      detail: { hide: true },
    });
};
