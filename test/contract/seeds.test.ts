// The calls of the two public documents that the API goes back to, as they stand there: what was written for either of
// them works. The first is imail's own page, the second the conventions of its sister products.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { openTestHouse, type TestHouse } from "../world/house.ts";

let house: TestHouse;
beforeAll(async () => {
  house = await openTestHouse();
});
afterAll(() => house.close());

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & { data?: unknown; error?: Record<string, unknown> };
}

async function call(
  line: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const [method = "", path = ""] = line.split(" ");
  const response = await house.request(path, {
    method,
    headers: {
      authorization: `Bearer ${house.test_key.key}`,
      ...(body ? { "content-type": "application/json" } : {}),
      ...headers,
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? {} : JSON.parse(text),
  };
}

const idOf = ({ body }: Answer) => (body.data as { id: string }).id;

async function makeCampaign() {
  const inbox = await call("POST /v1/inboxes", {
    email: `${crypto.randomUUID()}@seed.test`,
    provider: "sandbox",
  });
  // The fields of its table, and no other.
  const campaign = await call("POST /v1/campaigns", {
    name: "Q2 outbound — SaaS CTOs",
    inbox_ids: [idOf(inbox)],
    steps: [{ subject: "Hello", body: "Hello" }],
    daily_limit: 400,
    send_window: { timezone: "lead", days: ["mon", "fri"], start: "09:00", end: "17:00" },
    track_opens: true,
    track_clicks: true,
  });
  expect(campaign.status).toBe(201);
  return { inbox_id: idOf(inbox), campaign_id: idOf(campaign) };
}

describe("the API page", () => {
  test("its first call answers in the shape that it shows", async () => {
    await makeCampaign();
    const { status, body, headers } = await call("GET /v1/campaigns");
    expect([status, body["pagination"]]).toMatchObject([
      200,
      { next_cursor: null, has_more: false },
    ]);
    expect((body.data as object[])[0]).toMatchObject({
      id: expect.stringMatching(/^cmp_/),
      name: "Q2 outbound — SaaS CTOs",
      status: "draft",
      sent_today: 0,
      reply_rate_7d: null,
    });
    expect(headers.get("x-ratelimit-remaining")).toMatch(/^\d+$/);
    expect(headers.get("x-ratelimit-reset")).toMatch(/^\d+$/);
  });

  test("its sample error comes to the letter", async () => {
    const { inbox_id } = await makeCampaign();
    const { status, body } = await call("POST /v1/campaigns", {
      name: "Too many",
      inbox_ids: [inbox_id],
      steps: [{ subject: "Hello", body: "Hello" }],
      daily_limit: 6000,
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: {
        code: "invalid_field",
        message: "daily_limit must be between 1 and 5000 on Surge tier",
        field: "daily_limit",
        doc: expect.stringMatching(/\/docs\/errors\/invalid_field$/),
      },
      request_id: expect.stringMatching(/^req_/),
    });
  });

  test("its routes are there: campaigns, leads, inboxes", async () => {
    const { inbox_id, campaign_id } = await makeCampaign();
    const lead = await call("POST /v1/leads", { email: "cto@saas.test", campaign_id });
    expect(lead.status).toBe(201);
    const wanted: [line: string, status: number, body?: object][] = [
      ["GET /v1/campaigns", 200],
      [`GET /v1/campaigns/${campaign_id}`, 200],
      [`PATCH /v1/campaigns/${campaign_id}`, 200, { name: "Renamed" }],
      [`POST /v1/campaigns/${campaign_id}/resume`, 200],
      [`POST /v1/campaigns/${campaign_id}/pause`, 200],
      [`DELETE /v1/campaigns/${campaign_id}`, 204],
      ["GET /v1/leads", 200],
      [`GET /v1/leads/${idOf(lead)}`, 200],
      ["POST /v1/leads/bulk", 200, { leads: [{ email: "ceo@saas.test" }] }],
      [`PATCH /v1/leads/${idOf(lead)}`, 200, { first_name: "Cleo" }],
      [`DELETE /v1/leads/${idOf(lead)}`, 204],
      ["GET /v1/inboxes", 200],
      [`GET /v1/inboxes/${inbox_id}`, 200],
      [`POST /v1/inboxes/${inbox_id}/reconnect`, 200],
    ];
    for (const [line, status, body] of wanted) {
      expect([line, (await call(line, body)).status]).toEqual([line, status]);
    }
    // "also adds to suppression"
    const again = await call("POST /v1/leads", { email: "cto@saas.test" });
    expect([again.status, again.body.error?.["code"]]).toEqual([409, "lead_suppressed"]);
  });

  test("its statuses mean what its table says", async () => {
    const { campaign_id } = await makeCampaign();
    const inbox = { email: "twice@seed.test", provider: "sandbox" };
    expect((await call("POST /v1/inboxes", inbox)).status).toBe(201);
    const duplicate = await call("POST /v1/inboxes", inbox);
    expect(duplicate.status).toBe(409);
    expect((await call("POST /v1/leads", { email: 7 })).status).toBe(400);
    expect(
      (
        await call("GET /v1/campaigns", undefined, {
          authorization: "Bearer imk_live_01HZ8K7XQ9VFRSGT3W2YBNMPDLC",
        })
      ).status,
    ).toBe(401);
    expect((await call("GET /v1/campaigns/cmp_01HZ8K")).status).toBe(404);
    // A test key and a live key do not see each other's things.
    const live = await call(`GET /v1/campaigns/${campaign_id}`, undefined, {
      authorization: `Bearer ${house.key.key}`,
    });
    expect(live.status).toBe(404);
  });

  test("a version that is older than the first one is the first one", async () => {
    const { status, headers } = await call("GET /v1/campaigns", undefined, {
      "imail-version": "2026-03-01",
    });
    expect([status, headers.get("imail-version")]).toEqual([200, "2026-03-10"]);
  });
});

describe("the conventions of the sister products", () => {
  test("a list that is asked for by page counts", async () => {
    await makeCampaign();
    const { status, body } = await call("GET /v1/campaigns?limit=1&page=1");
    expect(status).toBe(200);
    const { total, pages } = body["pagination"] as { total: number; pages: number };
    expect(body).toMatchObject({
      success: true,
      data: [expect.anything()],
      pagination: { page: 1, limit: 1 },
    });
    expect(total).toBeGreaterThan(0);
    expect(pages).toBe(total);
    const past = await call(`GET /v1/campaigns?limit=1&page=${pages + 1}`);
    expect(past.body).toMatchObject({ success: true, data: [], pagination: { total, pages } });
  });

  test("a list without things has no pages", async () => {
    const { body } = await call("GET /v1/leads?page=1&tag=nobody&limit=20");
    expect(body).toMatchObject({
      success: true,
      data: [],
      pagination: { page: 1, limit: 20, total: 0, pages: 0 },
    });
  });

  test("an error says so, with a message at the top", async () => {
    const { status, body } = await call("POST /v1/leads", { email: "no address" });
    expect(status).toBe(400);
    expect(body).toMatchObject({ success: false, message: expect.stringContaining("email") });
  });

  test("a key is a prefix, a dot and a secret, and the prefix is what is shown", () => {
    expect(house.test_key.key).toMatch(/^imk_test_[0-9a-z]+\.[\w-]{43}$/);
    expect(house.test_key.key).toStartWith(`${house.test_key.public_id}.`);
  });
});
