// The URL at which one asks what a reply would mean. It answers from what is there and stores nothing.

import { Elysia } from "elysia";

import { cutQuotes } from "../../core/reply-text.ts";
import { ok } from "../../http/envelope.ts";
import { okOf } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { judgeReply, meaningPrecision } from "./actions.ts";
import { Classification, ClassifyWish } from "./schema.ts";

function classify(ledger: Ledger, wish: typeof ClassifyWish.static) {
  const text = cutQuotes(wish.text);
  const { source, ...judged } = judgeReply(ledger, text, wish.subject ?? "");
  return ok({
    object: "classification" as const,
    ...judged,
    // The classifier of the settings is never asked here.
    source: source === "endpoint" ? ("model" as const) : source,
    text,
    corrections: meaningPrecision(ledger),
  });
}

export const meanings = (wiring: Wiring) =>
  new Elysia({ name: "meanings", prefix: "/replies" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .post("/classify", ({ ledger, body }) => classify(ledger, body), {
      body: ClassifyWish,
      response: okOf(Classification),
      detail: {
        operationId: "classifyReply",
        tags: ["Replies"],
        summary: "Ask what a reply would mean",
        description:
          "What imail would say of this text as a person's reply, with the words that decided and how sure it is. Offline: opt-outs are found by their words first, then phrases of one meaning, then the trained model with your own corrections. Nothing is stored, nothing has an effect, and the classifier of your settings (`classifier_url`) is not asked. Texts above 64 KB are refused with `invalid`; `GET /docs` names what each category does to a campaign.",
      },
    });
