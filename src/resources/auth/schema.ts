// How signing in looks on the wire.
import { t } from "elysia";

import { MODES } from "../../core/states.ts";
import { idOf, instant, word } from "../../http/schemas.ts";

const email = t.String({ maxLength: 254, examples: ["ada@example.com"] });
const password = t.String({ maxLength: 256, examples: ["correct horse battery"] });
const newPassword = t.String({
  minLength: 10,
  maxLength: 256,
  description: "Any characters that you like.",
  examples: ["correct horse battery"],
});

export const Login = t.Object({ email, password });

export const Setup = t.Object({
  token: t.String({
    minLength: 1,
    maxLength: 128,
    description: "What stands after `#t=` in the link that imail printed at its start.",
    examples: ["q3Zt8Vw0nJ5bYx1Lr7Kd2Hm9Pc4Sf6Ga0eUiTo8RyQs"],
  }),
  email,
  password: newPassword,
});

export const PasswordChange = t.Object({
  current_password: password,
  new_password: newPassword,
});

const User = t.Object({ id: idOf("usr"), email });

export const Session = t.Object({
  object: t.Literal("session"),
  user: User,
  workspace_id: t.Unsafe<string>({
    ...idOf("ws"),
    description: "Where this request acts: `Imail-Workspace`, or the first one.",
  }),
  mode: word(MODES, "`Imail-Mode`, or live."),
  created_at: instant,
  expires_at: t.Unsafe<string>({
    ...instant,
    description: "When it ends unless it is used before: 12 hours from now, 7 days at most.",
  }),
});
export type Session = typeof Session.static;

/** The answer of what opens a session; the session itself is in the cookie. */
export const Opened = t.Object(
  { object: t.Literal("session"), user: User },
  { title: "OpenedSession" },
);
