// `Imail-Version`, and what says that it will go.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { Elysia } from "elysia";

import { hiddenEvents, NEWEST, pickVersion, SNAPSHOTS } from "../../src/core/versions.ts";
import { type AccessTable, openDoor } from "../../src/http/access.ts";
import { ok } from "../../src/http/envelope.ts";
import { openTestClock } from "../../src/ledger/clock.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";
import { type Ask, openThingsHouse, type ThingsHouse } from "./things.ts";

const TODAY = "2026-12-24";

describe("the snapshot of a date", () => {
  test.each([
    ["2026-03-10", "2026-03-10"],
    ["2026-03-01", "2026-03-10"],
    ["2000-01-01", "2026-03-10"],
    ["2026-04-21", "2026-03-10"],
    ["2026-04-22", "2026-04-22"],
    ["2026-05-09", "2026-04-22"],
    ["2026-11-20", "2026-05-10"],
    ["2026-11-21", "2026-11-21"],
    [TODAY, "2026-11-21"],
  ])("%p is %p", (asked, version) => {
    expect(pickVersion(asked, TODAY)).toBe(version);
  });

  test.each(["2026-12-25", "9999-01-01", "2026-02-30", "2026-13-01", "20261121", "today", "", " "])(
    "%p is none",
    (asked) => {
      expect(pickVersion(asked, TODAY)).toBeNull();
    },
  );

  test("is the newest also where the machine's clock is behind it", () => {
    expect(pickVersion(NEWEST, "2020-01-01")).toBe(NEWEST);
    expect(pickVersion("2026-11-22", "2020-01-01")).toBeNull();
  });

  test("has no events that came after it", () => {
    expect(hiddenEvents("2026-04-22")).toContain("email.bounced.soft");
    expect(hiddenEvents("2026-05-10")).not.toContain("email.bounced.soft");
    expect(hiddenEvents("2026-03-10")).not.toContain("email.bounced.hard");
    expect(hiddenEvents(NEWEST)).toEqual([]);
  });

  test("is one of a list in the order of time that names nothing twice", () => {
    const dates = SNAPSHOTS.map(({ date }) => date);
    expect(dates).toEqual(dates.toSorted());
    const names = SNAPSHOTS.flatMap(({ routes, events }) => routes.concat(events));
    expect(names).toEqual([...new Set(names)]);
  });
});

describe("the API of another day", () => {
  let house: TestHouse;
  beforeEach(async () => {
    house = await openTestHouse();
  });
  afterEach(() => house.close());

  const ask = async (version: string | null, path: string, init: RequestInit = {}) => {
    const headers: Record<string, string> = version === null ? {} : { "imail-version": version };
    const answer = await house.request(path, { ...init, headers });
    const text = await answer.text();
    const body: { error?: { code: string; message: string } } = text.startsWith("{")
      ? JSON.parse(text)
      : {};
    return {
      status: answer.status,
      version: answer.headers.get("imail-version"),
      allow: answer.headers.get("allow"),
      code: body.error?.code,
      message: body.error?.message,
    };
  };

  test("without a header is the newest, and every answer names it", async () => {
    expect(await ask(null, "/v1/campaigns")).toMatchObject({ status: 200, version: NEWEST });
    expect(await ask(null, "/v1/nothing")).toMatchObject({ status: 404, version: NEWEST });
    expect((await ask(null, "/livez")).version).toBeNull();
  });

  test("hides the routes that it did not have", async () => {
    expect(await ask("2026-03-10", "/v1/events")).toMatchObject({
      status: 404,
      code: "not_found",
      version: "2026-03-10",
    });
    expect((await ask("2026-03-10", "/v1/events")).message).toContain("2026-03-10");
    expect((await ask("2026-11-21", "/v1/events")).status).toBe(200);
    const bulk = { method: "POST" };
    expect((await ask("2026-04-21", "/v1/leads/bulk", bulk)).status).toBe(405);
    expect((await ask("2026-04-22", "/v1/leads/bulk", bulk)).status).toBe(400);
    expect(await ask("2026-03-10", "/v1/leads", { method: "PUT" })).toMatchObject({
      status: 405,
      allow: "GET, HEAD, OPTIONS, POST",
    });
  });

  test("shows all fields whatever the day", async () => {
    const made = await house.testApi.v1.leads.post({ email: "ada@example.com" });
    const path = `/v1/leads/${made.data?.data.id}`;
    const fields = async (version: string) => {
      const answer = await house.request(path, {
        headers: { authorization: `Bearer ${house.test_key.key}`, "imail-version": version },
      });
      const body = (await answer.json()) as { data: object };
      return Object.keys(body.data);
    };
    expect(await fields("2026-03-10")).toEqual(await fields(NEWEST));
  });

  test.each(["tomorrow", "2026-02-30", "9999-12-31", "2026-11-21T00:00:00Z"])(
    "%p is a 400, after the key was looked at",
    async (version) => {
      expect(await ask(version, "/v1/campaigns")).toMatchObject({
        status: 400,
        code: "invalid_version",
        version: null,
      });
      const headers = { "imail-version": version, authorization: "" };
      expect((await house.request("/v1/campaigns", { headers })).status).toBe(401);
    },
  );
});

const entry = (sunset: string): AccessTable => ({
  "GET /v1/old": { need: "leads:read", deprecated: { since: "2027-01-01", sunset } },
});

describe("what is deprecated", () => {
  let house: ThingsHouse;
  beforeEach(async () => {
    house = await openThingsHouse({
      system_clock: openTestClock(Date.UTC(2027, 5, 1)),
      access: entry("2028-01-01"),
      more: (wiring) =>
        new Elysia({ name: "old" })
          .use(wiring.auth)
          .guard({ ledger: true })
          .get("/old", () => ok("still here")),
    });
  });
  afterEach(() => house.close());
  const ask = (init: Ask = {}) => house.ask("/v1/old", init);

  test("says since when and until when, with a link (RFC 9745, RFC 8594)", async () => {
    const { status, headers } = await ask();
    expect(status).toBe(200);
    expect(headers.get("deprecation")).toBe("@1798761600");
    expect(headers.get("sunset")).toBe("Sat, 01 Jan 2028 00:00:00 GMT");
    expect(headers.get("link")).toContain('rel="deprecation"');
    expect((await ask({ method: "HEAD" })).headers.get("sunset")).not.toBeNull();
  });

  test("is all that says so", async () => {
    expect((await house.ask("/v1/things")).headers.get("deprecation")).toBeNull();
  });

  test("lives for twelve months, or the program does not start", () => {
    expect(() => openDoor(entry("2027-12-31"))).toThrow("GET /v1/old");
    expect(() => openDoor(entry("soon"))).toThrow("GET /v1/old");
  });
});
