// Hands a route the ledger of its caller, typed. The gate has already let the caller in; a request
// that it did not let in gets no ledger.
import { Elysia } from "elysia";

import { AppError } from "../core/faults.ts";
import { NEWEST } from "../core/versions.ts";
import type { Ledgers } from "../ledger/ledgers.ts";
import type { Visits } from "./caller.ts";
import { PLAIN_ONCE } from "./once.ts";

export type Auth = ReturnType<typeof openAuth>;

/** The plugin with the macros `ledger: true` and, for what stands in no ledger, `caller: true`. */
export function openAuth(visits: Visits, ledgers: Ledgers) {
  const callerOf = (request: Request) => {
    const caller = visits.get(request)?.caller ?? null;
    if (caller === null) {
      throw new AppError("missing_key");
    }
    return caller;
  };
  const versionOf = (request: Request) => visits.get(request)?.version ?? NEWEST;
  return new Elysia({ name: "auth" }).macro({
    ledger: {
      resolve({ request }: { request: Request }) {
        const caller = callerOf(request);
        const ledger = ledgers.get(caller.workspace_id, caller.mode);
        return { caller, ledger, version: versionOf(request), once: PLAIN_ONCE };
      },
    },
    caller: {
      resolve({ request }: { request: Request }) {
        return { caller: callerOf(request) };
      },
    },
  });
}
