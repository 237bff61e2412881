// K1 to K8 of the threat model, beside what test/resources/api-keys, test/resources/auth and routes.test.ts hold: keys
// are hashed, compared in one time, and come before everything else.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { authenticate, createKey } from "../../src/resources/api-keys/actions.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";

let house: TestHouse;
beforeEach(async () => {
  house = await openTestHouse();
});
afterEach(() => house.close());

const make = () =>
  createKey(house.control, {
    workspace_id: house.workspace_id,
    mode: "live",
    scopes: ["all"],
    name: "",
  });
const secretOf = (key: string) => key.slice(key.indexOf(".") + 1);

test("K1: 32 random bytes; only their SHA-256 is in the database, in whatever form the bytes are looked for", () => {
  const made = Array.from({ length: 50 }, make);
  const secrets = made.map(({ key }) => secretOf(key));
  expect(new Set(secrets).size).toBe(50);
  const dump = Buffer.from(house.control.db.serialize());
  for (const [at, secret] of secrets.entries()) {
    const bytes = Buffer.from(secret, "base64url");
    expect(bytes).toHaveLength(32);
    const spellings = [bytes, secret, bytes.toString("hex"), bytes.toString("base64")];
    expect(spellings.filter((spelling) => dump.includes(spelling))).toEqual([]);
    const hash = new Bun.CryptoHasher("sha256").update(secret).digest();
    expect([made[at]?.public_id, dump.includes(hash)]).toEqual([made[at]?.public_id, true]);
  }
});

describe("K2: an unknown id", () => {
  test("is compared like a known one, with a hash that no secret has", async () => {
    const source = await Bun.file("src/resources/api-keys/actions.ts").text();
    const body = /export function authenticate[\s\S]*?\n\}/.exec(source)?.[0] ?? "";
    const [before = "", after = ""] = body.split("timingSafeEqual(");
    // Nothing is decided before the comparison.
    expect(before.replaceAll("??", "")).not.toMatch(/\breturn\b|\bif \(|\?|&&|\|\|/);
    expect(after).toStartWith("hashOf(secret), found?.secret_hash ?? NO_HASH)");
  });

  test("takes about as long as a known one with a wrong secret", () => {
    const { public_id } = make();
    const wrong = `${public_id}.${"A".repeat(43)}`;
    const unknown = `imk_live_${"0".repeat(16)}.${"A".repeat(43)}`;
    const times: Record<string, number[]> = { [wrong]: [], [unknown]: [] };
    for (let i = 0; i < 4000; i++) {
      for (const key of [wrong, unknown]) {
        const start = performance.now();
        authenticate(house.control, key);
        times[key]?.push(performance.now() - start);
      }
    }
    const median = (key: string) => times[key]?.toSorted((a, b) => a - b)[2000] ?? 0;
    // In ms. A row that is found costs some µs to read; the noise of a loopback request is 50 times that.
    expect(Math.abs(median(wrong) - median(unknown))).toBeLessThan(0.05);
  });
});

test("K3: no answer of any list, log or error shows a key, and the answer that makes one shows it once", async () => {
  const body = JSON.stringify({ name: "CI", scopes: ["leads:read"] });
  const headers = { "content-type": "application/json", "content-length": String(body.length) };
  const made = await house.request("/v1/api-keys", { method: "POST", headers, body });
  const { data } = JSON.parse(await made.text());
  expect(JSON.stringify(data).split(secretOf(data.key))).toHaveLength(2);
  const seen = await Promise.all(
    [
      house.request("/v1/api-keys"),
      house.request(`/v1/api-keys/${data.id}`),
      house.request(`/v1/leads?q=${data.key}&nonsense=${data.key}`),
      house.request(`/v1/leads/${data.key}`),
      house.request("/v1/leads", { headers: { authorization: `Bearer ${data.key}x` } }),
      house.request("/v1/campaigns", { headers: { authorization: `Bearer ${data.key}` } }),
    ].map(async (answer) => {
      const { status, headers: told } = await answer;
      return `${status} ${JSON.stringify([...told])} ${await (await answer).clone().text()}`;
    }),
  );
  expect(seen.map((one) => one.slice(0, 3))).toEqual(["200", "200", "400", "404", "401", "403"]);
  expect(
    [...seen, JSON.stringify(house.lines)].filter((one) => one.includes(secretOf(data.key))),
  ).toEqual([]);
});

test("K5: a disk that takes no more writes does not keep a key out of what only reads", async () => {
  const { key } = make();
  house.control.db.run("PRAGMA max_page_count = 1");
  house.control.db.run("PRAGMA query_only = ON");
  try {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await house.request("/v1/leads", { headers });
    expect(answer.status).toBe(200);
  } finally {
    house.control.db.run("PRAGMA query_only = OFF");
  }
});

const NO_KEY: [string, string, RequestInit][] = [
  ["bad JSON", "/v1/leads", { method: "POST", body: "{" }],
  ["an invalid body", "/v1/leads", { method: "POST", body: '{"email":7}' }],
  ["a form", "/v1/leads", { method: "POST", body: new URLSearchParams({ a: "b" }) }],
  [
    "a body that is too large",
    "/v1/leads",
    { method: "POST", headers: { "content-length": "99999999" } },
  ],
  [
    "a compressed body",
    "/v1/leads",
    { method: "POST", headers: { "content-encoding": "gzip" }, body: "x" },
  ],
  ["an unknown query", "/v1/leads?nonsense=1", {}],
  ["an unknown version", "/v1/leads", { headers: { "imail-version": "x" } }],
  ["an unknown route", "/v1/nothing", {}],
  ["the bare prefix", "/v1", {}],
  ["a path with two slashes", "/v1//leads", {}],
  ["a path that climbs", "/v1/../v1/leads", {}],
  ["OPTIONS", "/v1/leads", { method: "OPTIONS" }],
  ["HEAD", "/v1/leads", { method: "HEAD" }],
  ["a method that no route has", "/v1/leads", { method: "PUT" }],
  ["a retry", "/v1/leads", { method: "POST", headers: { "idempotency-key": "a" }, body: "{}" }],
];

test.each(NO_KEY)(
  "K7: without a key %s is a 401 before it is anything else",
  async (_, path, init) => {
    const headers = {
      "content-type": "application/json",
      ...Object(init.headers),
      authorization: "",
    };
    if (init.body instanceof URLSearchParams)
      headers["content-type"] = "application/x-www-form-urlencoded";
    const answer = await house.request(path, { ...init, headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="imail"');
  },
);

test("K8: eleven wrong keys of a minute make the address wait, and no good key with it", async () => {
  const wrong = {
    headers: { authorization: `Bearer imk_live_${"0".repeat(16)}.${"A".repeat(43)}` },
  };
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => house.request("/v1/leads", wrong)),
  );
  expect(answers.map(({ status }) => status)).toEqual([
    ...Array.from({ length: 10 }, () => 401),
    ...Array.from({ length: 20 }, () => 429),
  ]);
  expect(Number(answers.at(-1)?.headers.get("retry-after"))).toBeWithin(1, 61);
  expect((await house.request("/v1/leads")).status).toBe(200);
});
