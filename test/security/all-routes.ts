// A house whose every route is asked as one caller after the other. The routes come from the app itself: one that is
// added is asked as well, and a new noun fails here until `furnish` knows how to make one.
import { type FaultCode, FAULTS } from "../../src/core/faults.ts";
import { formatId } from "../../src/core/ids.ts";
import { mayDo, type Scope, SCOPES } from "../../src/core/scopes.ts";
import type { Mode } from "../../src/core/states.ts";
import type { Need } from "../../src/http/access.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { createKey } from "../../src/resources/api-keys/actions.ts";
import { createBookingSource } from "../../src/resources/booking-sources/actions.ts";
import { insertReply } from "../../src/resources/replies/store.ts";
import { suppress } from "../../src/resources/suppressions/actions.ts";
import { insertSandboxMail, lastSandboxMailId } from "../../src/resources/test/store.ts";
import { changeWorkspace } from "../../src/resources/workspaces/actions.ts";
import { openTestHouse } from "../world/house.ts";
import { makerOf } from "../world/make.ts";
import { smallestBody } from "./smallest-body.ts";

export interface Route {
  method: string;
  /** As the router has it: `/v1/leads/:id`. */
  path: string;
  need: Need;
  /** A body that its schema takes, or null. */
  body: string | null;
}

export interface Answered {
  route: string;
  status: number;
  code: string | null;
  headers: Headers;
  text: string;
}

/** How a request is changed: headers, and the ids that stand in its path. */
export interface Manner {
  headers?: Record<string, string>;
  idOf?: (route: Route) => string;
  /** Without it, POST and PATCH send nothing. */
  with_body?: boolean;
  /** It comes now. All others come minutes apart, so that no limit is in their way; a session would not live so long. */
  now?: boolean;
}

/** So long apart that no limit of a minute is in the way. */
const APART_MS = 121_000;

export const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
export const isApi = ({ path }: Route) => path.startsWith("/v1/");
export const nameOf = ({ method, path }: Route) => `${method} ${path}`;

/** What a route needs, found out by asking it with keys: the table itself is the app's own business. */
export async function openStreet() {
  const house = await openTestHouse();
  const { app, control, workspace_id } = house;
  changeWorkspace(control, workspace_id, { tier: "apex" });
  const skew = { ms: 0 };
  let later = 0;
  const { clock } = control;
  Object.assign(control, { clock: { now: () => clock.now() + skew.ms } });

  const keyOf = (scopes: readonly string[], mode: Mode = "live", of = workspace_id) =>
    createKey(control, { workspace_id: of, mode, scopes, name: "street" });

  const ask = async (route: Route, { headers = {}, idOf, with_body, now }: Manner = {}) => {
    later += APART_MS;
    skew.ms = now === true ? 0 : later;
    const body = with_body === true ? route.body : null;
    const url = route.path.replace(/:\w+/g, () => idOf?.(route) ?? "x");
    const sent = {
      ...(body === null
        ? {}
        : { "content-type": "application/json", "content-length": String(body.length) }),
      ...headers,
    };
    const request = new Request(`http://localhost${url}`, {
      method: route.method,
      headers: sent,
      body,
    });
    const response = await app.handle(request);
    const text = await response.text();
    const { status } = response;
    const json = response.headers.get("content-type")?.startsWith("application/json") === true;
    const parsed = json && text !== "" ? JSON.parse(text) : null;
    const code = parsed?.error?.code ?? null;
    return { route: nameOf(route), status, code, headers: response.headers, text };
  };

  const routes = await readRoutes(app.routes, ask, (scopes) => keyOf(scopes).key);
  return { house, routes, ask, keyOf };
}

export type Street = Awaited<ReturnType<typeof openStreet>>;

type Ask = (route: Route, manner?: Manner) => Promise<Answered>;

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

async function readRoutes(
  listed: readonly { method: string; path: string; hooks: object }[],
  ask: Ask,
  keyOf: (scopes: readonly string[]) => string,
): Promise<Route[]> {
  const keys = SCOPES.map((scope) => [scope, bearer(keyOf([scope]))] as const);
  const routes: Route[] = [];
  for (const { method, path, hooks } of listed) {
    const trimmed = path.length > 1 ? path.replace(/\/$/, "") : path;
    const route: Route = { method, path: trimmed, need: "open", body: smallestBody(hooks) };
    routes.push({ ...route, need: await findNeed(route, ask, keys) });
  }
  return routes;
}

