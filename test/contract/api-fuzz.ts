// Drives every operation of /openapi.json with good, bad and wild requests, and raw sockets with garbage. What must
// hold: no 5xx, no answer outside the envelope, no secret in any answer or log.
import { type Mode, MODES } from "../../src/core/states.ts";
import { askWith } from "../world/ask.ts";
import { type Chance, chanceOf, oneOf } from "../world/chance.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";
import { mailThatTakesEveryLogin } from "../world/mail-that-fails-logins.ts";
import { makeCampaign } from "../world/make-campaign.ts";
import { type Callers, openCallers, PASSWORD_CANARY } from "./fuzz-callers.ts";
import { problemOf } from "./fuzz-problems.ts";
import { throwGarbage } from "./fuzz-sockets.ts";
import { openKnownIds, type Schema, valueFor, wildValue, type WildWorld } from "./wild-values.ts";

interface Operation {
  method: string;
  path: string;
  /** The kind of the ids in its path: `lead`. */
  prefix: string;
  query: Parameter[];
  body: Schema | null;
  /** The body that the document shows. */
  example: unknown;
  /** The other content types that it takes. */
  raw: string[];
}

interface Parameter {
  name: string;
  in: string;
  schema?: Schema;
  example?: unknown;
}

interface Document {
  paths: Record<string, Record<string, unknown>>;
  components?: { schemas?: Record<string, Schema>; parameters?: Record<string, Parameter> };
}

interface OperationObject {
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { content?: Record<string, { schema?: Schema; example?: unknown }> };
}

export interface FuzzReport {
  seed: number;
  requests: number;
  by_status: Record<string, number>;
  /** Operations that have answered 2xx at least once, and those that never have. */
  reached: number;
  not_reached: string[];
  problems: string[];
}

const METHODS = ["get", "post", "patch", "put", "delete"];
const AT_A_TIME = 16;
const IDS = /\b[a-z]{2,4}_[0-9a-z]{11}\b/g;
const lastOf = (ref: string) => ref.split("/").at(-1) ?? "";

function operationsOf({ paths, components }: Document): Operation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method] !== undefined).map((method) => {
      const operation = item[method] as OperationObject;
      const parameters = (operation.parameters ?? []).flatMap((one) => {
        const found = "$ref" in one ? components?.parameters?.[lastOf(one.$ref)] : one;
        return found ? [found] : [];
      });
      const content = operation.requestBody?.content ?? {};
      const example = parameters.find((one) => one.in === "path")?.example;
      return {
        method: method.toUpperCase(),
        path,
        prefix: typeof example === "string" ? (example.split("_")[0] ?? "") : "",
        query: parameters.filter((one) => one.in === "query"),
        body: content["application/json"]?.schema ?? null,
        example: content["application/json"]?.example ?? null,
        raw: Object.keys(content).filter((type) => type !== "application/json"),
      };
    }),
  );
}

/** So many requests from one seed, against a house of its own. */
export async function fuzzApi(count: number, seed: number): Promise<FuzzReport> {
  const house = await openTestHouse({ mail: mailThatTakesEveryLogin() });
  const callers = await openCallers(house);
  const there = await playBefore(house);
  const url = house.house.listen();
  try {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
    const fuzz = openFuzz({ url, document, callers, seed });
    fuzz.note("test", there);
    // Some at a time: some orders of things only come up side by side.
    for (let done = 0; done < count; done += AT_A_TIME) {
      const wave = Array.from({ length: Math.min(AT_A_TIME, count - done) }, () => fuzz.request());
      // oxlint-disable-next-line no-await-in-loop -- one wave after the other
      await Promise.all(wave);
    }
    await throwGarbage(url, seed, Math.min(1000, Math.ceil(count / 100)));
    const alive = await fetch(`${url}/livez`);
    if (alive.status !== 200) fuzz.problems.push(`after all of it /livez answers ${alive.status}`);
    fuzz.problems.push(...logProblems(house, callers));
    return { seed, ...fuzz.report(), problems: [...new Set(fuzz.problems)] };
  } finally {
    await house.close();
  }
}

