// The page of all reasons for which nothing is sent, from the one table of them.

import { type ReasonEnd, REASONS } from "../../core/reasons.ts";
import { html, prose } from "../../http/html.ts";

const PARTS = {
  ledger: "Everything",
  campaign: "The campaign",
  inbox: "The inbox",
  lead: "The lead",
} as const;

const ENDS: Record<ReasonEnd, string> = {
  time: "passes by itself, at `next_at`",
  imail: "passes with imail's next look, as a rule within a minute",
  mail_server: "passes when the mailbox works again",
  person: "waits for a person",
  nothing: "waits for nothing any more",
};

function partOf(about: keyof typeof PARTS): string {
  const entries = Object.entries(REASONS).filter(([, reason]) => reason.about === about);
  const rows = entries.map(
    ([code, { title, remedy, waits_for }]) =>
      `<dt id="${code}"><code>${code}</code></dt><dd>${prose(title)} ${prose(remedy)} <span class="hint">It ${prose(ENDS[waits_for])}.</span></dd>`,
  );
  return `<h2>${PARTS[about]}</h2>\n<dl>\n${rows.join("\n")}\n</dl>`;
}

/** The page. */
export const explainPage = () =>
  html(
    "Why is nothing being sent? - imail",
    `<main>
<h1>Why is nothing being sent?</h1>
<p><code>GET /v1/campaigns/{id}/explain</code> and <code>GET /v1/leads/{id}/explain</code> answer with every gate that
fails now, from the code that decides, and <code>imail explain &lt;id&gt;</code> asks the same. These are the codes. A
code never changes its meaning; new ones may be added.</p>
${partOf("ledger")}
${partOf("campaign")}
${partOf("inbox")}
${partOf("lead")}
<p><a href="/docs">API reference</a> · <a href="/docs/errors">Error codes</a></p>
</main>`,
  );
