// The mail of a step without its words: a forecast asks only whether it could be written. It has no bytes, so every mail
// port refuses it (mail/order.ts), and only the desk of a forecast is given it.

import { lackedVariables, neededVariables } from "../../core/lacking.ts";
import type { Step } from "../../core/sequence.ts";
import { type Composed, variablesOfLead } from "../../core/step-mail.ts";
import { pickVariant } from "../../core/variants.ts";
import { type ComposeStep, composeStep } from "../send/compose.ts";

/** Tags decide by values, filters other than `default` may not like them, and an object is no text: Liquid has the word. */
const HANGS_ON_VALUES = /\{%|\{\{[^}]*\|\s*(?!default\b)[a-z_]+|\{\{\s*custom\s*[|}]/;
const NO_WORDS = { subject: "", text: null, html: null, bytes: new Uint8Array(0), links: [] };

interface Wording {
  /** What a lead needs: for each variant, or for the step's own words. */
  needed: string[][];
  /** Only a variable that is lacking can keep it from being written. */
  is_plain: boolean;
  has_subject: boolean;
}

function wordingOf(step: Step): Wording {
  const words = step.variants.length > 0 ? step.variants : [step];
  return {
    needed: neededVariables(step),
    is_plain: words.every(({ subject, body }) => !HANGS_ON_VALUES.test(`${subject} ${body}`)),
    has_subject: words.every(({ subject }) => subject !== ""),
  };
}

/** Composes like the engine where it could fail, and not at all where nothing can keep the mail from being written. */
export function openUnwritten(): ComposeStep {
  const known = new Map<number, Wording>();
  return (ledger, reading, order) => {
    const { step, lead, enrollment } = order;
    const wording = known.get(step.id) ?? wordingOf(step);
    known.set(step.id, wording);
    // Without a mail before it a bare subject is borrowed from the first step.
    const is_sure = wording.is_plain && (wording.has_subject || enrollment.sent_count > 0);
    const person = { id: lead.id, variables: variablesOfLead(lead) };
    if (!is_sure || lackedVariables(step, wording.needed, person).length > 0)
      return withoutWords(composeStep(ledger, reading, order));
    const variant = step.variants[pickVariant(step.variants, `${lead.id}|${step.id}`)];
    return { ok: true, content: { ...NO_WORDS, variant_id: variant ? String(variant.id) : null } };
  };
}

function withoutWords(composed: Composed): Composed {
  return composed.ok ? { ok: true, content: { ...composed.content, ...NO_WORDS } } : composed;
}
