import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { FAULTS } from "../../src/core/faults.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";

let house: TestHouse;
beforeAll(async () => {
  house = await openTestHouse();
});
afterAll(() => house.close());

const get = (path: string) => house.request(path, { headers: { authorization: "" } });

const askPage = async (code: string) => {
  const response = await get(`/docs/errors/${code}`);
  return { code, status: response.status, text: await response.text() };
};

describe("the pages of the server", () => {
  test("every error code has one, without a script or anything from outside", async () => {
    for (const { code, status, text } of await Promise.all(Object.keys(FAULTS).map(askPage))) {
      expect([code, status]).toEqual([code, 200]);
      expect(text).toContain(`<code>${code}</code>`);
      expect(text).not.toMatch(/<script|style=|(src|href)="https?:/);
    }
  });

  test("an unknown code is a 404 that does not repeat it", async () => {
    const response = await get("/docs/errors/%3Cscript%3E");
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain("script");
    expect((await get("/docs/errors/toString")).status).toBe(404);
  });

  test("the front page says what this is and where the API is, whatever hangs on the link", async () => {
    const response = await get("/?utm_source=x");
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await response.text()).toContain("/v1/campaigns");
  });

  test("the style sheet that they name is there, and the probe answers", async () => {
    expect((await get("/page.css")).headers.get("content-type")).toStartWith("text/css");
    expect(await (await get("/livez")).text()).toBe("ok\n");
  });
});
