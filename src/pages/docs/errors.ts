// A page for every error code: what it means, what to do, and what it looks like.

import { type FaultCode, FAULTS } from "../../core/faults.ts";
import { escaped, html, prose } from "../../http/html.ts";
import { type Example, faultExample } from "../../http/openapi-answers.ts";

/** Is this the code of an error? */
export const isFaultCode = (code: string): code is FaultCode => Object.hasOwn(FAULTS, code);

/** The page of one code, with an error as it was really answered where one was recorded. */
export function errorPage(code: FaultCode, recorded: Readonly<Record<string, Example>>): string {
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
<h2>Example</h2>
<pre><code>${escaped(JSON.stringify(faultExample(code, recorded)["value"], null, 2))}</code></pre>
<p><a href="/docs/errors">All error codes</a> · <a href="/docs">API reference</a></p>
</main>`,
  );
}

/** All codes, by status. */
export function errorList(): string {
  const rows = Object.entries(FAULTS)
    .toSorted(([, one], [, other]) => one.status - other.status)
    .map(
      ([code, { status, title }]) =>
        `<dt><a href="/docs/errors/${code}"><code>${code}</code></a> ${status}</dt><dd>${prose(title)}</dd>`,
    );
  return html(
    "Error codes - imail",
    `<main>
<h1>Error codes</h1>
<p>Every error has the same body: <code>success: false</code>, an <code>error</code> with its <code>code</code> and a
message for people, and the <code>request_id</code> under which the server logged it.</p>
<dl>
${rows.join("\n")}
</dl>
</main>`,
  );
}

/** The page of a code that does not exist. It does not repeat what was asked for. */
export const noSuchError = () =>
  html(
    "Not found - imail",
    `<main>\n<h1>There is no such code.</h1>\n<p><a href="/docs/errors">All error codes</a></p>\n</main>`,
  );
