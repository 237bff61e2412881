// The few pages that the server renders itself: no script, light and dark, nothing from outside.
import { Elysia } from "elysia";

import { type FaultCode, FAULTS } from "../core/faults.ts";

const STYLE = `:root { color-scheme: light dark; }
body { font: 16px/1.6 system-ui, sans-serif; max-width: 42rem; margin: 12vh auto 4rem; padding: 0 1.25rem;
  color: light-dark(#1c1f23, #e6e7e9); background: light-dark(#fcfcfb, #16181b); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; }
code, pre { font: 0.92em/1.5 ui-monospace, monospace; background: light-dark(#eeeeea, #24272c); border-radius: 4px; }
code { padding: 0.1em 0.35em; } pre { padding: 0.9rem 1rem; overflow-x: auto; } pre code { padding: 0; background: none; }
a { color: light-dark(#0b5cad, #7db8f5); }
dt { color: light-dark(#5c626b, #9aa1ab); } dd { margin: 0 0 0.75rem; }
`;

const escaped = (text: string) =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Escapes a sentence and sets what stands in back-quotes as code. */
const prose = (text: string) => escaped(text).replace(/`([^`]+)`/g, "<code>$1</code>");

/** A whole page. `title` is plain text, `body` is HTML that we wrote. */
function html(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="/page.css">
</head>
<body>
${body}
</body>
</html>
`;
}

const isCode = (code: string): code is FaultCode => Object.hasOwn(FAULTS, code);

function errorPage(code: FaultCode): string {
  const { status, title, remedy } = FAULTS[code];
  return html(
    `${code} - imail`,
    `<main>
<h1><code>${code}</code></h1>
<p>${prose(title)}</p>
<dl>
<dt>HTTP status</dt><dd>${status}</dd>
<dt>What to do</dt><dd>${prose(remedy)}</dd>
</dl>
<p><a href="/docs/errors">All error codes</a></p>
</main>`,
  );
}

function errorList(): string {
  const rows = Object.entries(FAULTS).map(
    ([code, { status, title }]) =>
      `<dt><a href="/docs/errors/${code}"><code>${code}</code></a> ${status}</dt><dd>${prose(title)}</dd>`,
  );
  return html(
    "Error codes - imail",
    `<main>\n<h1>Error codes</h1>\n<dl>\n${rows.join("\n")}\n</dl>\n</main>`,
  );
}

function frontPage(version: string): string {
  return html(
    "imail",
    `<main>
<h1>imail</h1>
<p>Outbound e-mail from your own machine: sequences, limits, replies. This is its server, version ${escaped(version)}.</p>
<p>The API is at <code>/v1</code> and takes a key. Make one where the data is, and ask for the campaigns:</p>
<pre><code>imail keys create --mode test --scopes all
curl -H "Authorization: Bearer imk_test_…" <span>/v1/campaigns</span></code></pre>
<p><a href="/docs/errors">Error codes</a></p>
</main>`,
  );
}

const missingPage = () =>
  html(
    "Not found - imail",
    `<main>\n<h1>There is no such code.</h1>\n<p><a href="/docs/errors">All error codes</a></p>\n</main>`,
  );

const answer = (text: string, type: string, status = 200) =>
  new Response(text, { status, headers: { "content-type": `${type}; charset=utf-8` } });

/** `/`, `/docs/errors`, `/page.css` and the probe `/livez`. */
export const pages = ({ version }: { version: string }) =>
  new Elysia({ name: "pages" })
    .get("/", () => answer(frontPage(version), "text/html"), { detail: { hide: true } })
    .get("/page.css", () => answer(STYLE, "text/css"), { detail: { hide: true } })
    .get("/livez", () => answer("ok\n", "text/plain"), { detail: { hide: true } })
    .get("/docs/errors", () => answer(errorList(), "text/html"), { detail: { hide: true } })
    .get(
      "/docs/errors/:code",
      ({ params: { code } }) =>
        isCode(code)
          ? answer(errorPage(code), "text/html")
          : answer(missingPage(), "text/html", 404),
      { detail: { hide: true } },
    );
