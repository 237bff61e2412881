// `imail explain`: why a campaign sends nothing, or a lead gets no mail. The running server is asked, for it decides; where
// none runs, that is the reason.

import type { Config } from "../config.ts";
import { FAULTS } from "../core/faults.ts";
import { parseId } from "../core/ids.ts";
import { findServer } from "../installation.ts";
import { makeLocalKey } from "../resources/status/actions.ts";
import { askServer } from "./ask-server.ts";
import { CommandError, EXIT, formatTable, PROGRAM, say, sayJson, wantsJson } from "./output.ts";
import { openFounded } from "./status.ts";

interface Gate {
  code: string;
  message: string;
  since: string | null;
  next_at: string | null;
  fix: { text: string; call: { method: string; path: string; body: object | null } | null };
}

interface Enrollment {
  campaign_id: string;
  campaign_name: string;
  verdict: string;
  summary: string;
  next_at: string | null;
  gates: Gate[];
}

/** What the command prints of the API's answer; with JSON all of it is. */
type Explanation =
  | { object: "lead_explanation"; lead_id: string; now: string; enrollments: Enrollment[] }
  | {
      object: "campaign_explanation";
      now: string;
      verdict: string;
      summary: string;
      gates: Gate[];
      inboxes: { email: string; verdict: string; gates: Gate[] }[];
      waiting_for: Record<string, number>;
    };

/** `explain <id>`. Exit 2 for what is no such id, 4 where nothing has it, 5 where no server runs. */
export async function explainOne(
  config: Config,
  id: string,
  json: boolean | undefined,
): Promise<void> {
  if (parseId("cmp", id) === null && parseId("lead", id) === null) {
    const message = `${JSON.stringify(id)} is no id of a campaign (cmp_…) or a lead (lead_…).`;
    throw new CommandError("usage", EXIT.usage, message);
  }
  const told = await askExplanation(config, id);
  if (wantsJson(json)) sayJson(told);
  else if (told.object === "lead_explanation") tellLead(told);
  else tellCampaign(told);
}

async function askExplanation(config: Config, id: string): Promise<Explanation> {
  const control = openFounded(config);
  try {
    const url = findServer(config.dir);
    if (url === null) {
      const message = `No server runs: nothing is sent and nothing is read. Start it with ${PROGRAM} serve`;
      throw new CommandError("unreachable", EXIT.unreachable, message);
    }
    const authorization = `Bearer ${makeLocalKey(control)}`;
    const { status, text } = await askServer(url, `/local/explain/${id}`, { authorization });
    if (status === FAULTS.not_found.status) {
      const message = `There is no campaign or lead ${id} in ${config.dir}.`;
      throw new CommandError("not_found", EXIT.not_found, message);
    }
    if (status !== 200) {
      const message = `The server at ${url} answers ${status}. Is it of another version? Restart it with this program.`;
      throw new CommandError("unreachable", EXIT.unreachable, message);
    }
    // oxlint-disable-next-line no-unsafe-type-assertion -- the server of this very program made it
    return (JSON.parse(text) as { data: Explanation }).data;
  } finally {
    control.close();
  }
}

function tellLead({
  now,
  enrollments,
}: Extract<Explanation, { object: "lead_explanation" }>): void {
  say(`At ${now}`);
  if (enrollments.length === 0) say("The lead is in no campaign: nothing is sent to it.");
  for (const { campaign_id, campaign_name, verdict, summary, next_at, gates } of enrollments) {
    say(`\n${campaign_name} (${campaign_id}): ${verdict}. ${summary}`);
    say(next_at === null ? "  no instant can be told" : `  not before ${next_at}`);
    tellGates(gates);
  }
}

function tellCampaign(told: Extract<Explanation, { object: "campaign_explanation" }>): void {
  say(`At ${told.now}\n\n${told.summary}`);
  tellGates(told.gates);
  for (const { email, verdict, gates } of told.inboxes) {
    say(`\n${email}: ${verdict}`);
    tellGates(gates);
  }
  const waiting = Object.entries(told.waiting_for).map(([waits_for, leads]) => ({
    waits_for,
    leads,
  }));
  if (waiting.length > 0) say(`\n${formatTable(waiting)}`);
}

function tellGates(gates: readonly Gate[]): void {
  for (const { code, message, next_at, fix } of gates) {
    const call = fix.call === null ? "" : ` (${fix.call.method} ${fix.call.path})`;
    say(`  ${code}: ${message}${next_at === null ? "" : `, until ${next_at}`}`);
    say(`    ${fix.text.replaceAll("`", "")}${call}`);
  }
}
