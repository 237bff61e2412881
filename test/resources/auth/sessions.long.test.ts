// Signing in, staying signed in, and what ends it.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { formatId } from "../../../src/core/ids.ts";
import { deriveKey } from "../../../src/core/sealing.ts";
import { createKey } from "../../../src/resources/api-keys/actions.ts";
import { createSetupToken, createUser } from "../../../src/resources/auth/actions.ts";
import { readToken, signToken, TOKEN_LIFE_MS } from "../../../src/resources/auth/session-token.ts";
import { createWorkspace } from "../../../src/resources/workspaces/actions.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { type Browser, EMAIL, openBrowser, PASSWORD, signIn } from "./sign-in.ts";

let house: TestHouse;
beforeEach(async () => {
  house = await openTestHouse();
});
afterEach(() => house.close());

const ask = (browser: Browser) => browser.send("GET", "/v1/auth/session");
const login = (browser: Browser, password = PASSWORD, email = EMAIL) =>
  browser.send("POST", "/v1/auth/login", { email, password });
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Makes all sessions older, as if that much time had gone by. */
const letPass = (column: "last_seen_at" | "created_at" | "renewed_at", ms: number) =>
  house.control.db.run(`UPDATE sessions SET ${column} = ${column} - ?`, [ms]);

const session_key = () => deriveKey(house.master_key, "session token");
/** The browser's token as it was made this long ago. */
async function ageToken(browser: Browser, ms: number): Promise<void> {
  const token = browser.cookie.replace("imail_session=", "");
  const read = await readToken(session_key(), token);
  const aged = await signToken(session_key(), read?.sid ?? "", (read?.issued_at ?? 0) - ms);
  browser.cookie = `imail_session=${aged}`;
}

describe("signing in", () => {
  test("D1 gives a cookie that no script reads and no other site sends", async () => {
    await createUser(house.control, EMAIL, PASSWORD);
    const browser = openBrowser(house);
    const answer = await login(browser, PASSWORD, " Ada@Example.com ");
    expect(answer.status).toBe(200);
    const cookie = answer.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(
      /^imail_session=[\w-]+\.[\w-]+\.[\w-]+; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/,
    );
    expect(answer.text).not.toContain(browser.cookie.slice("imail_session=".length));
    const secured = openBrowser(house);
    await secured.send(
      "POST",
      "/v1/auth/login",
      { email: EMAIL, password: PASSWORD },
      { origin: "https://localhost" },
    );
    expect(secured.cookie).toStartWith("imail_session=");
    const again = await secured.send(
      "POST",
      "/v1/auth/login",
      { email: EMAIL, password: PASSWORD },
      { origin: "https://localhost" },
    );
    expect(again.headers.get("set-cookie")).toEndWith("; Secure");
  });

  test("D1 keeps 256 random bits, hashed at rest, in a token of 15 minutes", async () => {
    const browser = await signIn(house);
    const token = await readToken(session_key(), browser.cookie.replace("imail_session=", ""));
    expect(Buffer.from(token?.sid ?? "", "base64url")).toHaveLength(32);
    expect((token?.expires_at ?? 0) - (token?.issued_at ?? 0)).toBe(TOKEN_LIFE_MS);
    const dump = Buffer.from(house.control.db.serialize());
    expect(dump.includes(token?.sid ?? "")).toBe(false);
    expect(dump.includes(Buffer.from(token?.sid ?? "", "base64url"))).toBe(false);
  });

  test("says who is signed in, and where the session acts", async () => {
    const browser = await signIn(house);
    const { body } = await ask(browser);
    expect(body.data).toMatchObject({
      object: "session",
      user: { email: EMAIL },
      workspace_id: formatId("ws", house.workspace_id),
      mode: "live",
    });
    expect(Date.parse(body.data.expires_at) - house.control.clock.now()).toBeWithin(
      11.9 * HOUR,
      12.1 * HOUR,
    );
  });

  test("opens every route of its workspace, and a key of its own goes first", async () => {
    const browser = await signIn(house);
    expect((await browser.send("GET", "/v1/campaigns")).status).toBe(200);
    expect((await browser.send("POST", "/v1/leads", { email: "x@example.com" })).status).toBe(201);
    const wrong = await browser.send("GET", "/v1/campaigns", undefined, {
      authorization: "Bearer x",
    });
    expect([wrong.status, wrong.body.error.code]).toEqual([401, "invalid_key"]);
    const test_key = await browser.send("GET", "/v1/leads", undefined, {
      authorization: `Bearer ${house.test_key.key}`,
    });
    expect(test_key.body.data).toEqual([]);
  });

  test("acts where Imail-Workspace and Imail-Mode say", async () => {
    const browser = await signIn(house);
    const other = createWorkspace(house.control, { name: "Other", zone: "UTC" }, house.master_key);
    await browser.send("POST", "/v1/leads", { email: "x@example.com" });
    const seen = async (headers: Record<string, string>) =>
      (await browser.send("GET", "/v1/leads", undefined, headers)).body.data?.length;
    expect(await seen({})).toBe(1);
    expect(await seen({ "imail-mode": "test" })).toBe(0);
    expect(await seen({ "imail-workspace": formatId("ws", other) })).toBe(0);
    const status = async (headers: Record<string, string>) =>
      (await browser.send("GET", "/v1/leads", undefined, headers)).status;
    expect(await status({ "imail-workspace": formatId("ws", 5) })).toBe(404);
    expect(await status({ "imail-mode": "both" })).toBe(400);
    expect((await browser.send("GET", "/v1/test/clock")).status).toBe(403);
    expect(
      (await browser.send("GET", "/v1/test/clock", undefined, { "imail-mode": "test" })).status,
    ).toBe(200);
  });

  test("says the same of a wrong password and of an account that is not there", async () => {
    await createUser(house.control, EMAIL, PASSWORD);
    const [wrong, unknown] = [
      await login(openBrowser(house), "wrong"),
      await login(openBrowser(house), "wrong", "bob@example.com"),
    ];
    expect(wrong.status).toBe(401);
    expect(wrong.body.error.code).toBe("login_failed");
    expect({ ...unknown.body, request_id: "" }).toEqual({ ...wrong.body, request_id: "" });
    expect(wrong.headers.get("set-cookie")).toBeNull();
  });
});

