// API keys over the API: what a key may give, and how fast it ends.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";

import { formatId } from "../../../src/core/ids.ts";
import { createKey, revokeKey } from "../../../src/resources/api-keys/actions.ts";
import { changeWorkspace, createWorkspace } from "../../../src/resources/workspaces/actions.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { type BrowserAnswer, openBrowser, signIn } from "../auth/sign-in.ts";

let house: TestHouse;
beforeEach(async () => {
  house = await openTestHouse();
});
afterEach(() => house.close());

type Ask = (method: string, path: string, body?: object) => Promise<BrowserAnswer>;

/** Asks with this key. */
const withKey =
  (key: string): Ask =>
  (method, path, body) =>
    openBrowser(house).send(method, path, body, {
      authorization: `Bearer ${key}`,
      origin: "",
      "sec-fetch-site": "",
    });
const ask: Ask = (method, path, body) => withKey(house.key.key)(method, path, body);
const make = async (body: object = { scopes: ["leads:read"] }) =>
  (await ask("POST", "/v1/api-keys", body)).body.data;
const keyOf = (scopes: string[], expires_at: number | null = null) =>
  createKey(house.control, {
    workspace_id: house.workspace_id,
    mode: "live",
    scopes,
    name: "",
    expires_at,
  });
const DAY = 86_400_000;
const at = (ms: number) => new Date(house.control.clock.now() + ms).toISOString();

