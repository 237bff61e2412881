// Every event and the shape of its data, as one typed union. An event that nobody documents does not compile.

/** What every event's `data` names, as far as there is any. Inside: integers; on the wire: prefixed ids. */
export interface EventSubject {
  campaign_id: number | null;
  lead_id: number | null;
  step_id: number | null;
  message_id: number | null;
  inbox_id: number | null;
  /** Of a mail with variants: which one; counted beside the step. */
  variant_id?: string | null;
}

type Facts = Record<string, string | number | boolean | null>;

export type DomainEvent =
  | { event: "email.sent"; detail: { response: string; at: number } }
  | { event: "email.delivered"; detail: { evidence: "dsn" | "engaged" | "no_bounce" } }
  | {
      event: "email.bounced.hard";
      detail: { category: string; enhanced_status: string | null; diagnostic: string | null };
    }
  | {
      event: "email.bounced.soft";
      detail: { category: string; enhanced_status: string | null; diagnostic: string | null };
    }
  | { event: "email.resolved"; detail: { as: "sent" | "failed" | "send_again"; by: string } }
  | { event: "reply.received"; detail: { reply_id: string; subject: string } }
  | {
      event: "reply.classified";
      detail: {
        reply_id: string;
        kind: string;
        category: string | null;
        confidence: number | null;
        /** Where a person has said so: who. */
        by?: string;
        /** Of a person's reply: the category is the best of several. */
        unsure: boolean | null;
        source: string;
        evidence: string | null;
      };
    }
  | { event: "reply.answered"; detail: { reply_id: string; by: string; at: number } }
  | { event: "lead.held"; detail: { until: string; reason: string } }
  | { event: "lead.paused"; detail: { by: string } }
  | { event: "lead.resumed"; detail: { by: string } }
  | { event: "lead.stopped"; detail: { by: string } }
  | { event: "meeting.booked"; detail: { source: string; at: number | null } }
  | { event: "lead.unsubscribed"; detail: { source: string } }
  | { event: "complaint.received"; detail: { source: string } }
  | { event: "campaign.paused"; detail: { by: string; reason: string } }
  | { event: "inbox.disconnected"; detail: { fault: string; reason: string } }
  | { event: "inbox.reconnected"; detail: Facts };

export type EventName = DomainEvent["event"];

/** What each event means, for the docs; its order is the order in which the API lists them. */
export const EVENT_MEANINGS: Record<EventName, string> = {
  "email.sent": "The submission server took the mail.",
  "email.delivered":
    "There is evidence that the mail arrived: a delivery report, a reaction, or no bounce for 6 hours.",
  "email.bounced.hard": "The mailbox does not exist or takes no mail; the address is suppressed.",
  "email.bounced.soft": "The mail did not arrive this time; `category` says why.",
  "email.resolved":
    "Somebody settled a mail in doubt: `as` says how (`sent`, `failed`, `send_again`), `by` who did.",
  "reply.received": "A person answered.",
  "reply.classified": "imail has judged a matched mail: what it is and how sure that is.",
  "reply.answered": "Somebody answered a reply through imail; `by` says who.",
  "lead.held": "The lead is away: nothing is sent before `until`.",
  "lead.paused":
    "Nothing more is sent to the lead until somebody resumes it; `by` says who or what paused it.",
  "lead.resumed": "The lead goes on where it stood; `by` says who wanted that.",
  "lead.stopped": "Somebody ended the lead's way through the campaign; `by` says who.",
  "meeting.booked":
    "A meeting with the lead stands: the lead accepted an invitation, or a booking page says so. Told once for each meeting.",
  "lead.unsubscribed":
    "The lead asked not to be mailed again; the address is suppressed in the whole workspace.",
  "complaint.received": "The lead reported the mail as spam; the address is suppressed.",
  "campaign.paused": "A campaign was paused; `by` and `reason` say by whom and why.",
  "inbox.disconnected":
    "A mailbox cannot be used: three failures over five minutes, with the server's words.",
  "inbox.reconnected": "A mailbox that was disconnected works again.",
};

/** The counter that an event adds to, or null where an event counts nothing. */
export const EVENT_COUNTERS: Record<EventName, string | null> = {
  "email.sent": "sent",
  "email.delivered": "delivered",
  "email.bounced.hard": "bounced_hard",
  "email.bounced.soft": "bounced_soft",
  "email.resolved": null,
  "reply.received": "replied",
  "reply.classified": null,
  "reply.answered": null,
  "lead.held": null,
  "lead.paused": null,
  "lead.resumed": null,
  "lead.stopped": null,
  "meeting.booked": "meetings",
  "lead.unsubscribed": "unsubscribed",
  "complaint.received": "complained",
  "campaign.paused": null,
  "inbox.disconnected": null,
  "inbox.reconnected": null,
};