describe("a session", () => {
  test("D1 is rotated at login: the one before is dead", async () => {
    const browser = await signIn(house);
    const before = openBrowser(house, browser.cookie);
    await login(browser);
    expect(browser.cookie).not.toBe(before.cookie);
    expect((await ask(browser)).status).toBe(200);
    expect((await ask(before)).status).toBe(401);
  });

  test("D1 cannot be used again after logout", async () => {
    const browser = await signIn(house);
    const thief = openBrowser(house, browser.cookie);
    const other = await signIn(house);
    const out = await browser.send("POST", "/v1/auth/logout");
    expect(out.status).toBe(204);
    expect(out.headers.get("set-cookie")).toContain("Max-Age=0");
    const reused = await ask(thief);
    expect([reused.status, reused.body.error.code]).toEqual([401, "invalid_session"]);
    expect((await ask(other)).status).toBe(200);
  });

  test("D1 ends with all others when the password changes, and the new password counts", async () => {
    const [here, there] = [await signIn(house), await signIn(house)];
    const old = openBrowser(house, here.cookie);
    const wrong = { current_password: "wrong", new_password: "another horse battery" };
    expect((await here.send("POST", "/v1/auth/password", wrong)).status).toBe(401);
    const right = { ...wrong, current_password: PASSWORD };
    expect(
      (await here.send("POST", "/v1/auth/password", { ...right, new_password: "short" })).body.error
        .field,
    ).toBe("new_password");
    expect((await here.send("POST", "/v1/auth/password", right)).status).toBe(200);
    expect((await ask(here)).status).toBe(200);
    expect((await ask(there)).status).toBe(401);
    expect((await ask(old)).status).toBe(401);
    expect((await login(openBrowser(house))).status).toBe(401);
    expect((await login(openBrowser(house), "another horse battery")).status).toBe(200);
  });

  test("D1 ends after 12 hours without use and after 7 days with it", async () => {
    const browser = await signIn(house);
    letPass("last_seen_at", 12 * HOUR - MINUTE);
    expect((await ask(browser)).status).toBe(200);
    letPass("last_seen_at", 12 * HOUR);
    expect((await ask(browser)).status).toBe(401);
    const other = await signIn(house);
    letPass("created_at", 7 * 24 * HOUR);
    expect((await ask(other)).status).toBe(401);
  });

  test("D1 is renewed when its token is short of life, and only by its newest token after that", async () => {
    const browser = await signIn(house);
    expect((await ask(browser)).headers.get("set-cookie")).toBeNull();
    await ageToken(browser, 8 * MINUTE);
    const before = browser.cookie;
    expect((await ask(browser)).headers.get("set-cookie")).toContain("HttpOnly");
    expect(browser.cookie).not.toBe(before);
    // An hour later the token has expired; it is the newest, so the session goes on.
    letPass("renewed_at", HOUR);
    await ageToken(browser, HOUR);
    const copy = openBrowser(house, browser.cookie);
    expect((await ask(browser)).status).toBe(200);
    // Requests that left together are all let in; a copy that was left behind is not.
    expect((await ask(copy)).status).toBe(200);
    copy.cookie = `imail_session=${await signToken(session_key(), "x", 0)}`;
    expect((await ask(copy)).status).toBe(401);
  });

  test("D1 is not opened by an old copy of an expired token", async () => {
    const browser = await signIn(house);
    const copy = openBrowser(house, browser.cookie);
    await ageToken(copy, HOUR);
    letPass("renewed_at", 2 * MINUTE);
    expect((await ask(copy)).status).toBe(401);
    expect((await ask(browser)).status).toBe(200);
  });

  test("D1 is not opened by a token that somebody else signed", async () => {
    const browser = await signIn(house);
    const token = await readToken(session_key(), browser.cookie.replace("imail_session=", ""));
    const forged = await signToken(new Uint8Array(32), token?.sid ?? "", house.control.clock.now());
    const [, claims = ""] = forged.split(".");
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${claims}.`;
    for (const one of [forged, unsigned, "x", "a.b.c", "a".repeat(5000)]) {
      const answer = await ask(openBrowser(house, `imail_session=${one}`));
      expect(answer.status).toBe(401);
    }
  });

  test("K5 lets people look while nothing can be written", async () => {
    const browser = await signIn(house);
    letPass("last_seen_at", HOUR);
    await ageToken(browser, 8 * MINUTE);
    house.control.db.run("PRAGMA query_only = ON");
    expect((await ask(browser)).status).toBe(200);
    expect((await browser.send("GET", "/v1/leads")).status).toBe(200);
    house.control.db.run("PRAGMA query_only = OFF");
  });

  test("D9 loopback and what a proxy says open nothing", async () => {
    await signIn(house);
    const claims = {
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "https",
      "x-real-ip": "::1",
    };
    const answer = await openBrowser(house).send("GET", "/v1/auth/session", undefined, claims);
    expect([answer.status, answer.body.error.code]).toEqual([401, "missing_key"]);
    const opened = openBrowser(house);
    const headers = { "x-forwarded-proto": "https" };
    const body = { email: EMAIL, password: PASSWORD };
    const signed = await opened.send("POST", "/v1/auth/login", body, headers);
    expect(signed.headers.get("set-cookie")).not.toContain("Secure");
  });

  test("holds at most 50 places for an account", async () => {
    const browser = await signIn(house);
    const { db } = house.control;
    const user = db.query<{ id: number }, []>("SELECT id FROM users").get()?.id ?? 0;
    const now = house.control.clock.now();
    for (let i = 1; i <= 60; i++) {
      db.run(
        "INSERT INTO sessions (id, hash, user_id, secure, created_at, last_seen_at, renewed_at) VALUES (?, randomblob(32), ?, 0, ?, ?, ?)",
        [i, user, now, now, now],
      );
    }
    await login(browser);
    expect(db.query<{ n: number }, []>("SELECT count(*) AS n FROM sessions").get()?.n).toBe(50);
    expect((await ask(browser)).status).toBe(200);
  });
});

describe("a page of somebody else", () => {
  const CROSS: [string, Record<string, string>][] = [
    ["another origin", { origin: "https://evil.test", "sec-fetch-site": "cross-site" }],
    ["Origin: null", { origin: "null", "sec-fetch-site": "" }],
    ["another port", { origin: "http://localhost:81", "sec-fetch-site": "" }],
    ["cross-site", { origin: "", "sec-fetch-site": "cross-site" }],
    ["same-site", { origin: "", "sec-fetch-site": "same-site" }],
    ["none, as typed by hand", { origin: "", "sec-fetch-site": "none" }],
    ["no word of where it comes from", { origin: "", "sec-fetch-site": "" }],
  ];
  test.each(CROSS)("D4 with %s changes nothing with a cookie", async (_, headers) => {
    const browser = await signIn(house);
    const answer = await browser.send("POST", "/v1/leads", { email: "x@example.com" }, headers);
    expect([answer.status, answer.body.error.code]).toEqual([403, "wrong_origin"]);
    expect((await browser.send("POST", "/v1/auth/logout", undefined, headers)).status).toBe(403);
    expect((await ask(browser)).status).toBe(200);
    expect((await browser.send("GET", "/v1/leads")).body.data).toEqual([]);
  });

  const FORMS: [string, string][] = [
    ["a form", "application/x-www-form-urlencoded"],
    ["multipart", "multipart/form-data; boundary=x"],
    ["text/plain", "text/plain"],
    ["JSON in another set of characters", "application/json; charset=utf-16"],
  ];
  test.each(FORMS)("D4 cannot send %s, signed in or signing in", async (_, type) => {
    const browser = await signIn(house);
    const headers = { "content-type": type };
    const lead = await browser.send("POST", "/v1/leads", { email: "x@example.com" }, headers);
    expect([lead.status, lead.body.error.code]).toEqual([415, "unsupported_media_type"]);
    const body = { email: EMAIL, password: PASSWORD };
    expect((await browser.send("POST", "/v1/auth/login", body, headers)).status).toBe(415);
  });

  test("D4 cannot sign a person in or up", async () => {
    await createUser(house.control, EMAIL, PASSWORD);
    const cross = { origin: "https://evil.test", "sec-fetch-site": "cross-site" };
    for (const path of ["/v1/auth/login", "/v1/auth/setup"]) {
      const body = { email: EMAIL, password: PASSWORD };
      const answer = await openBrowser(house).send("POST", path, body, cross);
      expect([answer.status, answer.headers.get("set-cookie")]).toEqual([403, null]);
    }
  });

  test("K7 without a session a 401 comes before everything else", async () => {
    const browser = openBrowser(house, "imail_session=x");
    const cross = { origin: "", "sec-fetch-site": "" };
    for (const path of ["/v1/leads", "/v1/nothing", "/v1/auth/logout"]) {
      expect((await browser.send("POST", path, { n: 1 }, cross)).status).toBe(401);
    }
  });
});

describe("routes for people only", () => {
  test("take no key, whatever its scopes", async () => {
    for (const path of ["/v1/auth/session", "/v1/workspaces"]) {
      const answer = await house.request(path);
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject({ error: { code: "session_only" } });
    }
  });

  test("no key can sign somebody out", async () => {
    const browser = await signIn(house);
    expect((await house.request("/v1/auth/logout", { method: "POST" })).status).toBe(403);
    expect((await ask(browser)).status).toBe(200);
  });
});

const setUp = (browser: Browser, token: string, password = PASSWORD) =>
  browser.send("POST", "/v1/auth/setup", { token, email: EMAIL, password });

describe("the first account", () => {
  test("D2 is made with the printed token, once, and is signed in at once", async () => {
    const token = createSetupToken(house.control);
    const browser = openBrowser(house);
    const made = await setUp(browser, token);
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe("/v1/auth/session");
    expect((await ask(browser)).body.data.user.email).toBe(EMAIL);
    const again = await setUp(openBrowser(house), token);
    expect([again.status, again.body.error.code]).toEqual([409, "wrong_state"]);
    house.control.db.run("DELETE FROM sessions");
    house.control.db.run("DELETE FROM users");
    expect((await setUp(openBrowser(house), token)).body.error.code).toBe("invalid_setup_link");
  });

  test("D2 wants a token that is right and younger than 30 minutes", async () => {
    const token = createSetupToken(house.control);
    expect((await setUp(openBrowser(house), `${token}x`)).status).toBe(401);
    house.control.db.run("UPDATE setup_tokens SET expires_at = expires_at - ?", [30 * MINUTE]);
    expect((await setUp(openBrowser(house), token)).body.error.code).toBe("invalid_setup_link");
  });

  test("D2 two at the same time make one account", async () => {
    const token = createSetupToken(house.control);
    const both = await Promise.all([
      setUp(openBrowser(house), token),
      setUp(openBrowser(house), token),
    ]);
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([201, 409]));
  });

  test("D2 has no default password and no short one; a mistake does not spend the link", async () => {
    expect((await login(openBrowser(house), "admin", "admin@example.com")).status).toBe(401);
    const token = createSetupToken(house.control);
    const short = await setUp(openBrowser(house), token, "short");
    expect([short.status, short.body.error.field]).toEqual([400, "password"]);
    expect((await setUp(openBrowser(house), token)).status).toBe(201);
  });

  test("ends the link when it is made on the command line", async () => {
    const token = createSetupToken(house.control);
    await createUser(house.control, EMAIL, PASSWORD);
    expect((await setUp(openBrowser(house), token)).status).toBe(409);
  });
});

test("C5 no password, token or key stands in a log or an answer", async () => {
  const browser = await signIn(house);
  await login(browser, "hunter2-hunter2");
  const key = createKey(house.control, {
    workspace_id: house.workspace_id,
    mode: "live",
    scopes: ["all"],
    name: "",
  });
  await ask(browser);
  const seen = JSON.stringify(house.lines);
  for (const secret of [PASSWORD, "hunter2", key.key, browser.cookie.slice(14)]) {
    expect(seen).not.toContain(secret);
  }
});