describe("an API key", () => {
  test("K3 is shown once, when it is made, and never again", async () => {
    const made = await ask("POST", "/v1/api-keys", {
      name: " CI ",
      scopes: ["leads:write", "campaigns:read"],
      expires_at: at(DAY),
    });
    expect(made.status).toBe(201);
    const { key, ...shown } = made.body.data;
    expect(made.headers.get("location")).toBe(`/v1/api-keys/${shown.id}`);
    expect(key).toStartWith(`${shown.public_id}.`);
    expect(shown).toMatchObject({
      object: "api_key",
      name: "CI",
      mode: "live",
      scopes: ["campaigns:read", "leads:write"],
      status: "active",
      last_used_at: null,
      revoked_at: null,
    });
    expect((await withKey(key)("GET", "/v1/leads")).status).toBe(200);
    const secret = key.split(".")[1];
    const one = await ask("GET", `/v1/api-keys/${shown.id}`);
    expect(one.body.data).toEqual({ ...shown, last_used_at: expect.any(String) });
    const renamed = await ask("PATCH", `/v1/api-keys/${shown.id}`, { name: "CI 2" });
    expect(renamed.body.data.name).toBe("CI 2");
    const list = await ask("GET", "/v1/api-keys");
    for (const { text } of [one, renamed, list]) expect(text).not.toContain(secret);
    expect(JSON.stringify(house.lines)).not.toContain(secret);
  });

  test("K4 is revoked for its very next request, and stays in the list of those that are over", async () => {
    const { id, key } = await make();
    expect((await withKey(key)("GET", "/v1/leads")).status).toBe(200);
    expect((await ask("DELETE", `/v1/api-keys/${id}`)).status).toBe(204);
    expect((await withKey(key)("GET", "/v1/leads")).body.error.code).toBe("invalid_key");
    expect((await ask("DELETE", `/v1/api-keys/${id}`)).status).toBe(204);
    const ids = async (query: string) =>
      (await ask("GET", `/v1/api-keys${query}`)).body.data.map((one: { id: string }) => one.id);
    expect(await ids("")).not.toContain(id);
    expect(await ids("?status=revoked")).toEqual([id]);
    expect((await ask("GET", `/v1/api-keys/${id}`)).body.data.status).toBe("revoked");
    expect((await ask("PATCH", `/v1/api-keys/${id}`, { name: "x" })).status).toBe(409);
    expect((await ask("POST", `/v1/api-keys/${id}/rotate`)).status).toBe(409);
  });

  test("K4 is revoked between two requests on one connection", async () => {
    const { id, key } = await make();
    const port = Number(new URL(house.house.listen()).port);
    const get = `GET /v1/leads HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${key}\r\n\r\n`;
    const { promise, resolve, reject } = Promise.withResolvers<string[]>();
    let heard = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(get));
    socket.on("error", reject);
    socket.on("data", (bytes) => {
      const before = heard.match(/HTTP\/1\.1 /g)?.length ?? 0;
      heard += bytes.toString("utf8");
      const statuses = [...heard.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = ""]) => status);
      if (before === 0 && statuses.length === 1) {
        revokeKey(house.control, String(id));
        socket.write(get);
      }
      if (statuses.length === 2) {
        socket.destroy();
        resolve(statuses);
      }
    });
    expect(await promise).toEqual(["200", "401"]);
  });

  test("K4 is rotated: the same id, a new secret, and the old one is refused at once", async () => {
    const { id, key, public_id } = await make();
    const rotated = await ask("POST", `/v1/api-keys/${id}/rotate`);
    expect(rotated.status).toBe(200);
    expect(rotated.body.data).toMatchObject({ id, public_id });
    expect(rotated.body.data.key).not.toBe(key);
    expect((await withKey(key)("GET", "/v1/leads")).status).toBe(401);
    expect((await withKey(rotated.body.data.key)("GET", "/v1/leads")).status).toBe(200);
  });

  test("rotates and revokes itself", async () => {
    const own = `/v1/api-keys/${formatId("key", house.key.id)}`;
    const rotated = await ask("POST", `${own}/rotate`);
    expect((await ask("GET", own)).status).toBe(401);
    const again = withKey(rotated.body.data.key);
    expect((await again("DELETE", own)).status).toBe(204);
    expect((await again("GET", own)).status).toBe(401);
  });

  test("K4 that has expired is a 401, and is good again when its end is moved", async () => {
    const { id, key } = await make({ scopes: ["leads:read"], expires_at: at(DAY) });
    house.control.db.run(
      "UPDATE api_keys SET expires_at = 1 WHERE id = (SELECT max(id) FROM api_keys)",
    );
    expect((await withKey(key)("GET", "/v1/leads")).status).toBe(401);
    expect((await ask("GET", "/v1/api-keys?status=expired")).body.data[0]).toMatchObject({
      id,
      status: "expired",
    });
    expect((await ask("PATCH", `/v1/api-keys/${id}`, { expires_at: null })).status).toBe(200);
    expect((await withKey(key)("GET", "/v1/leads")).status).toBe(200);
    const past = await ask("PATCH", `/v1/api-keys/${id}`, { expires_at: at(-DAY) });
    expect([past.status, past.body.error.field]).toEqual([400, "expires_at"]);
  });

  test("K6 of another workspace or of the other mode is not there", async () => {
    const other = createWorkspace(house.control, { name: "Other", zone: "UTC" }, house.master_key);
    const strangers = [
      createKey(house.control, { workspace_id: other, mode: "live", scopes: ["all"], name: "" }),
      house.test_key,
    ];
    for (const { id, key } of strangers) {
      const path = `/v1/api-keys/${formatId("key", id)}`;
      for (const [method, tail] of [
        ["GET", ""],
        ["DELETE", ""],
        ["POST", "/rotate"],
      ] as const) {
        expect((await ask(method, path + tail)).status).toBe(404);
      }
      expect((await ask("PATCH", path, { name: "x" })).status).toBe(404);
      expect((await withKey(key)("GET", "/v1/campaigns")).status).toBe(200);
    }
    expect((await ask("GET", "/v1/api-keys")).body.data).toHaveLength(1);
    expect((await ask("GET", "/v1/api-keys/key_x")).status).toBe(404);
  });

  test("is paged newest first", async () => {
    const made: string[] = [];
    for (let i = 0; i < 3; i++) made.push((await make()).id);
    const first = (await ask("GET", "/v1/api-keys?limit=2")).body;
    expect(first.data.map((one: { id: string }) => one.id)).toEqual([made[2], made[1]]);
    const rest = (await ask("GET", `/v1/api-keys?limit=2&cursor=${first.pagination.next_cursor}`))
      .body;
    expect(rest.data[0].id).toBe(made[0]);
    expect(rest.pagination.has_more).toBe(false);
    expect((await ask("GET", "/v1/api-keys?limit=2&page=2")).body.pagination).toMatchObject({
      total: 4,
      pages: 2,
    });
  });
});

const limited = () => withKey(keyOf(["keys:write", "leads:write"]).key);

