// Every route of the app, asked by everybody who must not be let in. A new route is in here without anybody thinking of
// it: the list is the app's own.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import type { FaultCode } from "../../src/core/faults.ts";
import { formatId } from "../../src/core/ids.ts";
import { mayDo, type Scope, SCOPES } from "../../src/core/scopes.ts";
import { SECURITY_HEADERS } from "../../src/http/headers.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { revokeKey } from "../../src/resources/api-keys/actions.ts";
import { changeWorkspace, createWorkspace } from "../../src/resources/workspaces/actions.ts";
import { signIn } from "../resources/auth/sign-in.ts";
import {
  type Answered,
  faultProblem,
  furnish,
  isApi,
  type Manner,
  nameOf,
  openStreet,
  type Route,
  SAFE,
  type Street,
} from "./all-routes.ts";

let street: Street;
let guarded: Route[];
/** Of a session that stays signed in; a test that signs out brings its own. */
let cookie: string;
beforeAll(async () => {
  street = await openStreet();
  ({ cookie } = await signIn(street.house));
  guarded = street.routes.filter((route) => isApi(route) && route.need !== "open");
});
afterAll(() => street.house.close());

const ORIGIN = "http://localhost";
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const workspaceOf = (tier: "spark" | "surge") => {
  const { control, master_key } = street.house;
  const id = createWorkspace(control, { name: "Other", zone: "UTC" }, master_key);
  changeWorkspace(control, id, { tier });
  return id;
};

