// The same POST twice is one effect (reliability.md A14).
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { Elysia, t } from "elysia";

import { AppError } from "../../src/core/faults.ts";
import { created, ok } from "../../src/http/envelope.ts";
import { okOf } from "../../src/http/schemas.ts";
import type { Wiring } from "../../src/http/wiring.ts";
import { openTestClock, type TestClock } from "../../src/ledger/clock.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { createKey } from "../../src/resources/api-keys/actions.ts";
import { insertLead } from "../../src/resources/leads/store.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";
import { JSON_TYPE, openThingsHouse, type ThingsHouse } from "./things.ts";

const NOON = Date.UTC(2026, 10, 21, 12);

const fields = (email: string) => ({
  email,
  first_name: null,
  last_name: null,
  company: null,
  title: null,
  phone: null,
  website: null,
  country: null,
  timezone: null,
  tags: [],
  source: null,
  custom: {},
});
const addLead = (ledger: Ledger, email: string) =>
  ledger.write((tx) => insertLead(tx, fields(email)));
const emails = ({ db }: Ledger) =>
  db
    .query<{ email: string }, []>("SELECT email FROM leads ORDER BY id DESC")
    .all()
    .map(({ email }) => email);

/** What a route that waits is held up by. */
let gate: PromiseWithResolvers<void>;
const effects = (wiring: Wiring) =>
  new Elysia({ name: "effects" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .post(
      "/effects",
      ({ ledger, body, set }) => {
        addLead(ledger, `${body.name}@example.com`);
        if (body.ending === "refuse") throw new AppError("lead_exists");
        if (body.ending === "fail") throw new Error("a bug");
        if (body.ending === "misfit") return created(set, "/v1/effects/1", 1 as unknown as string);
        addLead(ledger, `${body.name}.two@example.com`);
        return created(set, "/v1/effects/1", `${body.name} is there`);
      },
      {
        body: t.Object({ name: t.String(), ending: t.Optional(t.String()) }),
        response: { 201: okOf(t.String()) },
      },
    )
    .post("/effects/slow", async ({ ledger }) => {
      await gate.promise;
      return ok(addLead(ledger, "slow@example.com"));
    })
    .post("/effects/careless", ({ ledger }) => {
      addLead(ledger, "careless@example.com");
      return gate.promise.then(() => ok("done"));
    });

describe("A14: the same POST twice", () => {
  let clock: TestClock;
  let house: ThingsHouse;
  beforeEach(async () => {
    gate = Promise.withResolvers();
    clock = openTestClock(NOON);
    house = await openThingsHouse({
      system_clock: clock,
      more: effects,
      access: {
        "POST /v1/effects": "leads:write",
        "POST /v1/effects/slow": "leads:write",
        "POST /v1/effects/careless": "leads:write",
      },
    });
  });
  afterEach(() => house.close());

  const ask = (key: string, body: object, path = "/v1/effects", bearer = house.key.key) =>
    house.ask(path, {
      key: bearer,
      method: "POST",
      headers: { ...JSON_TYPE, "idempotency-key": key },
      body: JSON.stringify(body),
    });

  test("with the same key and body is one effect and the same answer, which says that it is one", async () => {
    const first = await ask("k1", { name: "ada" });
    const second = await ask("k1", { name: "ada" });
    expect(first).toMatchObject({ status: 201, body: { data: "ada is there" } });
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    expect([second.status, second.text]).toEqual([201, first.text]);
    for (const name of ["location", "content-type", "cache-control"]) {
      expect(second.headers.get(name)).toBe(first.headers.get(name));
    }
    expect(second.headers.get("idempotent-replayed")).toBe("true");
    expect(second.headers.get("x-request-id")).not.toBe(first.headers.get("x-request-id"));
    expect(emails(house.ledger)).toEqual(["ada.two@example.com", "ada@example.com"]);
  });

  test("with another body, path or query is a 409 idempotency_mismatch and no effect", async () => {
    await ask("k1", { name: "ada" });
    const others = [
      await ask("k1", { name: "grace" }),
      await ask("k1", {}, "/v1/things/1/poke"),
      await ask("k1", { n: 1 }, "/v1/things"),
    ];
    for (const other of others) {
      expect(other).toMatchObject({ status: 409, code: "idempotency_mismatch" });
    }
    expect(emails(house.ledger)).toHaveLength(2);
  });

  test("with two keys, or of two API keys, is two effects", async () => {
    await ask("k1", { name: "ada" });
    await ask("k2", { name: "grace" });
    const { workspace_id } = house;
    const other = createKey(house.control, {
      workspace_id,
      mode: "live",
      scopes: ["all"],
      name: "",
    });
    expect((await ask("k1", { name: "mary" }, "/v1/effects", other.key)).status).toBe(201);
    expect(emails(house.ledger)).toHaveLength(6);
  });

  test("while the first is at work is a 409, and its answer when it is done", async () => {
    const first = ask("k1", {}, "/v1/effects/slow");
    const second = ask("k1", {}, "/v1/effects/slow");
    expect(await second).toMatchObject({ status: 409, code: "idempotency_in_progress" });
    expect((await ask("k1", { name: "x" })).code).toBe("idempotency_mismatch");
    gate.resolve();
    expect((await first).status).toBe(200);
    const third = await ask("k1", {}, "/v1/effects/slow");
    expect(third.headers.get("idempotent-replayed")).toBe("true");
    expect(third.text).toBe((await first).text);
    expect(emails(house.ledger)).toEqual(["slow@example.com"]);
  });

  test("after a refusal or a bug had no effect the first time, all of it undone, and runs anew", async () => {
    expect((await ask("k1", { name: "ada", ending: "refuse" })).code).toBe("lead_exists");
    expect((await ask("k2", { name: "ada", ending: "fail" })).status).toBe(500);
    expect((await ask("k3", { name: "ada", ending: "misfit" })).status).toBe(500);
    expect(emails(house.ledger)).toEqual([]);
    expect((await ask("k1", { name: "ada", ending: "refuse" })).code).toBe("lead_exists");
    expect((await ask("k1", { name: "ada" })).status).toBe(201);
  });

  test("of a route that waits without saying so is a bug that changes nothing", async () => {
    const answer = await ask("k1", {}, "/v1/effects/careless");
    gate.resolve();
    expect(answer.status).toBe(500);
    expect(emails(house.ledger)).toEqual([]);
  });

  test("a day later is a new one", async () => {
    await ask("k1", { name: "ada" });
    clock.moveTo(NOON + 24 * 3_600_000 - 1);
    expect((await ask("k1", { name: "ada" })).headers.get("idempotent-replayed")).toBe("true");
    clock.moveTo(NOON + 24 * 3_600_000);
    expect((await ask("k1", { name: "grace" })).status).toBe(201);
    const kept = house.ledger.db.query("SELECT idempotency_key FROM answers").all();
    expect(kept).toEqual([{ idempotency_key: "k1" }]);
  });

  test.each(["", "x".repeat(257), "caf\u00e9", "a\tb"])("with the key %p is a 400", async (key) => {
    expect(await ask(key, { name: "ada" })).toMatchObject({ status: 400, code: "invalid_field" });
    expect(emails(house.ledger)).toEqual([]);
  });

  test("with 256 characters is fine, and on a GET it means nothing", async () => {
    expect((await ask("x".repeat(256), { name: "ada" })).status).toBe(201);
    const headers = { "idempotency-key": "x".repeat(300) };
    expect((await house.ask("/v1/things", { headers })).status).toBe(200);
  });

  test("is held against its schema first, and what does not fit is forgotten", async () => {
    expect((await ask("k1", { name: "ada", nmae: "x" })).code).toBe("unknown_field");
    expect((await ask("k1", { name: "ada" })).status).toBe(201);
  });
});

describe("A14: in the real app", () => {
  let house: TestHouse;
  beforeEach(async () => {
    house = await openTestHouse();
  });
  afterEach(() => house.close());

  const ask = async (path: string, body: object, key = "k1", bearer = house.test_key.key) => {
    const answer = await house.request(path, {
      method: "POST",
      headers: { ...JSON_TYPE, "idempotency-key": key, authorization: `Bearer ${bearer}` },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    const { data } = JSON.parse(text) as { data: Record<string, string> };
    return {
      status: answer.status,
      text,
      data,
      replayed: answer.headers.get("idempotent-replayed") === "true",
    };
  };

  test("the test clock goes as far as it was told to once", async () => {
    const first = await ask("/v1/test/clock/advance", { by: "P1D" });
    const second = await ask("/v1/test/clock/advance", { by: "P1D" });
    expect([first.status, first.replayed, second.replayed]).toEqual([200, false, true]);
    expect(second.text).toBe(first.text);
    expect(Date.parse(first.data["now"] ?? "")).toBe(house.test_ledger.clock.now());
  });

  test("an inbox is connected once, and leads are taken once", async () => {
    const inbox = { provider: "sandbox", email: "me@example.com" };
    const first = await ask("/v1/inboxes", inbox);
    expect(first.status).toBe(201);
    expect(await ask("/v1/inboxes", inbox)).toMatchObject({ replayed: true, text: first.text });
    const leads = { leads: [{ email: "ada@example.com" }, { email: "x" }] };
    const taken = await ask("/v1/leads/bulk", leads, "k2");
    expect(taken.status).toBe(200);
    expect(await ask("/v1/leads/bulk", leads, "k2")).toMatchObject({
      replayed: true,
      text: taken.text,
    });
  });

  test("K1: a new key is shown again to whoever made it, and its secret lies nowhere", async () => {
    const order = { name: "CI", scopes: ["leads:read"] };
    const first = await ask("/v1/api-keys", order);
    expect(first.status).toBe(201);
    const second = await ask("/v1/api-keys", order);
    expect([second.replayed, second.text]).toEqual([true, first.text]);
    const secret = /imk_test_\w+\.([\w-]{43})/.exec(first.text)?.[1] ?? "";
    expect(secret).toHaveLength(43);
    for (const { db } of [house.control, house.ledger, house.test_ledger]) {
      expect(Buffer.from(db.serialize()).includes(secret)).toBe(false);
    }
    // It stands with the effect, in control.db, and the same word is no other request's there either.
    expect((await ask("/v1/leads", { email: "ada@example.com" })).status).toBe(409);
  });

  test("Invariant 8: erasing a lead takes the stored answers that name it, and no others", async () => {
    const ada = await ask("/v1/leads", { email: "Ada@Example.com" }, "k1");
    await ask("/v1/leads", { email: "grace@example.com" }, "k2");
    const kept = () =>
      house.test_ledger.db
        .query("SELECT idempotency_key AS k, people FROM answers ORDER BY k")
        .all();
    expect(kept()).toHaveLength(2);
    const headers = { authorization: `Bearer ${house.test_key.key}` };
    const path = `/v1/leads/${ada.data["id"]}`;
    expect((await house.request(path, { method: "DELETE", headers })).status).toBe(204);
    expect(kept()).toMatchObject([{ k: "k2" }]);
    expect(JSON.stringify(kept())).not.toContain("ada");
  });
});
