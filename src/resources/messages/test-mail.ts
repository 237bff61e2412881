// Reads the wish for a test mail: to one's own addresses only, for what counts nowhere and obeys no limit must reach nobody else.

import { parseAddress } from "../../core/address.ts";
import { notFound } from "../../core/faults.ts";
import { parseId } from "../../core/ids.ts";
import { issue, refuseIssues } from "../../core/issues.ts";
import type { TestMailOrder } from "../../core/test-mail.ts";
import type { Control } from "../../ledger/control.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { hasUser } from "../auth/store.ts";
import { listSteps } from "../campaigns/steps.store.ts";
import { findCampaign } from "../campaigns/store.ts";
import { findFirstLeadId } from "../enrollments/store.ts";
import { findInboxByEmail } from "../inboxes/store.ts";
import { findLead } from "../leads/store.ts";

interface Wish {
  step_id: string;
  to: string;
  lead_id?: string | undefined;
}

const TO_RULE =
  "must be the address of one of your inboxes, or that of your account: a test goes to nobody else";

export function readTestMail(
  ledger: Ledger,
  control: Control,
  campaign_id: number,
  wish: Wish,
): Omit<TestMailOrder, "message_id"> {
  if (!findCampaign(ledger, campaign_id)) throw notFound("campaign");
  const to = parseAddress(wish.to);
  const is_own = to !== null && (findInboxByEmail(ledger, to) !== null || hasUser(control, to));
  const step_id = parseId("stp", wish.step_id);
  const step = listSteps(ledger, campaign_id).find(({ id }) => id === step_id);
  const named = wish.lead_id === undefined ? null : (parseId("lead", wish.lead_id) ?? -1);
  const lead = named === null ? null : findLead(ledger, named);
  refuseIssues([
    ...(step ? [] : [issue("step_id", "names no step of this campaign")]),
    ...(is_own ? [] : [issue("to", TO_RULE)]),
    ...(named !== null && !lead
      ? [issue("lead_id", "names no lead of this workspace and mode")]
      : []),
  ]);
  const lead_id = lead?.id ?? findFirstLeadId(ledger, campaign_id);
  return { campaign_id, step_id: step?.id ?? 0, lead_id, to: to ?? "" };
}