async function findNeed(
  route: Route,
  ask: Ask,
  keys: (readonly [Scope, Record<string, string>])[],
): Promise<Need> {
  const nobody = await ask(route);
  if (nobody.status !== 401 || nobody.code !== "missing_key") return "open";
  const opens: Scope[] = [];
  for (const [scope, headers] of keys) {
    const { code } = await ask(route, { headers });
    if (code === "session_only") return "session";
    if (code !== "scope_missing") opens.push(scope);
  }
  if (opens.length === 0) return "test";
  const need = opens.find((scope) => opens.every((one) => mayDo([one], scope)));
  if (need === undefined) throw new Error(`${nameOf(route)} is opened by ${opens.join(", ")}`);
  return need;
}

/** What is wrong with an answer that should be this fault; null when it is that fault to the letter. */
export function faultProblem(answer: Answered, code: FaultCode): string | null {
  const { route, status, headers, text } = answer;
  const told = `${route}: ${status} ${text.slice(0, 200)}`;
  if (status !== FAULTS[code].status) return `${told}, not ${FAULTS[code].status} ${code}`;
  const request_id = headers.get("x-request-id");
  if (request_id === null || !/^req_[0-9a-z]{11}$/.test(request_id))
    return `${told} without X-Request-Id`;
  // Without a socket nobody cuts the body off (test/http/socket.test.ts).
  if (headers.get("content-type")?.startsWith("application/json") !== true)
    return `${told} is no JSON`;
  const { success, error, message, request_id: told_id, ...more } = JSON.parse(text);
  const is_whole =
    success === false &&
    error?.code === code &&
    typeof error.message === "string" &&
    error.message === message &&
    String(error.doc).endsWith(`/docs/errors/${code}`) &&
    told_id === request_id &&
    Object.keys(more).length === 0;
  return is_whole ? null : `${told} is not the envelope of ${code}`;
}

/** One of each thing, straight in the ledger; their ids by the first word of a path after /v1. */
export function furnish(ledger: Ledger): Record<string, string> {
  const make = makerOf(ledger);
  const inbox = make.inbox();
  const campaign = make.campaign({ inbox_ids: [inbox] });
  const lead = make.lead({ email: `lea${inbox}@lead.test`, campaign_id: campaign.id });
  const made = ledger.write((tx) => {
    const reason = { reason: "manual", source: "api", evidence: null } as const;
    suppress(ledger, tx, { kind: "domain", value: `acme${inbox}.test`, ...reason });
    insertSandboxMail(tx, {
      inbox_id: inbox,
      folder: "outbox",
      sender: "ana@sender.test",
      recipient: "lea@lead.test",
      bytes: Buffer.from("Subject: Hello\r\n\r\nHi\r\n"),
      arrives_at: tx.now,
    });
    const id = tx.id();
    tx.db
      .query(
        `INSERT INTO messages (id, kind, state, inbox_id, lead_id, recipient, subject, queued_at)
         VALUES (?, 'test', 'queued', ?, ?, 'lea@lead.test', 'Hello', ?)`,
      )
      .run(id, inbox, lead, tx.now);
    const row = tx.db.query<{ id: number }, []>("SELECT max(id) AS id FROM suppressions").get();
    const reply = insertReply(tx, {
      kind: "reply",
      category: "interested",
      confidence: 0.9,
      source: "rule",
      evidence: "tell me more",
      matched_by: "message_id",
      inbox_id: inbox,
      lead_id: lead,
      campaign_id: campaign.id,
      message_id: id,
      sender: `lea${inbox}@lead.test`,
      subject: "Re: Hello",
      text: "Tell me more.",
      header_id: "1@lead.test",
      return_date: null,
      enhanced_status: null,
      fault: null,
      received_at: tx.now,
    });
    return { message: id, mail: lastSandboxMailId(tx), suppression: row?.id ?? 0, reply };
  });
  return {
    inboxes: formatId("inb", inbox),
    campaigns: formatId("cmp", campaign.id),
    leads: formatId("lead", lead),
    messages: formatId("msg", made.message),
    test: formatId("msg", made.mail),
    suppressions: formatId("sup", made.suppression),
    replies: formatId("rpl", made.reply),
    "booking-sources": formatId("bks", createBookingSource(ledger, "Calendar").id),
  };
}
