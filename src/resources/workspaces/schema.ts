// How workspaces look on the wire.
import { t } from "elysia";

import { idOf, instant, integer, nullable, pageQuery, word } from "../../http/schemas.ts";

const TIERS = ["spark", "surge", "velocity", "apex"] as const;

const settings = {
  name: t.String({ minLength: 1, maxLength: 120, examples: ["Acme sales"] }),
  zone: t.String({
    maxLength: 64,
    description:
      "IANA time zone. Its days are the days of all limits and numbers, and leads without a zone of their own are mailed by it.",
    examples: ["Europe/Berlin"],
  }),
  tier: word(
    TIERS,
    "What the workspace may do: `spark` has no API, `surge` 100 requests a minute and 5,000 mails a day for each campaign, `velocity` 500 and 25,000, `apex` 6,000 and 100,000.",
  ),
  postal_address: nullable(
    t.String({
      maxLength: 500,
      description: "Your address, for the foot of your mails: the law wants it in many countries.",
      examples: ["Acme GmbH, Hauptstr. 1, 10115 Berlin"],
    }),
  ),
  retention_days: nullable(
    integer({
      minimum: 1,
      maximum: 3650,
      description: "How long the text of mails is kept. Null: for ever.",
    }),
  ),
};

export const NewWorkspace = t.Object({
  name: settings.name,
  zone: settings.zone,
  tier: t.Optional(settings.tier),
  postal_address: t.Optional(settings.postal_address),
  retention_days: t.Optional(settings.retention_days),
});

export const WorkspaceChange = t.Partial(NewWorkspace);

export const Workspace = t.Object({
  id: idOf("ws"),
  object: t.Literal("workspace"),
  ...settings,
  created_at: instant,
  updated_at: instant,
});
export type Workspace = typeof Workspace.static;

export const WorkspaceQuery = t.Object(pageQuery);
