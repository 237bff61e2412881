// A step that its author sends to themself.

export interface TestMailOrder {
  /** Given before, so that asking again finds the mail and does not send it again. */
  message_id: number;
  campaign_id: number;
  step_id: number;
  /** As whom it is written; null: as nobody. */
  lead_id: number | null;
  to: string;
}
