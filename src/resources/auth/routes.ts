// The URLs of signing in. The session is in a cookie that no script can read; the answers hold no secret.
import { Elysia } from "elysia";

import { AppError } from "../../core/faults.ts";
import { formatId } from "../../core/ids.ts";
import type { Caller, SessionCookie, SignedIn } from "../../http/caller.ts";
import { created, noContent, ok } from "../../http/envelope.ts";
import { nothing, okOf } from "../../http/schemas.ts";
import {
  endSessionCookie,
  isSecure,
  readSessionCookie,
  writeSessionCookie,
} from "../../http/session-cookie.ts";
import type { Wiring } from "../../http/wiring.ts";
import { formatInstant } from "../../ledger/row.ts";
import { accountOf, changePassword, logIn, logOut, setUpFirst } from "./actions.ts";
import { openFailedLogins } from "./failed-logins.ts";
import { Login, Opened, PasswordChange, Session, Setup } from "./schema.ts";

const tags = ["Sessions"];

/** The prose of the reference. */
const PROSE = {
  login: {
    operationId: "logIn",
    tags,
    summary: "Sign in",
    description:
      "Opens a session in an `HttpOnly; SameSite=Strict` cookie; the browser's session before it ends. 401 `login_failed` says nothing about which of the two was wrong. After five failures for an account or from an address each further one doubles the wait (1 s to 15 min): 429 `rate_limited` with `Retry-After`.",
  },
  setup: {
    operationId: "setUp",
    tags,
    summary: "Make the first account",
    description:
      "With the token of the link that imail prints at its start: good for 30 minutes, once, and only while there is no account (409 `wrong_state`). Opens a session like signing in. 401 `invalid_setup_link` when the token is no good.",
  },
  logout: {
    operationId: "logOut",
    tags,
    summary: "Sign out",
    description: "Ends the session: its cookie is refused from the next request on.",
  },
  session: {
    operationId: "getSession",
    tags,
    summary: "Who is signed in",
    description:
      "And where the session acts. 401 `invalid_session` when it has ended. With an API key it is a 403 `session_only`.",
  },
  password: {
    operationId: "changePassword",
    tags,
    summary: "Change your password",
    description:
      "Ends every session of the account, and opens a new one for this browser. 401 `login_failed` when `current_password` is wrong; failures slow down as in signing in.",
  },
};

interface Answer {
  headers: Record<string, string | number | string[]>;
}

const setCookie = ({ headers }: Answer, cookie: SessionCookie) => {
  headers["set-cookie"] = writeSessionCookie(cookie);
};

const opened = (user_id: number, email: string) => ({
  object: "session" as const,
  user: { id: formatId("usr", user_id), email },
});

function sessionOf({ session }: Caller): SignedIn {
  if (!session) throw new AppError("session_only");
  return session;
}

function show(caller: Caller): Session {
  const session = sessionOf(caller);
  return {
    ...opened(session.user_id, session.email),
    workspace_id: formatId("ws", caller.workspace_id),
    mode: caller.mode,
    created_at: formatInstant(session.created_at),
    expires_at: formatInstant(session.expires_at),
  };
}

/** Where a request came from, as the socket knows it. */
interface Asked {
  request: Request;
  server: { requestIP(request: Request): { address: string } | null } | null;
}

/** Counts the failures of an account and of an address; nobody is told which of the two has to wait. */
function openGuard({ control }: Wiring) {
  const failed = openFailedLogins();
  return async <T>(
    account: string,
    { request, server }: Asked,
    work: () => Promise<T | null>,
  ): Promise<T> => {
    const address = server?.requestIP(request)?.address ?? "";
    const names = [`account ${account}`, `address ${address}`];
    const wait_s = failed.take(names, control.clock.now());
    if (wait_s !== null) {
      const message = `Too many failures; try again in ${wait_s} s.`;
      throw new AppError("rate_limited", message, { retry_after_s: wait_s });
    }
    const done = await work();
    if (done === null) throw new AppError("login_failed");
    failed.forgive(names);
    return done;
  };
}

/** Where people sign in. */
export function auth(wiring: Wiring) {
  const { control, session_key } = wiring;
  const room = { control, session_key };
  const guard = openGuard(wiring);
  return new Elysia({ name: "sign-in", prefix: "/auth" })
    .use(wiring.auth)
    .post(
      "/login",
      async ({ body, request, server, set }) => {
        const secure = isSecure(request);
        const previous = readSessionCookie(request);
        const email = accountOf(body.email);
        const session = await guard(email, { request, server }, async () => {
          return await logIn(room, { ...body, secure, previous });
        });
        setCookie(set, session);
        return ok(opened(session.user_id, email));
      },
      { body: Login, response: okOf(Opened), detail: PROSE.login },
    )
    .post(
      "/setup",
      async ({ body, request, set }) => {
        const session = await setUpFirst(room, { ...body, secure: isSecure(request) });
        setCookie(set, session);
        return created(set, "/v1/auth/session", opened(session.user_id, accountOf(body.email)));
      },
      { body: Setup, response: { 201: okOf(Opened) }, detail: PROSE.setup },
    )
    .guard({ caller: true })
    .post(
      "/logout",
      ({ caller, set }) => {
        logOut(room, caller.key_id);
        set.headers["set-cookie"] = endSessionCookie;
        return noContent();
      },
      { response: { 204: nothing }, detail: PROSE.logout },
    )
    .get("/session", ({ caller }) => ok(show(caller)), {
      response: okOf(Session),
      detail: PROSE.session,
    })
    .post(
      "/password",
      async ({ body, caller, request, server, set }) => {
        const { email } = sessionOf(caller);
        const { current_password: current, new_password: next } = body;
        const secure = isSecure(request);
        const session = await guard(email, { request, server }, async () => {
          return await changePassword(room, { email, current, next, secure });
        });
        setCookie(set, session);
        return ok(opened(session.user_id, email));
      },
      { body: PasswordChange, response: okOf(Opened), detail: PROSE.password },
    );
}
