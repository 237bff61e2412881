// The pages that explain the API, as they come over HTTP.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { FAULTS } from "../../src/core/faults.ts";
import { SNAPSHOTS } from "../../src/core/versions.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";

let house: TestHouse;
beforeAll(async () => {
  house = await openTestHouse();
});
afterAll(() => house.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  house.request(path, { headers: { authorization: "", ...headers } });
const textOf = async (path: string) => (await get(path)).text();

describe("the reference", () => {
  test("is a page whose policy lets nothing in from outside", async () => {
    const response = await get("/docs");
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
    expect(await response.text()).not.toMatch(/https?:/);
  });

  test("its script is kept for good under its version, packed for those who take it packed", async () => {
    const path = /src="(\/docs\/scalar\.js\?v=[^"]+)"/.exec(await textOf("/docs"))?.[1] ?? "";
    const packed = await get(path, { "accept-encoding": "gzip, br" });
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    expect(packed.headers.get("cache-control")).toContain("immutable");
    const bytes = new Uint8Array(await packed.arrayBuffer());
    const plain = await (await get(path)).bytes();
    expect(bytes.length).toBeLessThan(1_400_000);
    expect(Bun.gunzipSync(bytes).length).toBe(plain.length);
  });
});

describe("the changelog", () => {
  test("shows every snapshot, newest first, at both addresses", async () => {
    const text = await textOf("/docs/changelog");
    const dates = [...text.matchAll(/datetime="([^"]+)"/g)].map(([, date]) => date);
    expect(dates).toEqual(SNAPSHOTS.map(({ date }) => date).toReversed());
    expect(text).toContain("<code>POST /v1/leads/bulk</code>");
    expect(text).toContain("<code>email.bounced.soft</code>");
    expect(await textOf("/changelog")).toBe(text);
  });
});

describe("the pages of the errors", () => {
  test("show what the error looks like", async () => {
    expect(await textOf("/docs/errors/lead_exists")).toContain("&#34;lead_id&#34;: &#34;lead_");
  });

  test("the list names all of them", async () => {
    const text = await textOf("/docs/errors");
    for (const code of Object.keys(FAULTS)) expect(text).toContain(`href="/docs/errors/${code}"`);
  });
});

describe("/llms.txt", () => {
  test("names every route in one line and says how to begin", async () => {
    const response = await get("/llms.txt");
    const text = await response.text();
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(text).toStartWith("# imail\n\n> ");
    const { paths } = JSON.parse(await textOf("/openapi.json"));
    for (const [path, methods] of Object.entries<object>(paths)) {
      for (const method of Object.keys(methods)) {
        expect(text).toContain(`\n- ${method.toUpperCase()} ${path}: `);
      }
    }
    expect(text).toContain("imail keys create");
  });
});
