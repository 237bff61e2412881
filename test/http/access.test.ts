// Every route of the real app, from its own list: a new route is in here without anybody thinking of it.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { createKey } from "../../src/resources/api-keys/actions.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";

let house: TestHouse;
beforeAll(async () => {
  house = await openTestHouse();
});
afterAll(() => house.close());

/** Where people sign in takes no key. */
const OPEN = new Set(["/v1/auth/login", "/v1/auth/setup"]);

/** Asks every route under /v1 and answers `GET /v1/…: 401`, those of test mode apart. */
async function askAll(bearer: string | null) {
  const routes = house.app.routes.filter(({ path }) => path.startsWith("/v1/") && !OPEN.has(path));
  const answers = await Promise.all(
    routes.map(async ({ method, path }) => {
      const authorization = bearer === null ? "" : `Bearer ${bearer}`;
      const url = path.replace(":id", "x");
      const response = await house.request(url, { method, headers: { authorization } });
      return { route: `${method} ${path}`, status: response.status };
    }),
  );
  const ofTest = answers.filter(({ route }) => route.includes(" /v1/test/"));
  return {
    ofTest: new Set(ofTest.map(({ status }) => status)),
    others: new Set(answers.filter((one) => !ofTest.includes(one)).map(({ status }) => status)),
    count: answers.length,
  };
}

const keyOf = (mode: "live" | "test", scopes: string[]) =>
  createKey(house.control, { workspace_id: house.workspace_id, mode, scopes, name: "" }).key;

describe("every route under /v1", () => {
  test("answers 401 without a key", async () => {
    const { ofTest, others, count } = await askAll(null);
    expect(count).toBeGreaterThan(15);
    expect([...ofTest, ...others]).toEqual([401, 401]);
  });

  test("answers 401 to a wrong key, and 429 after ten of them", async () => {
    const { ofTest, others } = await askAll("imk_live_0000000000000000.x");
    expect(ofTest.union(others)).toEqual(new Set([401, 429]));
  });

  test("answers 403 to a key without its scope", async () => {
    expect(await askAll(keyOf("live", ["mcp"]))).toMatchObject({
      others: new Set([403]),
      ofTest: new Set([403]),
    });
  });

  test("of test mode answers 403 to a live key with all scopes", async () => {
    expect((await askAll(keyOf("live", ["all"]))).ofTest).toEqual(new Set([403]));
  });
});

test("a live key sees nothing of test mode, and a test key nothing of live", async () => {
  const { testApi, api } = house;
  const made = await testApi.v1.leads.post({ email: "ada@example.com" });
  expect(made.status).toBe(201);
  const id = made.data?.data.id ?? "";
  expect((await testApi.v1.leads({ id }).get()).status).toBe(200);
  expect((await api.v1.leads({ id }).get()).status).toBe(404);
  expect((await api.v1.leads.get({ query: {} })).data?.data).toEqual([]);
});
