// How suppressions look on the wire.

import { t } from "elysia";

import { idOf, instant, integer, nullable, pageQuery, word } from "../../http/schemas.ts";
import { SUPPRESSION_REASONS } from "./store.ts";

const KINDS = ["address", "domain"] as const;

const value = t.String({
  minLength: 1,
  maxLength: 254,
  description:
    "One address, or a domain: then every address at exactly this domain, not at its subdomains. Compared in lower case and IDNA, plus tags kept.",
  examples: ["ada@example.com", "example.com"],
});
const evidence = t.Optional(
  nullable(
    t.String({
      maxLength: 500,
      description: "What shows it: the words, the ticket, the server's answer.",
      examples: ["Asked by phone on 12 May"],
    }),
  ),
);

export const NewSuppression = t.Object({
  value,
  reason: t.Optional(
    word(
      ["manual", "unsubscribed", "bounced", "complained"],
      "Default `manual`. `unsubscribed` and `complained` are a person's own wish and cannot be taken back without a proof of consent.",
    ),
  ),
  evidence,
});

export const Suppression = t.Object({
  id: idOf("sup"),
  object: t.Literal("suppression"),
  kind: word(KINDS),
  value: nullable(
    t.String({ description: "Null once the person was erased: only a keyed hash is left." }),
  ),
  reason: word(SUPPRESSION_REASONS),
  source: t.String({
    description:
      "Where it came from: `api`, `csv`, `reply`, `mailto`, `bounce`, `arf`, `one_click` …",
  }),
  evidence: nullable(t.String()),
  created_at: instant,
});
export type Suppression = typeof Suppression.static;

export const BulkSuppressions = t.Object({
  suppressions: t.Array(t.Any({ "x-shown": NewSuppression }), {
    minItems: 1,
    maxItems: 5000,
  }),
});

/** JSON or a CSV as bytes: the route itself holds JSON against `BulkSuppressions`. */
export const BulkBody = t.Unsafe<unknown>({
  ...t.Any(),
  allOf: [BulkSuppressions],
  required: ["suppressions"],
});

const count = (description: string) => integer({ minimum: 0, maximum: 5000, description });

export const BulkResult = t.Object(
  {
    created: count("New on the list."),
    updated: count("There before for a weaker reason, now with the person's own wish."),
    skipped: count("There before, or a repeat within the call."),
    invalid: t.Array(
      t.Object({
        index: t.Integer({ description: "Of the row, from 0." }),
        code: t.String(),
        field: t.String(),
        message: t.String(),
      }),
    ),
  },
  { description: "Every row is counted once: the four add up to the number of rows." },
);

export const SuppressionQuery = t.Object({
  ...pageQuery,
  kind: t.Optional(word(KINDS)),
  reason: t.Optional(word(SUPPRESSION_REASONS)),
  email: t.Optional(
    t.String({
      maxLength: 254,
      description:
        "Only what keeps this address from being mailed: its own entry and its domain's, erased ones too.",
    }),
  ),
  q: t.Optional(t.String({ maxLength: 254, description: "A part of the address or domain." })),
  format: t.Optional(
    word(
      ["json", "csv"],
      "`csv` answers all that match at once, without pages; erased ones have no value and are left out.",
    ),
  ),
});

export const LiftQuery = t.Object({
  consent: t.Optional(
    t.String({
      minLength: 10,
      maxLength: 500,
      description:
        "How and when the person agreed to be mailed again. Needed for `unsubscribed` and `complained`; kept for good.",
      examples: ["Signed up again on the website on 2027-01-31"],
    }),
  ),
});
