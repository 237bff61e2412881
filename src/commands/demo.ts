// `imail demo`: a campaign of 14 days in seconds, in test mode, through the same API and the same engine as a real one.
// It opens no socket: the mailbox is the sandbox and the clock is moved by hand.

import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Config, readConfig } from "../config.ts";
import { type House, openHouse } from "../house.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { readJson } from "../ledger/row.ts";
import { createKey } from "../resources/api-keys/actions.ts";
import { listEvents } from "../resources/events/list.store.ts";
import type { EventRow } from "../resources/events/store.ts";
import { listWorkspaces } from "../resources/workspaces/store.ts";
import { CAMPAIGN, DEMO_DAYS, INBOX, LEADS } from "./demo-story.ts";
import { CommandError, EXIT, formatTable, PROGRAM, say } from "./output.ts";

const EVENTS_A_DAY_MOST = 1000;

/** Plays the demo in `dir`, which must be new, or in a temporary directory that is gone afterwards. */
export async function demo(dir: string | null): Promise<void> {
  if (dir !== null && existsSync(dir) && readdirSync(dir).length > 0) {
    throw new CommandError(
      "not_empty",
      EXIT.usage,
      `The demo needs a new directory: ${dir} is not empty.`,
    );
  }
  const place = dir ?? mkdtempSync(join(tmpdir(), "imail-demo-"));
  try {
    const { config } = readConfig({ dir: place, log_level: "error" }, {});
    await play(config);
    tellNext(dir);
  } finally {
    if (dir === null) rmSync(place, { recursive: true, force: true });
  }
}

async function play(config: Config): Promise<void> {
  const house = await openHouse(config, { ballast: false });
  try {
    const [workspace] = listWorkspaces(house.control);
    if (!workspace) throw new Error("a new installation has a workspace");
    const ledger = house.ledgers.get(workspace.id, "test");
    const { key } = createKey(house.control, {
      workspace_id: workspace.id,
      mode: "test",
      scopes: ["all"],
      name: "demo",
    });
    const api = openApi(house, key);
    const campaign = await fill(api);
    say(
      `${LEADS.length} leads, ${CAMPAIGN.steps.length} mails each at most, ${DEMO_DAYS} days. Nothing leaves this machine.\n`,
    );
    await playDays(house, ledger);
    await tellOutcome(api, campaign);
  } finally {
    await house.close();
  }
}

type Api = <T>(method: string, path: string, body?: object) => Promise<T>;

interface Named {
  id: string;
}

/** The API, asked without a socket. */
function openApi(house: House, key: string): Api {
  return async <T>(method: string, path: string, body?: object) => {
    const text = body ? JSON.stringify(body) : null;
    const request = new Request(`http://localhost/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(text === null ? {} : { "content-type": "application/json" }),
      },
      body: text,
    });
    const answer = await house.app.handle(request);
    const json: { success: boolean; data: T; message?: string } = JSON.parse(await answer.text());
    if (!json.success) throw new Error(`${method} ${path}: ${json.message}`);
    return json.data;
  };
}

/** Makes the mailbox, the campaign and its leads, and starts it. */
async function fill(api: Api): Promise<Named> {
  const inbox = await api<Named>("POST", "/inboxes", INBOX);
  const campaign = await api<Named>("POST", "/campaigns", { ...CAMPAIGN, inbox_ids: [inbox.id] });
  await api("POST", "/leads/bulk", { campaign_id: campaign.id, leads: LEADS });
  await api("POST", `/campaigns/${campaign.id}/resume`);
  return campaign;
}

/** Goes on from midnight to midnight, and tells each day from its events. */
async function playDays(house: House, ledger: Ledger): Promise<void> {
  const { zone } = ledger.workspace();
  let last_event = 0;
  for (let day = 0; day < DEMO_DAYS; day++) {
    const now = Temporal.Instant.fromEpochMilliseconds(ledger.clock.now()).toZonedDateTimeISO(zone);
    const midnight = now.add({ days: 1 }).startOfDay();
    // oxlint-disable-next-line no-await-in-loop -- one day after the other
    await house.engine.advance(ledger, midnight.epochMilliseconds);
    const events = listEvents(ledger, {
      after: last_event,
      event: null,
      campaign_id: null,
      lead_id: null,
      unknown: "[]",
      offset: 0,
      limit: EVENTS_A_DAY_MOST,
    });
    last_event = events.at(-1)?.id ?? last_event;
    tellDay(now, events);
  }
}

function tellDay(day: Temporal.ZonedDateTime, events: EventRow[]): void {
  const date = day.toLocaleString("en-GB", { weekday: "short", day: "2-digit", month: "short" });
  const told = [...countWords(events)].map(([word, n]) => `${n} ${word}`).join(", ");
  say(`${date}  ${told || "-"}`);
}

/** How often each thing happened, in the order in which it first did. */
function countWords(events: EventRow[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const event of events) {
    const word = wordOf(event);
    if (word !== null) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

const WORDS: Record<string, string> = {
  "email.sent": "sent",
  "email.bounced.hard": "bounced for good",
  "email.bounced.soft": "bounced for now",
  "reply.received": "answered",
  "lead.unsubscribed": "unsubscribed",
  "complaint.received": "complained",
};

function wordOf({ event, detail }: EventRow): string | null {
  if (event !== "reply.classified") return WORDS[event] ?? null;
  // A person's answer is told as such; what a machine said is told by its category.
  const { kind, category } = readJson<{ kind: string; category: string | null }>(detail);
  return kind === "auto_reply" ? (category ?? "answered by a machine").replaceAll("_", " ") : null;
}

interface ListedLead {
  email: string;
  status: string;
  timezone: string | null;
  campaigns: { state: string; ended_by: string | null }[];
}

async function tellOutcome(api: Api, campaign: Named): Promise<void> {
  const leads = await api<ListedLead[]>("GET", `/leads?limit=100&campaign_id=${campaign.id}`);
  const rows = leads.toReversed().map(({ email, status, timezone, campaigns: [enrollment] }) => ({
    lead: email,
    zone: timezone,
    status,
    sequence: enrollment?.state ?? null,
    ended_by: enrollment?.ended_by ?? null,
  }));
  say(`\n${formatTable(rows)}\n`);
}

function tellNext(dir: string | null): void {
  if (dir !== null) {
    say(`It is all kept in ${dir}. Look around:

  ${PROGRAM} serve --dir ${dir}
  ${PROGRAM} keys create --mode test --dir ${dir}
  curl http://127.0.0.1:7070/v1/messages -H "Authorization: Bearer imk_test_…"
`);
  }
  say(`Now with a mailbox of your own:

  ${PROGRAM} serve
  ${PROGRAM} keys create --mode live            (in a second terminal)
  curl http://127.0.0.1:7070/v1/inboxes -H "Authorization: Bearer imk_live_…" \\
    -H "Content-Type: application/json" -d '{"email": "you@example.com", "name": "Your Name",
    "smtp": {"host": "smtp.example.com", "port": 465, "security": "tls", "password": "…"},
    "imap": {"host": "imap.example.com", "port": 993, "security": "tls"}}'

imail logs in there before it saves anything. Then a campaign, leads, and POST /v1/campaigns/{id}/resume.`);
}
