// What changed in the API and when, from the one table of its snapshots.

import type { Snapshot } from "../../core/versions.ts";
import { html, prose } from "../../http/html.ts";

const list = (title: string, words: readonly string[]) =>
  words.length === 0
    ? ""
    : `<dt>${title}</dt><dd>${words.map((word) => prose(`\`${word}\``)).join(", ")}</dd>`;

/** The page, newest first. */
export function changelogPage(snapshots: readonly Snapshot[]): string {
  const parts = snapshots
    .toSorted((one, other) => (one.date < other.date ? 1 : -1))
    .map(
      ({ date, title, routes, events }) =>
        `<h2 id="${date}"><time datetime="${date}">${date}</time></h2>
<p>${prose(title)}</p>
<dl>${list("Routes", routes)}${list("Events", events)}</dl>`,
    );
  return html(
    "API changelog - imail",
    `<main>
<h1>API changelog</h1>
<p>Within <code>/v1</code> nothing that is documented changes; more is added. <code>Imail-Version: YYYY-MM-DD</code>
asks for the API as it was on that day, without it the newest answers. What is deprecated says so in the headers
<code>Deprecation</code> and <code>Sunset</code>, twelve months ahead.</p>
${parts.join("\n")}
<p><a href="/docs">API reference</a></p>
</main>`,
  );
}
