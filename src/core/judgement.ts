// The shape of a judgement, and the one place where it is made: evidence is somebody else's text.

import type { BounceCategory } from "./bounce-words.ts";
import type { CalendarReading } from "./calendar.ts";
import type { Dsn, DsnAction } from "./dsn.ts";
import type { Meaning, MeaningSource } from "./meaning.ts";
import type { Referred } from "./referred.ts";
import { shownEvidence } from "./shown-evidence.ts";

export type ReplyKind =
  "reply" | "auto_reply" | "hard_bounce" | "soft_bounce" | "complaint" | "unsubscribe" | "ignore";

export type JudgedCategory =
  "out_of_office" | "auto_reply" | "unsubscribe_request" | "meeting_requested";

/** What a delivery report says of one recipient. `delayed` and `delivered` come with kind `ignore`. */
export interface BounceReading {
  form: Dsn["form"];
  action: DsnAction;
  recipient: string | null;
  fault: "mailbox" | "sender" | "transient" | null;
  category: BounceCategory | null;
  enhanced_status: string | null;
  diagnostic: string | null;
}

export interface Judgement {
  kind: ReplyKind;
  /** Of a person's words: what they mean, once that is judged (meaning.ts). An invitation says itself that it asks for a meeting. */
  category: JudgedCategory | Meaning | null;
  /** 0 to 1. */
  confidence: number;
  source: "header" | MeaningSource;
  /** Of a person's reply: the category is the best of several. */
  unsure?: boolean;
  /** Of a person's reply: where the evidence stands in its new text, in UTF-16 units. */
  evidence_span?: { start: number; end: number } | null;
  /** The header, code or words that decided, at most 200 characters. */
  evidence: string | null;
  /** `YYYY-MM-DD`, of an out-of-office only. */
  return_date: string | null;
  bounce: BounceReading | null;
  /** Of bounces and complaints: ids of the mail they are about. Nothing has an effect before one of them is ours (I6). */
  original_message_ids: string[];
  /** What automatic mail says beyond "a machine wrote this": the person has gone for good, or wants a proof that we are one. */
  notice: "left_company" | "challenge" | null;
  /** Of automatic mail: whom it names to turn to. A suggestion, never mailed. */
  referred_to: Referred | null;
  /** Of invitations and the answers to them. */
  calendar: CalendarReading | null;
}

export interface JudgeContext {
  /** Addresses of our own inboxes: their mail is never judged. */
  own_addresses?: readonly string[];
  /** Whom a report must be about, if it names several. */
  recipient?: string;
  /** The secret of unsubscribe addresses and subjects. */
  secret?: Uint8Array;
  /** Whether a Message-ID is one of ours: a report that names only others is backscatter. */
  issued?: (message_id: string) => boolean;
  /** When it came in, ms UTC, for dates without a year; else the mail's own date. */
  received_at?: number;
}

/** A judgement of this kind with its evidence; what belongs to some kinds only is empty. */
export function judged(
  kind: ReplyKind,
  category: JudgedCategory | null,
  source: "header" | "rule",
  evidence: string | null,
): Judgement {
  return {
    kind,
    category,
    confidence: source === "header" ? 0.99 : 0.9,
    source,
    evidence: evidence === null ? null : shownEvidence(evidence),
    return_date: null,
    bounce: null,
    original_message_ids: [],
    notice: null,
    referred_to: null,
    calendar: null,
  };
}
