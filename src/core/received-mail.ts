// How a mail was judged that came in through the API of test mode.
import type { Verdict } from "./verdict.ts";

export interface Received {
  /** `taken` had its effect; `repeated` had it before; `untracked` is no lead's: at most its envelope is kept. */
  outcome: "taken" | "repeated" | "untracked";
  judgement: Verdict;
  /** The stored reply, or the listed envelope; null where nothing is kept. */
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
