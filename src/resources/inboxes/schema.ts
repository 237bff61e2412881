// How inboxes look on the wire. Passwords come in and never go out.
import { t } from "elysia";

import { INBOX_STATES, SYNC_STATES } from "../../core/states.ts";
import { idOf, instant, integer, nullable, pageQuery, word } from "../../http/schemas.ts";

export const PROVIDERS = ["smtp", "gmail", "microsoft", "sandbox"] as const;
const SECURITIES = ["tls", "starttls", "none"] as const;

const serverFields = {
  host: t.Optional(
    t.String({
      minLength: 1,
      maxLength: 253,
      description:
        "Found from the address when left out: big providers, the provider behind the domain's MX, then the domain's own SRV records.",
    }),
  ),
  port: t.Optional(integer({ minimum: 1, maximum: 65_535 })),
  security: t.Optional(
    word(SECURITIES, "Found from the port when left out. `none` only towards this machine itself."),
  ),
  username: t.Optional(
    t.String({ minLength: 1, maxLength: 254, description: "Default: the address." }),
  ),
  ca: t.Optional(
    nullable(
      t.String({
        maxLength: 65_536,
        description: "PEM of a private certificate authority, beside the system's.",
      }),
    ),
  ),
};
const password = (description: string) =>
  t.Optional(t.String({ minLength: 1, maxLength: 1024, description }));

const SmtpDraft = t.Object({
  ...serverFields,
  password: password("Often an app password. Never shown again."),
});
const ImapDraft = t.Object({
  ...serverFields,
  password: password("Default: that of `smtp`, which then must have the same user name."),
});
export type ServerDraft = typeof SmtpDraft.static;

const settings = {
  name: t.Optional(
    t.String({
      maxLength: 120,
      description: "The name that recipients see.",
      examples: ["Ada Lovelace"],
    }),
  ),
  smtp: t.Optional(SmtpDraft),
  imap: t.Optional(ImapDraft),
  daily_limit: t.Optional(integer({ minimum: 1, maximum: 10_000, description: "Default 50." })),
  hourly_limit: t.Optional(
    integer({ minimum: 1, maximum: 10_000, description: "In any 60 minutes; default 10." }),
  ),
  min_gap_seconds: t.Optional(
    integer({ minimum: 0, maximum: 86_400, description: "Between two mails, ±25 %; default 600." }),
  ),
  signature: t.Optional(t.String({ maxLength: 10_000, description: "Text below every mail." })),
  reply_to: t.Optional(nullable(t.String({ maxLength: 254 }))),
  save_sent: t.Optional(
    word(
      ["auto", "always", "never"],
      "Whether a copy is filed in Sent; `auto` finds out if the provider does it.",
    ),
  ),
};

export const NewInbox = t.Object({
  email: t.String({
    maxLength: 254,
    description: "The mailbox's own address. It cannot change.",
    examples: ["ada@example.com"],
  }),
  provider: t.Optional(
    word(PROVIDERS, "Default `smtp`. `sandbox` is for test keys, all others are for live keys."),
  ),
  auth: t.Optional(
    word(
      ["password", "oauth", "device"],
      "`oauth`: its owner signs in with the provider, at `setup_url`; the default for gmail and microsoft without a password. `device`: the same for Microsoft with a code that is typed on any other device, where this machine has no browser.",
    ),
  ),
  ...settings,
});
export type InboxDraft = typeof NewInbox.static;

export const InboxChange = t.Object({
  email: t.Optional(
    t.String({
      maxLength: 254,
      description: "Only the address that the inbox has: it cannot change.",
    }),
  ),
  ...settings,
});
export type InboxChange = typeof InboxChange.static;

export const ReconnectBody = t.Optional(
  t.Object({
    auth: t.Optional(
      word(
        ["oauth", "device"],
        "Sign in with the provider, also where a password was used until now. `device`: with a code that is typed on another device; Microsoft only.",
      ),
    ),
  }),
);
export interface ReconnectWish {
  auth?: "oauth" | "device";
}

export const RemoveQuery = t.Object({
  reassign_to: t.Optional(
    t.Unsafe<string>({
      ...idOf("inb"),
      description: "The active inbox that the waiting leads go on with.",
    }),
  ),
});

const Server = t.Object({
  host: t.String(),
  port: t.Integer(),
  security: word(SECURITIES),
  username: t.String(),
  ca: nullable(t.String()),
});

export const Inbox = t.Object({
  id: idOf("inb"),
  object: t.Literal("inbox"),
  email: t.String(),
  name: t.String(),
  provider: word(PROVIDERS),
  status: word(INBOX_STATES),
  status_reason: nullable(t.String({ description: "The server's words, or who paused it." })),
  status_since: instant,
  auth: nullable(
    word(["password", "oauth"], "How the servers are logged into; null in a sandbox."),
  ),
  setup_url: nullable(
    t.String({
      description:
        "Where its owner signs in with the provider, in a browser on this machine. There while the inbox is `pending_auth`, or `needs_login` after a sign-in has ended, and in the answer of `reconnect`; good for one sign-in. Null otherwise.",
    }),
  ),
  device: nullable(
    t.Object(
      {
        user_code: t.String(),
        verification_uri: t.String(),
        expires_at: instant,
      },
      {
        description:
          "The code that is waited for: open `verification_uri` on any device and type it. Null when there is none; a restart forgets it.",
      },
    ),
  ),
  sign_in_ends_at: nullable(
    t.Unsafe<string>({
      ...instant,
      description:
        "When the provider has said that it will ask for a new sign-in: Google does after 7 days while the client's publishing status is Testing.",
    }),
  ),
  smtp: nullable(Server),
  imap: nullable(Server),
  daily_limit: t.Integer(),
  hourly_limit: t.Integer(),
  min_gap_seconds: t.Integer(),
  signature: t.String(),
  reply_to: nullable(t.String()),
  save_sent: word(["auto", "always", "never"]),
  sent_today: t.Integer({ description: "Mails, on the workspace's local day." }),
  remaining_today: t.Integer({
    description: "What the daily limit still allows; mails under way count.",
  }),
  unread_replies: t.Integer({
    description: "Replies of leads that came in here and that nobody has marked as read.",
  }),
  sync: t.Object({
    state: word(SYNC_STATES),
    lag_s: nullable(
      t.Integer({
        description: "Seconds since all folders were read; null before the first time.",
      }),
    ),
  }),
  health: t.Object({ score: nullable(t.Integer()), parts: t.Null() }),
  warmup: t.Object({ state: word(["off"]), mode: t.Null(), today: t.Null(), plan: t.Null() }),
  created_at: instant,
  updated_at: instant,
});
export type Inbox = typeof Inbox.static;

export const InboxQuery = t.Object({ ...pageQuery });
