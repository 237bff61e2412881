// Workspaces over the API: for people, with data of their own from the first moment on.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { formatId, parseId } from "../../../src/core/ids.ts";
import { followZone } from "../../../src/resources/enrollments/actions.ts";
import { changeWorkspace } from "../../../src/resources/workspaces/actions.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makerOf } from "../../world/make.ts";
import { type Browser, signIn } from "../auth/sign-in.ts";

let house: TestHouse;
let browser: Browser;
beforeEach(async () => {
  house = await openTestHouse();
  browser = await signIn(house);
});
afterEach(() => house.close());

const create = (body: object = { name: "Other", zone: "america/new_york" }) =>
  browser.send("POST", "/v1/workspaces", body);

/** The field that is refused in a workspace like this. */
const field = async (body: object) =>
  (await create({ name: "A", zone: "UTC", ...body })).body.error.field;

describe("a workspace", () => {
  test("is made with both its ledgers, and acts by its id", async () => {
    const made = await create({
      name: " Other ",
      zone: "america/new_york",
      tier: "velocity",
      postal_address: "Street 1",
      retention_days: 365,
    });
    expect(made.status).toBe(201);
    const { id } = made.body.data;
    expect(made.headers.get("location")).toBe(`/v1/workspaces/${id}`);
    expect(made.body.data).toMatchObject({
      object: "workspace",
      name: "Other",
      zone: "America/New_York",
      tier: "velocity",
      postal_address: "Street 1",
      retention_days: 365,
    });
    expect(
      house.house.ledgers.all().filter((one) => formatId("ws", one.workspace_id) === id),
    ).toHaveLength(2);
    const headers = { "imail-workspace": id };
    const lead = await browser.send("POST", "/v1/leads", { email: "x@example.com" }, headers);
    expect(lead.status).toBe(201);
    expect((await browser.send("GET", "/v1/leads")).body.data).toEqual([]);
  });

  test("is looked at by the engine that runs already", async () => {
    house.engine.start();
    const { id } = (await create()).body.data;
    const recovered = house.lines.filter(
      ({ text, fields }) =>
        text === "recovered" && "ledger" in fields && fields.ledger === parseId("ws", id),
    );
    expect(recovered).toHaveLength(2);
  });

  test("is listed newest first, with its settings", async () => {
    const { id } = (await create()).body.data;
    const list = await browser.send("GET", "/v1/workspaces");
    expect(list.body.data.map((one: { id: string }) => one.id)).toEqual([
      id,
      formatId("ws", house.workspace_id),
    ]);
    expect(
      (await browser.send("GET", "/v1/workspaces?limit=1&page=2")).body.pagination,
    ).toMatchObject({
      total: 2,
      pages: 2,
    });
    expect((await browser.send("GET", `/v1/workspaces/${id}`)).body.data).toMatchObject({
      id,
      tier: "surge",
    });
  });

  test("is changed in what is named", async () => {
    const path = `/v1/workspaces/${formatId("ws", house.workspace_id)}`;
    const changed = await browser.send("PATCH", path, { tier: "apex", retention_days: 90 });
    expect(changed.body.data).toMatchObject({
      name: "Test",
      zone: "Europe/Berlin",
      tier: "apex",
      retention_days: 90,
    });
    expect(
      (await browser.send("PATCH", path, { retention_days: null })).body.data.retention_days,
    ).toBeNull();
  });

  test("refuses a zone that is none, an empty name, days out of reach and fields that it does not know", async () => {
    expect(await field({ zone: "+02:00" })).toBe("zone");
    expect(await field({ name: " " })).toBe("name");
    expect(await field({ retention_days: 0 })).toBe("retention_days");
    expect(await field({ tier: "gold" })).toBe("tier");
    expect(await field({ plan: "gold" })).toBe("plan");
    expect((await browser.send("GET", "/v1/workspaces")).body.data).toHaveLength(1);
    expect((await browser.send("GET", "/v1/workspaces/ws_x")).status).toBe(404);
  });

  test("with a new zone takes along who waits by it, and nobody else", async () => {
    const { ledger } = house;
    const make = makerOf(ledger);
    const campaign_id = make.campaign({ inbox_ids: [make.inbox()] }).id;
    make.lead({ email: "a@example.com", timezone: null, campaign_id });
    make.lead({ email: "b@example.com", timezone: "Asia/Tokyo", campaign_id });
    const zones = () =>
      ledger.db
        .query<{ zone: string }, []>("SELECT zone FROM enrollments ORDER BY id")
        .all()
        .map(({ zone }) => zone);
    expect(zones()).toEqual(["Europe/Berlin", "Asia/Tokyo"]);
    const path = `/v1/workspaces/${formatId("ws", house.workspace_id)}`;
    expect((await browser.send("PATCH", path, { zone: "America/Lima" })).status).toBe(200);
    expect(zones()).toEqual(["America/Lima", "Asia/Tokyo"]);
  });

  test("whose zone the command line has changed takes everybody along at the next look, in slices", async () => {
    const { ledger } = house;
    const make = makerOf(ledger);
    const campaign_id = make.campaign({ inbox_ids: [make.inbox()] }).id;
    make.lead({ email: "a@example.com", timezone: null, campaign_id });
    const { db } = ledger;
    db.run(`WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
      INSERT INTO leads (id, email, state, tags, custom, created_at, updated_at)
      SELECT 1000 + i, i || '@x.example', 'new', '[]', '{}', 0, 0 FROM n`);
    db.run(`INSERT INTO enrollments (id, campaign_id, lead_id, state, step_id, due_at, zone, zone_basis, created_at, updated_at)
      SELECT l.id, e.campaign_id, l.id, 'waiting', e.step_id, e.due_at, e.zone, e.zone_basis, 0, 0
      FROM leads l, enrollments e WHERE l.id BETWEEN 1001 AND 7000`);
    changeWorkspace(house.control, house.workspace_id, { zone: "America/Lima" });
    await Promise.all([followZone(ledger), followZone(ledger)]);
    const zones = db
      .query<{ zone: string; n: number }, []>(
        "SELECT zone, count(*) AS n FROM enrollments GROUP BY zone",
      )
      .all();
    expect(zones).toEqual([{ zone: "America/Lima", n: 6001 }]);
  });
});
