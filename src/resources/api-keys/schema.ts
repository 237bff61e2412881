// How API keys look on the wire. The whole key is in two answers only: when it is made and when it is rotated.
import { t } from "elysia";

import { SCOPES } from "../../core/scopes.ts";
import { MODES } from "../../core/states.ts";
import { idOf, instant, nullable, pageQuery, word } from "../../http/schemas.ts";
import { KEY_STATUSES } from "./store.ts";

const name = t.String({
  maxLength: 120,
  description: "One line, for you only: what uses this key.",
  examples: ["CI"],
});

const scopes = t.Array(word([...SCOPES, "all"]), {
  minItems: 1,
  maxItems: 32,
  description:
    'What the key may do; `write` implies `read`. `["all"]` stands for every scope. A key can give only scopes that it has itself.',
  examples: [["campaigns:write", "leads:write"]],
});

const ends = nullable(
  t.Unsafe<string>({
    ...instant,
    description: "After this instant the key is refused. Null or left out: it does not expire.",
    examples: ["2027-06-30T00:00:00Z"],
  }),
);

export const NewApiKey = t.Object({
  name: t.Optional(name),
  scopes,
  expires_at: t.Optional(ends),
});

export const ApiKeyChange = t.Object({
  name: t.Optional(name),
  scopes: t.Optional(scopes),
  expires_at: t.Optional(ends),
});

const fields = {
  id: idOf("key"),
  object: t.Literal("api_key"),
  public_id: t.String({
    description: "What stands before the dot of the key. Public: lists and logs show it.",
    examples: ["imk_live_7h2k9c4m1x8v3p5w"],
  }),
  name: t.String({ examples: ["CI"] }),
  mode: word(MODES, "The data that it acts on. It never changes."),
  scopes: t.Array(word(SCOPES)),
  status: word(KEY_STATUSES),
  created_at: instant,
  last_used_at: nullable(
    t.Unsafe<string>({ ...instant, description: "To the minute. Null: never used." }),
  ),
  expires_at: nullable(instant),
  revoked_at: nullable(instant),
};

export const ApiKey = t.Object(fields);
export type ApiKey = typeof ApiKey.static;

export const ShownApiKey = t.Object(
  {
    ...fields,
    key: t.String({
      description: "The whole key. This is the only answer that holds it: keep it now.",
      examples: ["imk_live_7h2k9c4m1x8v3p5w.kE5v2Jq0lYbq3mVd8Zr1Xn7Tg4Ws6Pu9Ho2Ai5Cf0e8"],
    }),
  },
  { title: "ShownApiKey" },
);

export const ApiKeyQuery = t.Object({
  ...pageQuery,
  status: t.Optional(word(KEY_STATUSES, "`active` when left out.")),
});