/** Something to begin with, for few wild campaigns are good enough to be made: one that has sent, and its ids. */
async function playBefore(house: TestHouse): Promise<string[]> {
  const ask = askWith(house, "test");
  const { id } = await makeCampaign(ask, { status: "active" });
  for (const name of ["lea", "reply+interested", "bounce+hard"])
    await ask("POST", "/leads", { email: `${name}@gmail.test`, campaign_id: id });
  await ask("POST", "/test/clock/advance", { by: "P1D" });
  const lists = ["/campaigns", "/inboxes", "/leads", "/messages", "/test/mailbox"];
  const answers = await Promise.all(lists.map((path) => ask("GET", path)));
  return answers.flatMap(({ text }) => text.match(IDS) ?? []);
}

function logProblems({ lines }: TestHouse, callers: Callers): string[] {
  return lines.flatMap((line) => {
    const text = JSON.stringify(line);
    return [
      ...(callers.secretIn(text) === null ? [] : [`the log shows a secret: ${text.slice(0, 200)}`]),
      ...(line.level === "error" ? [`logged as an error: ${text.slice(0, 600)}`] : []),
    ];
  });
}

interface Fuzz {
  url: string;
  document: Document;
  callers: Callers;
  seed: number;
}

function openFuzz({ url, document, callers, seed }: Fuzz) {
  const chance = chanceOf(seed);
  const operations = operationsOf(document);
  const problems: string[] = [];
  const by_status: Record<string, number> = {};
  const reached = new Set<string>();
  let requests = 0;
  const known = { live: openKnownIds(), test: openKnownIds() };
  const resolve: WildWorld["resolve"] = (ref) => document.components?.schemas?.[lastOf(ref)] ?? {};
  const request = async () => {
    const operation = oneOf(chance, operations);
    const name = `${operation.method} ${operation.path}`;
    const { headers, mode } = callers.pick(chance);
    // Now and then the ids of the other mode.
    const ids = known[chance() < 0.95 ? mode : oneOf(chance, MODES)];
    const sent = requestFor({ chance, resolve, ids }, operation, headers);
    requests++;
    const answer = await fetch(`${url}${sent.path}`, { ...sent.init, redirect: "manual" });
    by_status[answer.status] = (by_status[answer.status] ?? 0) + 1;
    if (answer.ok) reached.add(name);
    const text = await answer.text();
    const problem = problemOf(operation, answer, text, callers);
    if (problem !== null) problems.push(`${name}: ${problem}\n  sent ${sent.shown}`);
    await callers.mend(answer.status, text);
    for (const [id] of text.slice(0, 20_000).matchAll(IDS)) {
      if (!id.startsWith("req_")) known[mode].note(id);
    }
  };
  const report = () => ({
    requests,
    by_status,
    reached: reached.size,
    not_reached: operations
      .map(({ method, path }) => `${method} ${path}`)
      .filter((name) => !reached.has(name)),
  });
  const note = (mode: Mode, ids: readonly string[]) => ids.forEach((id) => known[mode].note(id));
  return { request, problems, report, note };
}

/** `String` would ask the value itself, which may have a `toString` of its own. */
const queryText = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

function requestFor(world: WildWorld, operation: Operation, caller: Record<string, string>) {
  const { chance, ids } = world;
  const { method, path, query, prefix } = operation;
  const wild_ids = ["x", "..", "%2e%2e", "lead_00000000000", "\u{1f600}", "\u0000"];
  const id = () => (chance() < 0.9 ? ids.pick(chance, prefix) : null) ?? oneOf(chance, wild_ids);
  const filled = path.replace(/\{[^}]+\}/g, () => encodeURIComponent(id()));
  const wishes = query
    .filter(() => chance() < 0.2)
    .map(({ name, schema }) => [name, queryText(valueFor(world, schema ?? {}))]);
  if (chance() < 0.03) wishes.push([oneOf(chance, ["unknown", "limit", "cursor", "page"]), "-1"]);
  const search = wishes
    .map(([name = "", value = ""]) => `${name}=${encodeURIComponent(value.toWellFormed())}`)
    .join("&");
  const body = method === "GET" ? null : bodyFor(world, operation);
  const headers = {
    ...caller,
    ...(body === null ? {} : { "content-type": chance() < 0.98 ? body.type : "text/plain" }),
    ...wildHeaders(world),
  };
  return {
    path: search === "" ? filled : `${filled}?${search}`,
    shown: `${filled}?${search} ${body?.text.slice(0, 300) ?? ""} ${JSON.stringify(headers).slice(0, 300)}`,
    init: { method, headers, ...(body === null ? {} : { body: body.text }) },
  };
}

