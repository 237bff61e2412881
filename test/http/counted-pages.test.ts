// `?page=N` on the lists of the real app, beside their cursors.
import { afterEach, beforeEach, expect, test } from "bun:test";

import { openTestHouse, type TestHouse } from "../world/house.ts";

let house: TestHouse;
beforeEach(async () => {
  house = await openTestHouse();
});
afterEach(() => house.close());

interface Page {
  data: { id: string; email?: string }[];
  pagination: Record<string, unknown>;
  error?: { code: string; field: string; message: string };
}

const get = async (path: string): Promise<Page> => {
  const authorization = `Bearer ${house.test_key.key}`;
  const answer = await house.request(path, { headers: { authorization } });
  return (await answer.json()) as Page;
};

test("a list can be read by the page, and goes on by the cursor from any of them", async () => {
  for (let i = 0; i < 7; i++) {
    const company = i < 5 ? "Acme" : "Other";
    await house.testApi.v1.leads.post({ email: `lead${i}@example.com`, company });
  }
  const second = await get("/v1/leads?page=2&limit=2&company=acme");
  expect(second.data.map(({ email }) => email)).toEqual(["lead2@example.com", "lead1@example.com"]);
  expect(second.pagination).toEqual({
    page: 2,
    limit: 2,
    total: 5,
    pages: 3,
    has_more: true,
    next_cursor: expect.stringMatching(/^cur_/),
  });
  const { next_cursor } = second.pagination;
  const rest = await get(`/v1/leads?cursor=${String(next_cursor)}&limit=2&company=acme`);
  expect(rest.data.map(({ email }) => email)).toEqual(["lead0@example.com"]);
  expect(rest.pagination).toEqual({ limit: 2, next_cursor: null, has_more: false });
  const beyond = await get("/v1/leads?page=9&limit=2");
  expect([beyond.data, beyond.pagination["total"], beyond.pagination["has_more"]]).toEqual([
    [],
    7,
    false,
  ]);
});

test("every list takes it", async () => {
  const lists = house.app.routes
    .filter(
      ({ method, path }) => method === "GET" && path.startsWith("/v1/") && !path.includes(":"),
    )
    .filter(
      ({ hooks }) => "cursor" in ((hooks.query as { properties?: object })?.properties ?? {}),
    );
  expect(lists.length).toBeGreaterThan(5);
  for (const { path } of lists) {
    const { pagination, error } = await get(`${path}?page=1`);
    // Those for people who are signed in are in their own tests.
    if (error?.code === "session_only") continue;
    expect([path, pagination]).toMatchObject([path, { page: 1, limit: 25, has_more: false }]);
    expect([path, Object.keys(pagination).toSorted()]).toEqual([
      path,
      ["has_more", "limit", "next_cursor", "page", "pages", "total"],
    ]);
  }
});

test("page is a whole number from 1 on", async () => {
  for (const page of ["0", "-1", "1.5", "x", "0x1", ""]) {
    expect((await get(`/v1/leads?page=${page}`)).error).toMatchObject({ field: "page" });
  }
});
