// A14 and A15: what happens to those who ask again, and to those who ask too often.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { openBuckets, RATES } from "../../src/http/rate-limit.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";

let house: TestHouse;
beforeAll(async () => {
  house = await openTestHouse();
});
afterAll(() => house.close());

const bearer = ({ key }: { key: string }) => ({ authorization: `Bearer ${key}` });
const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  house.request(path, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "content-length": String(body.length),
      ...bearer(house.test_key),
      ...headers,
    },
  });
const read = async (answer: Response) => JSON.parse(await answer.text());
const codeOf = async (answer: Response) => (await read(answer)).error?.code;
const retry = (name: string, body: object) =>
  post("/v1/leads", JSON.stringify(body), { "idempotency-key": name });
const count = () =>
  house.test_ledger.db.query<{ n: number }, []>("SELECT count(*) AS n FROM leads").get()?.n;

describe("A14: the same Idempotency-Key", () => {
  test("gets the same answer, says so, and has one effect", async () => {
    const before = count() ?? 0;
    const [one, two] = [
      await retry("a14-1", { email: "once@b.test" }),
      await retry("a14-1", { email: "once@b.test" }),
    ];
    expect([one.status, two.status]).toEqual([201, 201]);
    expect([
      one.headers.get("idempotent-replayed"),
      two.headers.get("idempotent-replayed"),
    ]).toEqual([null, "true"]);
    expect((await read(one)).data).toEqual((await read(two)).data);
    expect(count()).toBe(before + 1);
  });

  test("with another body, or on another route, is a conflict and has no effect", async () => {
    await retry("a14-2", { email: "first@b.test" });
    const before = count();
    expect(await codeOf(await retry("a14-2", { email: "second@b.test" }))).toBe(
      "idempotency_mismatch",
    );
    const elsewhere = await post("/v1/suppressions", '{"value":"x.test"}', {
      "idempotency-key": "a14-2",
    });
    expect(await codeOf(elsewhere)).toBe("idempotency_mismatch");
    expect(count()).toBe(before);
  });

  test("of another API key is another one", async () => {
    await retry("a14-3", { email: "mine@b.test" });
    const answer = await post("/v1/leads", '{"email":"mine@b.test"}', {
      "idempotency-key": "a14-3",
      ...bearer(house.key),
    });
    expect([answer.status, answer.headers.get("idempotent-replayed")]).toEqual([201, null]);
  });

  test("thirty times at the same moment has one effect", async () => {
    const before = count() ?? 0;
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => retry("a14-4", { email: "thirty@b.test" })),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 201 && status !== 409)).toEqual([]);
    expect(count()).toBe(before + 1);
  });
});

describe("A15: the rate limit", () => {
  test("lets through its burst and what comes back since, whatever the order and pace", () => {
    const tier = fc.constantFrom("surge", "velocity", "apex" as const);
    const gaps = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 2000 });
    fc.assert(
      fc.property(tier, gaps, (name, waits) => {
        const rate = RATES[name];
        const buckets = openBuckets();
        let now = 1_800_000_000_000;
        let let_in = 0;
        const start = now;
        for (const wait of waits) {
          now += wait;
          const standing = buckets.spend("key", rate, now);
          if (standing.wait_s === null) let_in++;
          expect(standing.remaining).toBeWithin(0, rate.burst);
          expect(standing.limit).toBe(rate.burst);
          expect(standing.reset_at * 1000).toBeGreaterThanOrEqual(now);
          if (standing.wait_s !== null) expect(standing.wait_s).toBeGreaterThanOrEqual(1);
        }
        expect(let_in).toBeLessThanOrEqual(
          rate.burst + ((now - start) * rate.per_minute) / 60_000 + 1,
        );
      }),
      { numRuns: 40 },
    );
  });

  test("opens again when the time that it told is over", () => {
    const buckets = openBuckets();
    const rate = RATES.surge;
    for (let i = 0; i < rate.burst; i++) buckets.spend("key", rate, 0);
    const { wait_s } = buckets.spend("key", rate, 0);
    expect(wait_s).not.toBeNull();
    expect(buckets.spend("key", rate, (wait_s ?? 0) * 1000).wait_s).toBeNull();
  });

  test("stands in the headers of every answer, and ends in 429 with Retry-After for that key alone", async () => {
    const other = await openTestHouse();
    try {
      const answers = await Promise.all(
        Array.from({ length: RATES.surge.burst + 5 }, () => other.request("/v1/leads/x")),
      );
      const remaining = answers.map(({ headers }) => Number(headers.get("x-ratelimit-remaining")));
      expect(remaining[0]).toBe(RATES.surge.burst - 1);
      expect(Math.min(...remaining)).toBe(0);
      expect(
        answers.every(
          ({ headers }) => headers.get("x-ratelimit-limit") === String(RATES.surge.burst),
        ),
      ).toBe(true);
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.every(({ headers }) => /^\d+$/.test(headers.get("retry-after") ?? ""))).toBe(
        true,
      );
      const neighbour = bearer(other.test_key);
      expect((await other.request("/v1/leads/x", { headers: neighbour })).status).toBe(404);
    } finally {
      await other.close();
    }
  });
});
