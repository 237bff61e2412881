// The reference page in a real browser: it shows the API, and asks nobody but this server for anything.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";

import { type Browser, chromium } from "playwright-core";

import { openTestHouse, type TestHouse } from "../world/house.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => existsSync(path),
);
/** In CI nothing is skipped. */
const IS_REQUIRED = process.env["IMAIL_TEST_REQUIRE_LAB"] === "1";
const BROWSER_MS = 60_000;

if (CHROMIUM === undefined) {
  process.stderr.write(
    "No browser, so the reference page is not looked at: apt-get install chromium\n",
  );
}

let house: TestHouse;
let browser: Browser;
let url: string;

beforeAll(async () => {
  if (CHROMIUM === undefined && IS_REQUIRED) throw new Error("there is no browser");
  if (CHROMIUM === undefined) return;
  house = await openTestHouse();
  url = house.house.listen();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
}, BROWSER_MS);

afterAll(async () => {
  if (CHROMIUM === undefined) return;
  await browser.close();
  await house.close();
});

test.skipIf(CHROMIUM === undefined && !IS_REQUIRED)(
  "the reference shows every operation and asks no other server for anything",
  async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const asked: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    page.on("websocket", (socket) => asked.push(socket.url()));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`${url}/docs`);
    await page.getByRole("heading", { name: "imail API" }).first().waitFor();
    await page.getByRole("link", { name: "Campaigns" }).first().click();
    await page.getByText("Create a campaign").first().waitFor();
    const shot = process.env["IMAIL_TEST_SCREENSHOT"];
    if (shot !== undefined) await page.screenshot({ path: `${shot}-page.png` });
    const links = await page
      .locator("a[href^=http]")
      .evaluateAll((all) => all.map((a) => a.getAttribute("href") ?? ""));
    // Whose work it is may be said; nothing else leads away.
    expect(
      links.filter((link) => !link.startsWith(url) && link !== "https://www.scalar.com"),
    ).toEqual([]);
    // The console inside the page calls this server itself, without a relay.
    await page
      .getByRole("button", { name: /Test Request/ })
      .first()
      .click();
    const called = page.waitForResponse(`${url}/v1/campaigns**`);
    await page.getByRole("button", { name: /^Send/ }).first().click();
    expect((await called).status()).toBe(401);
    if (shot !== undefined) await page.screenshot({ path: `${shot}-console.png` });

    const strangers = asked.filter(
      (one) => !/^(data|blob|about):/.test(one) && new URL(one).origin !== url,
    );
    expect(strangers).toEqual([]);
    expect(asked.map((one) => new URL(one).pathname)).toContain("/docs/scalar.js");
    // The one that is meant to come: no key was typed in.
    expect(complaints.filter((text) => !text.includes("401"))).toEqual([]);
    expect(await page.getByText(/Ask AI|Generate MCP/).count()).toBe(0);
  },
  BROWSER_MS,
);
