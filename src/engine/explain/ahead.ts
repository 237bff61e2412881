// How many of the same campaign are due before a lead: those that the round would take first.

import { isOpen } from "../../core/window.ts";
import type { CampaignRow } from "../../resources/campaigns/store.ts";
import {
  countFirstStepsBefore,
  countFollowUpsBefore,
} from "../../resources/enrollments/explain.store.ts";
import type { EnrollmentRow } from "../../resources/enrollments/store.ts";
import { listFirstZones, listFollowUpZones } from "../../resources/enrollments/waiting.store.ts";
import type { Scene } from "./scene.ts";

/** More are not counted: nobody waits for the exact number. */
const COUNTED_MOST = 1000;

/** At most 1,000, over the zones whose window is open: who is due earlier where it is closed does not go before. */
export function countAhead(
  { ledger, now }: Scene,
  { send_window }: CampaignRow,
  enrollment: EnrollmentRow,
): number {
  const { campaign_id, inbox_id, due_at } = enrollment;
  if (due_at === null) return 0;
  const zones =
    inbox_id === null
      ? listFirstZones(ledger, campaign_id)
      : listFollowUpZones(ledger, inbox_id, campaign_id);
  let ahead = 0;
  for (const zone of zones) {
    if (!isOpen(send_window, zone, now)) continue;
    const place = { campaign_id, zone, due_at, most: COUNTED_MOST - ahead };
    ahead +=
      inbox_id === null
        ? countFirstStepsBefore(ledger, place)
        : countFollowUpsBefore(ledger, { ...place, inbox_id });
    if (ahead >= COUNTED_MOST) break;
  }
  return ahead;
}
