// What the effects ask of a judgement: whoever judged, a rule, a model or a person.
import type { Judgement } from "./classify.ts";

export type Verdict = Pick<
  Judgement,
  | "kind"
  | "confidence"
  | "source"
  | "evidence"
  | "return_date"
  | "bounce"
  | "unsure"
  | "evidence_span"
> & {
  /** A reply category; null where the meaning was not judged. */
  category: string | null;
};