describe("a key that makes keys", () => {
  test("K6 gives only the scopes that it has itself", async () => {
    const made = await limited()("POST", "/v1/api-keys", { scopes: ["leads:read"] });
    expect(made.status).toBe(201);
    for (const scopes of [["campaigns:read"], ["all"], ["leads:read", "inboxes:write"]]) {
      const refused = await limited()("POST", "/v1/api-keys", { scopes });
      expect([refused.status, refused.body.error.code]).toEqual([403, "scope_missing"]);
    }
  });

  test("K6 cannot give itself more, nor take over a key that can more", async () => {
    const own = keyOf(["keys:write"]);
    const as = withKey(own.key);
    const path = `/v1/api-keys/${formatId("key", own.id)}`;
    expect((await as("PATCH", path, { scopes: ["keys:write", "leads:read"] })).status).toBe(403);
    const full = `/v1/api-keys/${formatId("key", house.key.id)}`;
    expect((await as("POST", `${full}/rotate`)).status).toBe(403);
    // Taking away, and keeping what is there, needs nothing more.
    expect((await as("PATCH", full, { scopes: ["leads:read", "keys:write"] })).status).toBe(200);
    expect((await as("DELETE", full)).status).toBe(204);
  });

  test("leaves nothing behind that outlives it", async () => {
    const own = keyOf(["all"], house.control.clock.now() + DAY);
    const as = withKey(own.key);
    const made = await as("POST", "/v1/api-keys", { scopes: ["leads:read"] });
    expect(Date.parse(made.body.data.expires_at)).toBe(own.expires_at ?? 0);
    for (const expires_at of [null, at(2 * DAY)]) {
      const longer = await as("POST", "/v1/api-keys", { scopes: ["leads:read"], expires_at });
      expect([longer.status, longer.body.error.field]).toEqual([400, "expires_at"]);
      const path = `/v1/api-keys/${formatId("key", own.id)}`;
      expect((await as("PATCH", path, { expires_at })).status).toBe(400);
    }
  });

  test("K6 needs keys:write for all of it, reading too", async () => {
    const as = withKey(keyOf(["leads:write", "campaigns:write"]).key);
    expect((await as("GET", "/v1/api-keys")).status).toBe(403);
    expect((await as("POST", "/v1/api-keys", { scopes: ["leads:read"] })).status).toBe(403);
  });

  test("is told what it got wrong", async () => {
    const wrong = await ask("POST", "/v1/api-keys", {
      scopes: [],
      name: "a\nb",
      expires_at: "soon",
    });
    expect(wrong.status).toBe(400);
    const fields = wrong.body.error.details.map((one: { field: string }) => one.field);
    expect(fields).toEqual(["scopes", "expires_at"]);
    expect(
      (await ask("POST", "/v1/api-keys", { scopes: ["leads:delete"] })).body.error.field,
    ).toStartWith("scopes");
    expect(
      (await ask("POST", "/v1/api-keys", { scopes: ["mcp"], name: "a\nb" })).body.error.field,
    ).toBe("name");
    expect(
      (await ask("POST", "/v1/api-keys", { scopes: ["mcp"], mode: "live" })).body.error.code,
    ).toBe("unknown_field");
  });
});

test("a session makes keys with every scope, in the mode that it acts in", async () => {
  const browser = await signIn(house);
  const made = await browser.send(
    "POST",
    "/v1/api-keys",
    { scopes: ["all"] },
    { "imail-mode": "test" },
  );
  expect(made.body.data).toMatchObject({ mode: "test" });
  expect(made.body.data.key).toStartWith("imk_test_");
  expect(made.body.data.scopes).toContain("mcp");
});

test("the keys of a spark workspace open nothing, and its people get in", async () => {
  const browser = await signIn(house);
  changeWorkspace(house.control, house.workspace_id, { tier: "spark" });
  const gated = await ask("GET", "/v1/leads");
  expect([gated.status, gated.body.error.code]).toEqual([403, "tier_gate"]);
  expect((await browser.send("GET", "/v1/leads")).status).toBe(200);
  changeWorkspace(house.control, house.workspace_id, { tier: "surge" });
  expect((await ask("GET", "/v1/leads")).status).toBe(200);
});
