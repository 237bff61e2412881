// How replies look on the wire.
import { t } from "elysia";

import { CATEGORIES } from "../../core/reply-categories.ts";
import { idOf, instant, nullable, pageQuery, word } from "../../http/schemas.ts";

export const REPLY_KINDS = [
  "reply",
  "auto_reply",
  "hard_bounce",
  "soft_bounce",
  "complaint",
  "unsubscribe",
  "ignore",
] as const;

const ThreadPart = t.Object({
  id: t.String({ description: "`msg_…` or `rpl_…`.", examples: ["msg_00000000007"] }),
  object: word(["message", "reply"]),
  kind: t.String({
    description:
      "Of ours: `step`, or `answer` where somebody wrote it. Of theirs: the reply's kind.",
  }),
  from: t.String(),
  subject: t.String(),
  text: nullable(
    t.String({ description: "The words as plain text; of theirs what is new. Null once erased." }),
  ),
  state: nullable(
    t.String({ description: "Of ours: `sent`, or `uncertain` where it is in doubt." }),
  ),
  by: nullable(
    t.String({ description: "Of an answer: who wrote it, the public id of a key or a user." }),
  ),
  at: instant,
});

const fields = {
  id: idOf("rpl"),
  object: t.Literal("reply"),
  kind: word(REPLY_KINDS, "What the mail is."),
  category: nullable(
    t.String({
      description:
        "What it means: the machine's word, or a person's where there is one (then `source` is `person`).",
      examples: ["interested"],
    }),
  ),
  machine_category: nullable(
    t.String({ description: "What the machine said, whatever a person says." }),
  ),
  confidence: nullable(t.Number({ description: "0 to 1; a person's word is 1." })),
  unsure: t.Boolean({ description: "The category is the best guess, and a weak one." }),
  source: nullable(
    t.String({
      description: "What decided: `header`, `rule`, `model`, `endpoint` or `person`.",
      examples: ["rule"],
    }),
  ),
  evidence: nullable(t.String({ description: "The header, code or words that decided." })),
  from: t.String(),
  subject: t.String(),
  text: nullable(
    t.String({
      description:
        "What is new in it, without quotes and signature, as plain text: never HTML. Null in lists for an untracked mail, whose words are fetched when it is opened.",
    }),
  ),
  return_date: nullable(t.String({ description: "Of an absence: `YYYY-MM-DD`." })),
  enhanced_status: nullable(t.String({ description: "Of a bounce: `5.1.1`." })),
  fault: nullable(word(["mailbox", "sender", "transient"], "Of a bounce: whose fault it is.")),
  matched_by: t.String({
    description:
      "How it was found out whose it is: `message_id`, `unsubscribe_token`, `sender`, `related`, `report`, `person`; `untracked` while nobody knows.",
    examples: ["message_id"],
  }),
  lead_id: nullable(idOf("lead")),
  campaign_id: nullable(idOf("cmp")),
  message_id: nullable(
    t.Unsafe<string>({ ...idOf("msg"), description: "The mail that it answers." }),
  ),
  inbox_id: idOf("inb"),
  read: t.Boolean(),
  received_at: instant,
};

export const Reply = t.Object(fields);
export type Reply = typeof Reply.static;

export const OpenReply = t.Object(
  {
    ...fields,
    thread: t.Array(ThreadPart, {
      description:
        "What went to and fro between the lead and this inbox, oldest first, at most the last 100 mails.",
    }),
  },
  { title: "ReplyWithThread" },
);
export type OpenReply = typeof OpenReply.static;

const yes_or_no = word(["true", "false"]);

export const ReplyQuery = t.Object({
  ...pageQuery,
  category: t.Optional(word(CATEGORIES)),
  kind: t.Optional(word(REPLY_KINDS)),
  campaign_id: t.Optional(idOf("cmp")),
  inbox_id: t.Optional(idOf("inb")),
  lead_id: t.Optional(idOf("lead")),
  unread: t.Optional(
    t.Unsafe<"true" | "false">({ ...yes_or_no, description: "`true`: only unread ones." }),
  ),
  untracked: t.Optional(
    t.Unsafe<"true" | "false">({
      ...yes_or_no,
      description:
        "`true`: mails that may be answers and belong to no lead yet, instead of those of leads.",
    }),
  ),
  q: t.Optional(
    t.String({ maxLength: 200, description: "A part of the sender, the subject or the text." }),
  ),
});

export const ReplyChange = t.Object({
  category: t.Optional(word(CATEGORIES, "What it really means.")),
  read: t.Optional(t.Boolean()),
  lead_id: t.Optional(
    t.Unsafe<string>({ ...idOf("lead"), description: "Whose it is; of an untracked mail only." }),
  ),
  message_id: t.Optional(
    t.Unsafe<string>({
      ...idOf("msg"),
      description: "What it answers; left out: the last mail of this inbox to the lead.",
    }),
  ),
});
