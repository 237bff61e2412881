// How often one may ask (reliability.md A15).
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { array, assert, integer, property } from "fast-check";

import { openBuckets, RATES } from "../../src/http/rate-limit.ts";
import { openTestClock, type TestClock } from "../../src/ledger/clock.ts";
import { changeWorkspace } from "../../src/resources/workspaces/actions.ts";
import { openThingsHouse, post, type ThingsHouse } from "./things.ts";

const NOON = Date.UTC(2026, 10, 21, 12);

describe("A15: a bucket", () => {
  test("never gives more than its burst and what came back since, however the requests are spread", () => {
    assert(
      property(array(integer({ min: -5_000, max: 20_000 }), { maxLength: 600 }), (waits) => {
        const rate = { per_minute: 100, burst: 24 };
        const buckets = openBuckets();
        let now = NOON;
        let forward = 0;
        let given = 0;
        for (const wait of waits) {
          now += wait;
          forward += Math.max(0, wait);
          const { wait_s, remaining, reset_at, limit } = buckets.spend("one", rate, now);
          if (wait_s === null) given++;
          else expect(wait_s).toBeGreaterThanOrEqual(1);
          expect(remaining).toBeWithin(0, limit);
          expect(reset_at).toBeGreaterThanOrEqual(Math.ceil(now / 1000));
        }
        expect(given).toBeLessThanOrEqual(rate.burst + forward * (rate.per_minute / 60_000) + 1e-6);
      }),
      { numRuns: 60 },
    );
  });

  test("is as full again at its reset as it was at first, and one wait buys one request", () => {
    const buckets = openBuckets();
    const spend = (now: number) => buckets.spend(7, RATES.surge, now);
    for (let i = 0; i < 240; i++) expect(spend(NOON).wait_s).toBeNull();
    const empty = spend(NOON);
    expect(empty).toEqual({ limit: 240, remaining: 0, reset_at: NOON / 1000 + 144, wait_s: 1 });
    expect(spend(NOON + 1000).wait_s).toBeNull();
    expect(spend(NOON + 1000).wait_s).toBe(1);
    const full = spend(NOON + 1000 + 144_000);
    expect([full.remaining, full.wait_s]).toEqual([239, null]);
  });

  test("is forgotten when it was used longest ago, so that addresses cost bounded memory", () => {
    const buckets = openBuckets(2);
    const rate = { per_minute: 1, burst: 1 };
    expect(buckets.spend("a", rate, NOON).wait_s).toBeNull();
    expect(buckets.spend("b", rate, NOON).wait_s).toBeNull();
    expect(buckets.spend("a", rate, NOON).wait_s).toBe(60);
    // b was used longest ago and gives way.
    buckets.spend("c", rate, NOON);
    expect(buckets.spend("a", rate, NOON).wait_s).toBe(60);
    expect(buckets.spend("b", rate, NOON).wait_s).toBeNull();
  });
});

const standing = ({ headers }: { headers: Headers }) =>
  ["limit", "remaining", "reset"].map((name) => Number(headers.get(`x-ratelimit-${name}`)));

describe("A15: how often one may ask", () => {
  let clock: TestClock;
  let house: ThingsHouse;
  beforeEach(async () => {
    clock = openTestClock(NOON);
    house = await openThingsHouse({ system_clock: clock });
  });
  afterEach(() => house.close());

  const askOften = async (n: number, path = "/v1/things", key?: string | null) => {
    const statuses: number[] = [];
    for (let i = 0; i < n; i++)
      statuses.push((await house.ask(path, key === undefined ? {} : { key })).status);
    return statuses;
  };

  test("every answer says how the key stands, refusals and faults too", async () => {
    expect(standing(await house.ask("/v1/things"))).toEqual([240, 239, NOON / 1000 + 1]);
    const others = [
      await house.ask("/v1/nothing"),
      await house.ask("/v1/things", post("{")),
      await house.ask("/v1/things", post("{}")),
      await house.ask("/v1/things", post("n=1", { "content-type": "text/plain" })),
      await house.ask("/v1/things", { method: "PUT" }),
      await house.ask("/v1/things", { method: "HEAD" }),
      await house.ask("/v1/things/x", { method: "DELETE" }),
      await house.ask("/v1/broken/bug"),
      await house.ask("/v1/broken/null"),
    ];
    expect(others.map((one) => standing(one)[1])).toEqual([
      238, 237, 236, 235, 234, 233, 232, 231, 230,
    ]);
  });

  test("the 241st request of a moment waits on Surge, and the same key goes on when it has waited", async () => {
    expect(new Set(await askOften(240))).toEqual(new Set([200]));
    const refused = await house.ask("/v1/things");
    expect(refused).toMatchObject({ status: 429, code: "rate_limited" });
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(standing(refused)).toEqual([240, 0, NOON / 1000 + 144]);
    // Another key has a bucket of its own.
    expect((await house.ask("/v1/things", { key: house.test_key.key })).status).toBe(200);
    clock.moveTo(NOON + 1000);
    expect(await askOften(2)).toEqual([200, 429]);
  });

  test("a higher tier asks more often, from the next request on", async () => {
    await house.ask("/v1/things");
    changeWorkspace(house.control, house.workspace_id, { tier: "velocity" });
    expect(standing(await house.ask("/v1/things"))[0]).toBe(1200);
    changeWorkspace(house.control, house.workspace_id, { tier: "apex" });
    expect(standing(await house.ask("/v1/things"))[0]).toBe(12_000);
  });

  test("K8: what comes without a key counts on its address and never on a key", async () => {
    expect(new Set(await askOften(240, "/v1/things", null))).toEqual(new Set([401]));
    const refused = await house.ask("/v1/things", { key: null });
    expect(refused).toMatchObject({ status: 429, code: "rate_limited" });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect((await house.ask("/v1/public", { key: null })).status).toBe(429);
    expect((await house.ask("/v1/things")).status).toBe(200);
    // Neither the wrong host nor a page of another origin learns less for it.
    expect((await house.ask("/v1/things", { headers: { host: "evil.test" } })).status).toBe(421);
  });

  test("what a route itself finds too often says how long to wait", async () => {
    const slow = await house.ask("/v1/broken/slow");
    expect(slow).toMatchObject({ status: 429, code: "rate_limited" });
    expect(slow.headers.get("retry-after")).toBe("7");
  });

  test("K8: eleven wrong keys of one address wait, with Retry-After", async () => {
    expect(await askOften(11, "/v1/things", "wrong")).toEqual([
      ...Array<number>(10).fill(401),
      429,
    ]);
    clock.moveTo(NOON + 60_000);
    expect(await askOften(1, "/v1/things", "wrong")).toEqual([401]);
  });
});
