// A data directory that was copied or restored starts with every campaign paused: two copies never both send, and an
// older one must not send again what a newer one has sent (domain.md "A message").

import type { Ledger } from "./ledger/ledger.ts";
import { listCampaigns, setCampaignState } from "./resources/campaigns/store.ts";
import { NO_SUBJECT, record } from "./resources/events/actions.ts";

const BATCH = 1000;
/** Pauses every active campaign of a live ledger, and says why. Safe to repeat after a crash. */
export function pauseCopied(ledger: Ledger, reason: string): void {
  const why = { by: "copy", reason };
  if (ledger.mode === "test") return;
  const filter = { status: "active", inbox_id: null, q: null, limit: BATCH, offset: 0 } as const;
  let before = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const campaigns = listCampaigns(ledger, { ...filter, before });
    const last = campaigns.at(-1);
    if (!last) return;
    before = last.id;
    ledger.write((tx) => {
      for (const { id } of campaigns) {
        setCampaignState(tx, id, "paused", why);
        record(
          ledger,
          tx,
          { event: "campaign.paused", detail: why },
          { ...NO_SUBJECT, campaign_id: id },
        );
      }
    });
  }
}
