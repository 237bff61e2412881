// Records what happened: the event and its counter, in the transaction of the state that it reports. Neither is
// ever written without the others.
import { type DomainEvent, EVENT_COUNTERS, type EventSubject } from "../../core/events.ts";
import { localDay } from "../../core/zones.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { insertEvent } from "./store.ts";

/** Nothing that an event could name. */
export const NO_SUBJECT: EventSubject = {
  campaign_id: null,
  lead_id: null,
  step_id: null,
  message_id: null,
  inbox_id: null,
};

/** Writes the event and adds it to its counter, on the workspace's local day. */
export function record(ledger: Ledger, tx: Tx, event: DomainEvent, subject: EventSubject): void {
  insertEvent(tx, {
    event: event.event,
    subject,
    variant_id: subject.variant_id ?? null,
    detail: JSON.stringify(event.detail),
    day: localDay(tx.now, ledger.workspace().zone),
    metric: EVENT_COUNTERS[event.event],
  });
  tx.nudge("notify");
}
