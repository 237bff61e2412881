// The pages of signing in, and the front page, which knows who is signed in. Rendered here, readable without a style
// sheet; the only script is our own file.
import { Elysia } from "elysia";

import { ACCOUNT_SCRIPT } from "./account-script.ts";
import type { Caller } from "./caller.ts";
import { escaped, html, textAnswer } from "./html.ts";
import { baseOf } from "./place.ts";
import { readSessionCookie, writeSessionCookie } from "./session-cookie.ts";
import type { Wiring } from "./wiring.ts";

const SCRIPT = '<script src="/account.js" defer></script>';
const NO_SCRIPT =
  '<noscript><p class="problem">This page needs JavaScript to sign in. Without it, use the API with a key.</p></noscript>';
const PROBLEM = '<p class="problem" id="problem" role="alert" hidden></p>';

interface Field {
  name: string;
  label: string;
  type: "email" | "password";
  autocomplete: string;
  hint?: string;
  min?: number;
}

function field({ name, label, type, autocomplete, hint, min }: Field): string {
  const described = `${hint === undefined ? "" : `${name}-hint `}${name}-problem`;
  const length = min === undefined ? "" : ` minlength="${min}"`;
  return `<p class="field">
<label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}" aria-describedby="${described}" required${length} maxlength="254"${type === "email" ? ' autocapitalize="none" spellcheck="false"' : ""}>
${hint === undefined ? "" : `<span class="hint" id="${name}-hint">${hint}</span>`}
<span class="fault" id="${name}-problem" hidden></span>
</p>`;
}

const SHOW = `<p class="check"><input id="show-password" type="checkbox"> <label for="show-password">Show password</label></p>`;

const email: Field = { name: "email", label: "E-mail", type: "email", autocomplete: "username" };

const loginPage = () =>
  html(
    "Sign in - imail",
    `<main class="narrow">
<h1>Sign in to imail</h1>
${NO_SCRIPT}
<form data-post="/v1/auth/login" method="post">
${PROBLEM}
${field(email)}
${field({ name: "password", label: "Password", type: "password", autocomplete: "current-password" })}
${SHOW}
<p><button type="submit">Sign in</button></p>
</form>
<p class="hint">No account yet? imail prints a setup link when it starts. Or run <code>imail setup</code> where it is installed.</p>
</main>
${SCRIPT}`,
  );

const setupPage = () =>
  html(
    "Set up imail",
    `<main class="narrow">
<h1>Welcome to imail</h1>
<p>Make the account with which you sign in on this machine. Nothing of it leaves the machine.</p>
${NO_SCRIPT}
<form data-post="/v1/auth/setup" data-token method="post">
${PROBLEM}
${field(email)}
${field({ name: "password", label: "Password", type: "password", autocomplete: "new-password", hint: "At least 10 characters.", min: 10 })}
${SHOW}
<p><button type="submit">Make the account</button></p>
</form>
<p class="hint">The link is good for 30 minutes and for one account. Made one already? <a href="/login">Sign in</a>.</p>
</main>
${SCRIPT}`,
  );

const LINKS = `<p><a href="/docs">API reference</a> · <a href="/docs/errors">Error codes</a> · <a href="/docs/changelog">Changelog</a> ·
<a href="/openapi.json">openapi.json</a> · <a href="/llms.txt">llms.txt</a></p>`;

function frontPage(version: string, base: string): string {
  return html(
    "imail",
    `<main>
<h1>imail</h1>
<p>Outbound e-mail from your own machine: sequences, limits, replies. This is its server, version ${escaped(version)}.</p>
<p><a class="button" href="/login">Sign in</a></p>
<p>The API is at <code>/v1</code> and takes a key. Make one where the data is, and ask for the campaigns:</p>
<pre><code>imail keys create --mode test --scopes all
curl -H "Authorization: Bearer imk_test_…" ${escaped(base)}/v1/campaigns</code></pre>
${LINKS}
</main>`,
  );
}

function homePage(version: string, workspace: string, email_of: string): string {
  return html(
    "imail",
    `<main>
<h1>imail</h1>
<p>You are signed in as <strong>${escaped(email_of)}</strong>, in the workspace <strong>${escaped(workspace)}</strong>.</p>
<form data-post="/v1/auth/logout" method="post">
${PROBLEM}
<p><button class="quiet" type="submit">Sign out</button></p>
</form>
${LINKS}
<p class="hint">imail ${escaped(version)}</p>
</main>
${SCRIPT}`,
  );
}

interface Answer {
  headers: Record<string, string | number | string[]>;
}

/** Who looks at a page; null for everybody who is not signed in. */
async function findReader(wiring: Wiring, request: Request, set: Answer): Promise<Caller | null> {
  const token = readSessionCookie(request);
  if (token === null) return null;
  const admission = await wiring.admitSession({ token, workspace: null, mode: null });
  if (admission?.renewed) set.headers["set-cookie"] = writeSessionCookie(admission.renewed);
  return admission?.caller ?? null;
}

const hidden = { detail: { hide: true } };

/** `/`, `/login`, `/setup` and their script. */
export const accountPages = (wiring: Wiring) =>
  new Elysia({ name: "account-pages" })
    .get(
      "/",
      async ({ request, set }) => {
        const reader = await findReader(wiring, request, set);
        if (!reader?.session)
          return textAnswer(frontPage(wiring.version, baseOf(request)), "text/html");
        const { name } = wiring.ledgers.get(reader.workspace_id, reader.mode).workspace();
        return textAnswer(homePage(wiring.version, name, reader.session.email), "text/html");
      },
      hidden,
    )
    .get(
      "/login",
      async ({ request, set }) => {
        const reader = await findReader(wiring, request, set);
        return reader
          ? new Response(null, { status: 303, headers: { location: "/" } })
          : textAnswer(loginPage(), "text/html");
      },
      hidden,
    )
    .get("/setup", () => textAnswer(setupPage(), "text/html"), hidden)
    .get("/account.js", () => textAnswer(ACCOUNT_SCRIPT, "text/javascript"), hidden);
