// How a mail was judged that came in through the API of test mode.
import type { Judgement } from "./classify.ts";

export interface Received {
  /** `taken` had its effect; `repeated` had it before; `untracked` belongs to nobody and is not stored. */
  outcome: "taken" | "repeated" | "untracked";
  judgement: Judgement;
  /** The stored reply, only of `taken`. */
  reply_id: number | null;
  matched_by: string | null;
  inbox_id: number;
  lead_id: number | null;
  campaign_id: number | null;
  message_id: number | null;
  sender: string;
  subject: string;
  /** The new text only. */
  text: string;
  /** ms UTC, on the test clock. */
  received_at: number;
}
