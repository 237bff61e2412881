// Hands a route the ledger of its caller, typed. The gate has already let the caller in; a request
// that it did not let in gets no ledger.
import { Elysia } from "elysia";

import { AppError } from "../core/faults.ts";
import type { Ledgers } from "../ledger/ledgers.ts";
import type { Visits } from "./caller.ts";

export type Auth = ReturnType<typeof openAuth>;

/** The plugin with the macro `ledger: true`. */
export function openAuth(visits: Visits, ledgers: Ledgers) {
  return new Elysia({ name: "auth" }).macro({
    ledger: {
      resolve({ request }: { request: Request }) {
        const caller = visits.get(request)?.caller ?? null;
        if (caller === null) {
          throw new AppError("missing_key");
        }
        return { caller, ledger: ledgers.get(caller.workspace_id, caller.mode) };
      },
    },
  });
}
