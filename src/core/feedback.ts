// Complaints: feedback reports of providers (ARF, RFC 5965) that a person pressed "this is spam".
import type { ParsedMail } from "./inbound.ts";
import { blocksOf, originalIds, typedAddress } from "./report-fields.ts";

export interface FeedbackReport {
  /** `abuse`, `fraud`, `virus`, `not-spam`, `opt-out`, `auth-failure`, `other` ... */
  type: string;
  /** Whose complaint it is, lower case; providers often leave it out. */
  recipient: string | null;
  original_message_ids: string[];
}

/** The feedback report that a mail is, or null. */
export function readFeedback(mail: ParsedMail): FeedbackReport | null {
  const part = mail.parts.find(({ content_type }) => content_type === "message/feedback-report");
  if (part === undefined) return null;
  const [fields] = blocksOf(part.text.trimStart());
  const type = fields?.get("feedback-type")?.trim().toLowerCase();
  if (type === undefined || type === "") return null;
  return {
    type: type.slice(0, 100),
    recipient: typedAddress(fields?.get("original-rcpt-to")),
    original_message_ids: originalIds(mail, null),
  };
}