/** Asks them one after the other: what a request leaves behind meets the next one. */
async function askAll(routes: readonly Route[], manner: Manner = {}): Promise<Answered[]> {
  const answers: Answered[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  for (const route of routes) answers.push(await street.ask(route, manner));
  return answers;
}

/** Every one of these routes answers this fault, with and without a good body. */
async function expectAll(routes: readonly Route[], manner: Manner, code: FaultCode): Promise<void> {
  expect(routes.length).toBeGreaterThan(0);
  const answers = [
    ...(await askAll(routes, manner)),
    ...(await askAll(routes, { ...manner, with_body: true })),
  ];
  expect(answers.map((answer) => faultProblem(answer, code)).filter((one) => one !== null)).toEqual(
    [],
  );
  expect(
    answers.map(({ headers }) => headerProblem(headers)).filter((one) => one !== null),
  ).toEqual([]);
}

/** D8 and D5: the headers that every answer has, and those that none may have. */
function headerProblem(headers: Headers): string | null {
  const wrong = Object.entries(SECURITY_HEADERS).find(
    ([name, value]) => headers.get(name) !== value,
  );
  if (wrong) return `${wrong[0]}: ${headers.get(wrong[0])}`;
  return [...headers.keys()].find((name) => name.startsWith("access-control-")) ?? null;
}

/** All that a ledger holds, but for what requests leave behind in any case. */
const everything = ({ db }: Ledger) => {
  const sql =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'answers' ORDER BY name";
  const tables = db.query<{ name: string }, []>(sql).all();
  return tables.map(({ name }) => [name, db.query(`SELECT * FROM "${name}"`).values()]);
};

const nounOf = ({ path }: Route) => path.split("/")[2] ?? "";

const opened = (need: (need: string) => boolean) =>
  street.routes.filter((route) => isApi(route) && need(route.need)).map((route) => nameOf(route));

const named = () => guarded.filter(({ path, need }) => path.includes(":") && need !== "session");
/** `stranger`: a key, or the headers of a session. */
async function expectNothing(
  mode: "live" | "test",
  stranger: string | Record<string, string>,
  routes: readonly Route[],
) {
  const { house, keyOf } = street;
  const ledger = house.house.ledgers.get(house.workspace_id, mode);
  const own: Record<string, string> = {
    ...furnish(ledger),
    "api-keys": formatId("key", keyOf(["all"], mode).id),
  };
  const idOf = (route: Route) => {
    const id = Object.entries(own).find(([noun]) => noun === nounOf(route))?.[1];
    if (id === undefined) throw new Error(`make one of ${nameOf(route)} in furnish()`);
    return id;
  };
  const before = everything(ledger);
  const who = typeof stranger === "string" ? bearer(stranger) : stranger;
  const manner = { headers: { ...who, "x-inbox-id": own["inboxes"] ?? "" }, idOf, now: true };
  const answers = await askAll(routes, { ...manner, with_body: true });
  expect(
    answers.map((answer) => faultProblem(answer, "not_found")).filter((one) => one !== null),
  ).toEqual([]);
  const lists = await askAll(
    guarded.filter(
      ({ method, path, need }) => method === "GET" && !path.includes(":") && need !== "session",
    ),
    manner,
  );
  const shown = lists.filter(({ text }) => Object.values(own).some((id) => text.includes(id)));
  expect(shown).toEqual([]);
  expect(everything(ledger)).toEqual(before);
  // It was there all the time: its owner sees it.
  const owner = bearer(keyOf(["all"], mode).key);
  const shows = routes.filter(({ method }) => method === "GET");
  const seen = await askAll(shows, { headers: owner, idOf });
  expect(seen.map(({ route, status }) => [route, status])).toEqual(
    shows.map((route) => [nameOf(route), 200]),
  );
}

/** The other methods of a path, which are not to say more than its own ones. */
const otherMethods = () =>
  guarded.flatMap((route) => {
    const methods = route.method === "GET" ? ["HEAD", "OPTIONS", "PUT"] : ["OPTIONS", "PUT"];
    return methods.map((method) => Object.assign({}, route, { method, body: null }));
  });

const STRANGE_KEYS: [string, string][] = [
  ["a key that is no key", "Bearer x"],
  ["a key of another scheme", "Basic YTpi"],
  [
    "a key with the wrong letters",
    `Bearer imk_live_${"0".repeat(16)}.${"ä".repeat(43)}`.replaceAll("ä", "!"),
  ],
  ["an unknown key", `Bearer imk_live_${"0".repeat(16)}.${"A".repeat(43)}`],
  ["a key of 100 KB", `Bearer ${"x".repeat(100_000)}`],
];

describe("K6: a route under /v1", () => {
  test("takes no key only where people sign in", () => {
    expect(opened((need) => need === "open")).toEqual([
      "POST /v1/auth/login",
      "POST /v1/auth/setup",
    ]);
  });

  test("that changes something is not opened by a scope to read", () => {
    expect(
      opened((need) => need.endsWith(":read")).filter((name) => !name.startsWith("GET ")),
    ).toEqual([
      "POST /v1/campaigns/:id/validate",
      "POST /v1/campaigns/:id/preview",
      "POST /v1/replies/classify",
    ]);
  });
});

describe("K6: every route under /v1 answers", () => {
  test("401 missing_key without a key, whatever is asked and with whatever method", async () => {
    expect(guarded.length).toBeGreaterThan(45);
    await expectAll([...guarded, ...otherMethods()], {}, "missing_key");
  });

  test.each(STRANGE_KEYS)("401 invalid_key to %s", async (_, authorization) => {
    await expectAll(guarded, { headers: { authorization } }, "invalid_key");
  });

  test("401 invalid_key to one that has the secret of another key", async () => {
    const [one, other] = [street.keyOf(["all"]), street.keyOf(["all"])];
    const mixed = `${one.public_id}.${other.key.split(".")[1]}`;
    await expectAll(guarded, { headers: bearer(mixed) }, "invalid_key");
  });

  test("401 invalid_key to a key of one mode that is spelled like one of the other", async () => {
    const spelled = street.keyOf(["all"], "test").key.replace("imk_test_", "imk_live_");
    await expectAll(guarded, { headers: bearer(spelled) }, "invalid_key");
  });

  test.each(["live", "test"] as const)("401 invalid_key to a revoked %s key", async (mode) => {
    const { key, id } = street.keyOf(["all"], mode);
    revokeKey(street.house.control, id);
    await expectAll(guarded, { headers: bearer(key) }, "invalid_key");
  });

  test.each(["live", "test"] as const)("401 invalid_key to an expired %s key", async (mode) => {
    const { key, id } = street.keyOf(["all"], mode);
    street.house.control.db.run("UPDATE api_keys SET expires_at = 1 WHERE id = ?", [id]);
    await expectAll(guarded, { headers: bearer(key) }, "invalid_key");
  });

  test("401 invalid_session to a cookie that opens no session", async () => {
    await expectAll(
      guarded,
      { headers: { cookie: "imail_session=x.y.z", origin: ORIGIN } },
      "invalid_session",
    );
  });

  test("401 to a wrong key beside the cookie of a session: the key is what counts", async () => {
    await expectAll(
      guarded,
      { headers: { cookie, origin: ORIGIN, ...bearer("x") } },
      "invalid_key",
    );
  });

  test("403 scope_missing to a key with every scope but those that give it", async () => {
    const scopes = [...new Set(guarded.map(({ need }) => need))].filter((need): need is Scope =>
      SCOPES.some((one) => one === need),
    );
    expect(scopes.length).toBeGreaterThan(6);
    for (const need of scopes) {
      const others = SCOPES.filter((scope) => !mayDo([scope], need));
      const { key } = street.keyOf(others);
      const routes = guarded.filter((route) => route.need === need);
      // oxlint-disable-next-line no-await-in-loop -- one key after the other
      await expectAll(routes, { headers: bearer(key) }, "scope_missing");
    }
  });

  test("403 scope_missing to a live key with all scopes on the routes of test mode", async () => {
    const routes = guarded.filter(({ need }) => need === "test");
    await expectAll(routes, { headers: bearer(street.keyOf(["all"]).key) }, "scope_missing");
  });

  test.each(["live", "test"] as const)(
    "403 session_only to a %s key on the routes of people",
    async (mode) => {
      const routes = guarded.filter(({ need }) => need === "session");
      await expectAll(routes, { headers: bearer(street.keyOf(["all"], mode).key) }, "session_only");
    },
  );

  test.each(["live", "test"] as const)(
    "403 tier_gate to a %s key of the Spark tier",
    async (mode) => {
      const { key } = street.keyOf(["all"], mode, workspaceOf("spark"));
      await expectAll(guarded, { headers: bearer(key) }, "tier_gate");
    },
  );

  test("anything but 401, 403, 429 and 5xx to a key or session that may", async () => {
    const browser = await signIn(street.house);
    const as_person = { cookie: browser.cookie, origin: ORIGIN };
    const keys = {
      live: bearer(street.keyOf(["all"]).key),
      test: bearer(street.keyOf(["all"], "test").key),
    };
    const last = guarded.toSorted(
      (one, other) => Number(one.path.endsWith("/logout")) - Number(other.path.endsWith("/logout")),
    );
    const refused: string[] = [];
    for (const route of last) {
      const headers =
        route.need === "session" ? as_person : route.need === "test" ? keys.test : keys.live;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await street.ask(route, { headers, now: true });
      const { status, text } = answer;
      const wrong = headerProblem(answer.headers);
      if ([401, 403, 429].includes(status) || status >= 500 || wrong !== null) {
        refused.push(`${nameOf(route)} ${status} ${wrong} ${text.slice(0, 200)}`);
      }
    }
    expect(refused).toEqual([]);
  });
});

describe("D4: every route that changes something answers 403 wrong_origin to a session", () => {
  const FOREIGN: [string, Record<string, string>][] = [
    ["that does not say where it comes from", {}],
    [
      "from a page of another origin",
      { origin: "https://evil.test", "sec-fetch-site": "cross-site" },
    ],
    ["from a page without an origin", { origin: "null" }],
    [
      "from another port of this machine",
      { origin: "http://localhost:81", "sec-fetch-site": "same-site" },
    ],
    ["that was typed by hand", { "sec-fetch-site": "none" }],
  ];
  test.each(FOREIGN)("%s", async (_, headers) => {
    const unsafe = guarded.filter(({ method }) => !SAFE.has(method));
    await expectAll(unsafe, { headers: { cookie, ...headers }, now: true }, "wrong_origin");
    const safe = guarded.filter(({ method, need }) => SAFE.has(method) && need !== "test");
    const answers =
      headers["origin"] === undefined ? await askAll(safe, { headers: { cookie }, now: true }) : [];
    expect(
      answers.filter(({ status }) => status !== 200 && status !== 404 && status !== 400),
    ).toEqual([]);
  });

  test("and to a page of another origin that has a key, on every route, reading too", async () => {
    const headers = { ...bearer(street.keyOf(["all"]).key), origin: "https://evil.test" };
    await expectAll(street.routes, { headers }, "wrong_origin");
  });
});

describe("D3: every route, with or without a key, answers 421 wrong_host to", () => {
  test.each(["evil.test", "localhost.evil.test", "127.0.0.1.nip.io", "[::2]"])(
    "%s",
    async (host) => {
      const headers = { ...bearer(street.keyOf(["all"]).key), host };
      await expectAll(street.routes, { headers }, "wrong_host");
      await expectAll(
        street.routes,
        { headers: { host, "x-forwarded-host": "localhost" } },
        "wrong_host",
      );
    },
  );
});

describe("A7: what stands in one ledger is a 404 on every route to", () => {
  test.each(["live", "test"] as const)("a %s key of another workspace", async (mode) => {
    const { key } = street.keyOf(["all"], mode, workspaceOf("surge"));
    const routes = named().filter(({ need }) => need !== "test" || mode === "test");
    await expectNothing(mode, key, routes);
  });

  test.each(["live", "test"] as const)("a key of the other mode, when it is %s", async (mode) => {
    const { key } = street.keyOf(["all"], mode === "live" ? "test" : "live");
    const routes = named().filter(({ need }) => need !== "test");
    await expectNothing(mode, key, routes);
  });

  test("a session that acts in another workspace", async () => {
    const elsewhere = formatId("ws", workspaceOf("surge"));
    const headers = { cookie, origin: ORIGIN, "imail-workspace": elsewhere };
    await expectNothing(
      "live",
      headers,
      named().filter(({ need }) => need !== "test"),
    );
  });
});
