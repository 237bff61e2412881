// The pages of signing in, as a browser gets them.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { createUser } from "../../src/resources/auth/actions.ts";
import { EMAIL, openBrowser, PASSWORD, signIn } from "../resources/auth/sign-in.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";

let house: TestHouse;
beforeEach(async () => {
  house = await openTestHouse();
});
afterEach(() => house.close());

const get = (path: string) => openBrowser(house).send("GET", path);

describe("the pages of signing in", () => {
  test.each(["/login", "/setup"])(
    "D8 %s runs one script of ours and nothing else",
    async (path) => {
      const { status, text, headers } = await get(path);
      expect(status).toBe(200);
      expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(headers.get("content-security-policy")).toContain("script-src 'self'");
      expect(headers.get("content-security-policy")).not.toContain("unsafe");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(text.match(/<script[^>]*>/g)).toEqual(['<script src="/account.js" defer>']);
      expect(text).not.toMatch(/ style=| on\w+=|https?:/);
    },
  );

  test.each(["/login", "/setup"])(
    "%s names every field and says its errors aloud",
    async (path) => {
      const { text } = await get(path);
      const inputs = [...text.matchAll(/<input id="([^"]+)"/g)].map(([, id]) => id);
      expect(inputs.length).toBeGreaterThanOrEqual(2);
      for (const id of inputs) expect(text).toContain(`<label for="${id}">`);
      expect(text).toContain('role="alert"');
      expect(text).toContain('lang="en"');
      for (const [, ids = ""] of text.matchAll(/aria-describedby="([^"]+)"/g)) {
        for (const id of ids.split(" ")) expect(text).toContain(`id="${id}"`);
      }
    },
  );

  test("the script is a file of its own and holds no secret", async () => {
    const script = await get("/account.js");
    expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(script.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("who is signed in sees that on the front page, and goes there from the login", async () => {
    expect((await get("/")).text).toContain('href="/login"');
    const browser = await signIn(house);
    const home = await browser.send("GET", "/");
    expect(home.text).toContain(EMAIL);
    expect(home.text).toContain("Sign out");
    expect(home.headers.get("cache-control")).toBe("no-store");
    const login = await browser.send("GET", "/login");
    expect([login.status, login.headers.get("location")]).toEqual([303, "/"]);
    await browser.send("POST", "/v1/auth/logout");
    expect((await browser.send("GET", "/")).text).not.toContain(EMAIL);
  });

  test("what a person has typed is text on the page, not HTML", async () => {
    const email = "a&'b@example.com";
    await createUser(house.control, email, PASSWORD);
    const browser = openBrowser(house);
    await browser.send("POST", "/v1/auth/login", { email, password: PASSWORD });
    const { text } = await browser.send("GET", "/");
    expect(text).toContain("a&#38;&#39;b@example.com");
  });
});