function wildHeaders({ chance, ids }: WildWorld): Record<string, string> {
  const inbox = ids.pick(chance, "inb");
  const versions = ["2026-03-10", "2026-05-10", "x", "2099-01-01"];
  const tags = ['"nothing"', "*", 'W/"x", "y"', "x"];
  return {
    ...(chance() < 0.1
      ? { "idempotency-key": oneOf(chance, ["a", "b", "é", "c".repeat(300)]) }
      : {}),
    ...(chance() < 0.05 ? { "imail-version": oneOf(chance, versions) } : {}),
    ...(chance() < 0.03 ? { "if-match": oneOf(chance, tags) } : {}),
    ...(chance() < 0.03 ? { "if-none-match": oneOf(chance, tags) } : {}),
    ...(inbox === null ? {} : { "x-inbox-id": inbox }),
  };
}

interface Body {
  type: string;
  text: string;
}

function bodyFor(world: WildWorld, { body, example, raw }: Operation): Body | null {
  const { chance } = world;
  const type = raw.length > 0 && (body === null || chance() < 0.5) ? oneOf(chance, raw) : null;
  if (type !== null) return { type, text: rawText(chance, type) };
  return body === null ? null : { type: "application/json", text: jsonText(world, body, example) };
}

const BAD_JSON = ["{", "[]", "null", '"', "{}{}", '{"a":1,}', "\ufeff{}", "[".repeat(5_000)];

function jsonText(world: WildWorld, schema: Schema, example: unknown): string {
  const { chance } = world;
  const kind = chance();
  if (kind < 0.03) return oneOf(chance, BAD_JSON);
  const value =
    kind < 0.06
      ? wildValue(world)
      : kind < 0.5 && example !== null
        ? changed(world, example)
        : valueFor(world, schema);
  return (
    JSON.stringify(value, (key, inner: unknown) =>
      key === "password" && typeof inner === "string" ? PASSWORD_CANARY : inner,
    ) ?? "null"
  );
}

const ID = /^([a-z]{2,4})_[0-9a-z]{11}$/;
const ADDRESS = /^[^@\s]+@[^@\s]+$/;

/** The example with ids that are there, addresses of its own, and here and there something wild in it. */
function changed(world: WildWorld, value: unknown): unknown {
  const { chance, ids } = world;
  if (chance() < 0.01) return wildValue(world);
  if (Array.isArray(value)) return value.map((item) => changed(world, item));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, changed(world, one)]),
    );
  if (typeof value !== "string") return value;
  const [, prefix] = ID.exec(value) ?? [];
  if (prefix !== undefined) return ids.pick(chance, prefix) ?? value;
  return ADDRESS.test(value) && chance() < 0.5 ? `${Math.floor(chance() * 1e6)}${value}` : value;
}

const PARTS: Record<string, string[]> = {
  "text/csv": [
    "email,first_name\n",
    "email;reason\r\n",
    "ana@example.test,Ana\n",
    "=1+1,\t@x\n",
    '"',
    '""',
    "\n\n",
    "__proto__,constructor\n",
    "\ufeffE-Mail\tVorname\n",
    "é,\u0000,𝒳\n",
    "value,kind\nacme.test,domain\n",
  ],
  "message/rfc822": [
    "From: Ana <ana@example.test>\r\n",
    "To: ada@sender.test\r\n",
    "Subject: =?utf-8?q?=00=ff?=\r\n",
    "In-Reply-To: <x@y>\r\n",
    "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
    "Content-Transfer-Encoding: base64\r\n\r\n////\r\n",
    "Final-Recipient: rfc822; ana@example.test\r\nStatus: 5.1.1\r\n",
    "\r\n",
    "unsubscribe\r\n",
    "\u0000\u0001\r",
  ],
};

/** Some bytes of what such a file is made of, in any order. */
function rawText(chance: Chance, type: string): string {
  const parts = PARTS[type] ?? ["x"];
  return Array.from({ length: Math.floor(chance() * 12) }, () => oneOf(chance, parts)).join("");
}
