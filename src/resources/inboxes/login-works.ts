// Both servers have taken a login: what was lost is found, and what waited for its first login begins.

import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { NO_SUBJECT, record } from "../events/actions.ts";
import {
  activateInbox,
  clearReadFailures,
  clearSendFailures,
  findInbox,
  reconnectInbox,
} from "./store.ts";

/** A pause stays, for somebody meant it. */
export function noteLoginWorks(ledger: Ledger, tx: Tx, id: number): void {
  const inbox = findInbox(tx, id);
  clearSendFailures(tx, id);
  clearReadFailures(tx, id);
  if (inbox?.state === "pending_auth") activateInbox(tx, id);
  if (inbox?.state === "disconnected" || inbox?.state === "needs_login") {
    reconnectInbox(tx, id);
    record(ledger, tx, { event: "inbox.reconnected", detail: {} }, { ...NO_SUBJECT, inbox_id: id });
  }
  tx.nudge("read");
  tx.nudge("send");
}
