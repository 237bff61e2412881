// How what a reply means looks on the wire.

import { t } from "elysia";

import { MEANINGS } from "../../core/meaning.ts";
import { integer, nullable, word } from "../../http/schemas.ts";

export const ClassifyWish = t.Object({
  text: t.String({
    maxLength: 65_536,
    description: "What the person wrote. Quotes, signatures and footers are cut from it.",
    examples: ["Thanks, but we already have a vendor for this."],
  }),
  subject: t.Optional(
    t.String({
      maxLength: 998,
      description: "Asked for opt-outs only: its other words are yours.",
    }),
  ),
});

const part = (description: string) => t.Number({ minimum: 0, maximum: 1, description });
const count = (description: string) => integer({ minimum: 0, maximum: 2 ** 53 - 1, description });

export const Classification = t.Object(
  {
    object: t.Literal("classification"),
    category: word(
      MEANINGS,
      "What it means. `unsubscribe_request`: the person asks for no more mail.",
    ),
    confidence: part("How often such an answer is right."),
    unsure: t.Boolean({ description: "True where `category` is only the best of several." }),
    source: word(
      ["rule", "model", "person"],
      "Who decided: phrases with one meaning, the trained model, or your own corrections.",
    ),
    evidence: nullable(
      t.Object(
        {
          text: t.String(),
          start: count("Where it begins in `text`, in UTF-16 units."),
          end: count("Where it ends."),
        },
        { description: "The part of the text that spoke most for it." },
      ),
    ),
    text: t.String({ description: "The new text that was judged." }),
    corrections: t.Object(
      {
        judged: count("People's replies that imail has judged in this workspace."),
        corrected: count("Those of them on which you said otherwise."),
        precision: nullable(part("The part that you did not correct; null before the first.")),
        by_category: t.Array(
          t.Object({
            category: t.String({ description: "What imail had said." }),
            confirmed: count("How often you said the same."),
            corrected: count("How often you said otherwise."),
          }),
        ),
      },
      { description: "How often imail was right by your own corrections." },
    ),
  },
  { title: "Classification" },
);
