// Adds to what a mail is what its person means: of answers only, and an opt-out that the model hears counts as one.

import type { ParsedMail } from "../../core/inbound.ts";
import type { JudgedMeaning } from "../../core/meaning.ts";
import { newText } from "../../core/reply-text.ts";
import { shownEvidence } from "../../core/shown-evidence.ts";
import type { Verdict } from "../../core/verdict.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { judgeReply } from "../../resources/meanings/actions.ts";

/** The judgement of a person's answer with its meaning; any other as it is. Reads only. */
export function judgeAnswer(ledger: Ledger, judgement: Verdict, mail: ParsedMail): Verdict {
  // An invitation says itself what it is.
  if (judgement.kind !== "reply" || judgement.category !== null) return judgement;
  const meaning = judgeReply(ledger, newText(mail), mail.subject);
  const judged = { ...judgement, ...factsOf(meaning) };
  return meaning.category === "unsubscribe_request" ? { ...judged, kind: "unsubscribe" } : judged;
}

const factsOf = ({ category, confidence, unsure, source, evidence }: JudgedMeaning) => ({
  category,
  confidence,
  unsure,
  source,
  evidence: evidence === null ? null : shownEvidence(evidence.text),
  evidence_span: evidence === null ? null : { start: evidence.start, end: evidence.end },
});
