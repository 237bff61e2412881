// A few routes that misbehave on purpose, behind the real gate.
import { type AnyElysia, Elysia, t } from "elysia";

import type { Clock } from "../../src/core/clock.ts";
import { AppError } from "../../src/core/faults.ts";
import type { AccessTable } from "../../src/http/access.ts";
import { created, noContent, ok } from "../../src/http/envelope.ts";
import { openFront } from "../../src/http/front.ts";
import { integer, nothing, okOf, pageQuery, rawBody } from "../../src/http/schemas.ts";
import type { SignIns } from "../../src/http/sign-ins.ts";
import { openWiring, type Wiring } from "../../src/http/wiring.ts";
import { authenticate } from "../../src/resources/api-keys/actions.ts";
import { admitSession } from "../../src/resources/auth/actions.ts";
import { openTestHouse, type TestHouse, type TestHouseOptions } from "../world/house.ts";

export const ACCESS: AccessTable = {
  "GET /v1/things": "leads:read",
  "POST /v1/things": "leads:write",
  "POST /v1/things/bulk": {
    need: "leads:write",
    max_bytes: 8 * 1024 * 1024,
    takes: ["application/json", "text/csv"],
  },
  "GET /v1/things/:id": "leads:read",
  "DELETE /v1/things/:id": "leads:write",
  "POST /v1/things/:id/poke": "leads:write",
  "GET /v1/test/clock": "test",
  "GET /v1/public": "open",
  "GET /v1/broken/:how": "leads:read",
};

const things = (wiring: Wiring) =>
  new Elysia({ name: "things" })
    .use(wiring.auth)
    .get("/public", () => ok("hello"))
    .guard({ ledger: true })
    .get("/things", ({ caller }) => ok(caller.public_id), {
      query: t.Object({ ...pageQuery, q: t.Optional(t.String()) }),
    })
    .post("/things", ({ set, body }) => created(set, "/v1/things/1", body.n), {
      body: t.Object({ n: integer({ minimum: 1, maximum: 5 }) }),
      response: { 201: okOf(t.Number()) },
    })
    .post("/things/bulk", ({ body }) => ok(body.length), { body: rawBody })
    .get("/things/:id", ({ params }) => ok(params.id))
    .delete("/things/:id", () => noContent(), { response: { 204: nothing } })
    .post("/things/:id/poke", () => ok("poked"))
    .get("/test/clock", () => ok("ticking"))
    .get(
      "/broken/:how",
      ({ params: { how } }) => {
        if (how === "bug") throw new Error("the secret is hunter2");
        // oxlint-disable-next-line no-throw-literal -- what nobody should throw, some library does
        if (how === "null") throw null;
        if (how === "slow") throw new AppError("rate_limited", "Slow down.", { retry_after_s: 7 });
        if (how === "fault") {
          throw new AppError("lead_exists", "There is one.", {
            field: "email",
            conflict: { lead_id: "lead_1" },
          });
        }
        return ok(`hunter${how.length}`);
      },
      { response: okOf(t.String({ maxLength: 3 })) },
    );

function openThings(wiring: Wiring, more: (v1: Wiring) => AnyElysia, access: AccessTable) {
  const { root, seal } = openFront(wiring, { ...ACCESS, ...access });
  const app = root.group("/v1", (v1) => v1.use(things(wiring)).use(more(wiring)));
  seal(app.routes);
  return app;
}

interface Fault {
  code: string;
  message: string;
  field?: string;
  doc: string;
  details?: { field: string; message: string }[];
  lead_id?: string;
}

interface Body {
  success: boolean;
  data: unknown;
  error: Fault;
  message: string;
  request_id: string;
}

export type Ask = RequestInit & { key?: string | null };

const session_key = new Uint8Array(32);

const wiringOf = ({ house }: TestHouse, { allowed_hosts = [], system_clock }: ThingsOptions) =>
  openWiring({
    pulse: () => undefined,
    control: system_clock ? { ...house.control, clock: system_clock } : house.control,
    ledgers: house.ledgers,
    mail: noMailHere,
    names: { mailHosts: noMailHere, services: noMailHere },
    sign_ins: noSignIns,
    explainCampaign: () => null,
    explainLead: () => null,
    advance: (ledger, until) => house.engine.advance(ledger, until),
    receive: noMailHere,
    forecast: noMailHere,
    sendTestMail: noMailHere,
    sendAnswer: noMailHere,
    openUntracked: noMailHere,
    resolve: noMailHere,
    authenticate: (key) => authenticate(house.control, key),
    admitSession: (wish) => admitSession({ control: house.control, session_key }, wish),
    session_key,
    addWorkspace: noMailHere,
    last_tick_at: () => null,
    allowed_hosts,
    log: house.log,
    started_at: 0,
    version: "0.0.0",
  });

const noMailHere = (): never => {
  throw new Error("these routes send no mail");
};

const noSignIns: SignIns = {
  assertClient: noMailHere,
  serversOf: noMailHere,
  linkOf: noMailHere,
  begin: noMailHere,
  finish: noMailHere,
  askCode: noMailHere,
  keepCode: noMailHere,
  codeOf: noMailHere,
  look: noMailHere,
};

export interface ThingsOptions extends TestHouseOptions {
  /** The clock of control.db: rates, request ids and stored answers go by it. */
  system_clock?: Clock;
  /** Routes beside those above, and who may use them. */
  more?: (wiring: Wiring) => AnyElysia;
  access?: AccessTable;
}

/** A house with these routes; `ask` brings the live key unless it names another one, or null for none. */
export async function openThingsHouse(options: ThingsOptions = {}) {
  const house = await openTestHouse(options);
  const wiring = wiringOf(house, options);
  const app = openThings(wiring, options.more ?? (() => new Elysia()), options.access ?? {});
  const ask = async (path: string, { key = house.key.key, ...init }: Ask = {}) => {
    const headers = new Headers(init.headers);
    if (key !== null) headers.set("authorization", `Bearer ${key}`);
    const response = await app.handle(new Request(`http://localhost${path}`, { ...init, headers }));
    const text = await response.text();
    const body: Body | null = text.startsWith("{") ? JSON.parse(text) : null;
    return {
      status: response.status,
      headers: response.headers,
      text,
      body,
      code: body?.error?.code,
    };
  };
  return { ...house, wiring, ask };
}

export type ThingsHouse = Awaited<ReturnType<typeof openThingsHouse>>;

export const JSON_TYPE = { "content-type": "application/json" };

/** A POST of this text. */
export const post = (body: string, headers: Record<string, string> = JSON_TYPE): RequestInit => ({
  method: "POST",
  body,
  headers,
});
