// Who may come in.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { createKey, revokeKey } from "../../src/resources/api-keys/actions.ts";
import { type Ask, JSON_TYPE, openThingsHouse, post, type ThingsHouse } from "./things.ts";

let house: ThingsHouse;
beforeEach(async () => {
  house = await openThingsHouse();
});
afterEach(() => house.close());

const ask = (path: string, init: Ask = {}) => house.ask(path, init);

describe("who may come in", () => {
  test("a key opens its routes, a slash at the end and HEAD change nothing", async () => {
    expect((await ask("/v1/things")).body?.data).toBe(house.key.public_id);
    expect((await ask("/v1/things/")).status).toBe(200);
    expect(await ask("/v1/things", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
  });

  test.each([
    "evil.test",
    "evil.test:7070",
    "localhost.evil.test",
    "127.0.0.1.nip.io",
    "[::2]",
    "",
    "a:b@localhost",
  ])("the host %p is not this server, before anything else is looked at", async (host) => {
    expect(await ask("/v1/things", { key: null, headers: { host } })).toMatchObject({
      status: 421,
      code: "wrong_host",
    });
  });

  test.each(["localhost", "LOCALHOST", "127.0.0.1", "[::1]", "localhost:80"])(
    "the host %p is this server",
    async (host) => {
      expect((await ask("/v1/things", { headers: { host } })).status).toBe(200);
    },
  );

  test("a name that the owner has allowed is this server, whatever its port", async () => {
    await house.close();
    house = await openThingsHouse({ allowed_hosts: ["mail.example.com"] });
    expect((await ask("/v1/things", { headers: { host: "mail.example.com:8443" } })).status).toBe(
      200,
    );
    expect((await ask("/v1/things", { headers: { host: "x.mail.example.com" } })).status).toBe(421);
  });

  test.each([
    [{ origin: "https://evil.test" }],
    [{ origin: "null" }],
    [{ origin: "http://localhost:81" }],
    [{ "sec-fetch-site": "cross-site" }],
    [{ "sec-fetch-site": "same-site" }],
  ])("a page with %p may not write", async (headers) => {
    expect(await ask("/v1/things", post('{"n":1}', { ...JSON_TYPE, ...headers }))).toMatchObject({
      status: 403,
      code: "wrong_origin",
    });
  });

  test("our own pages may write, and no answer has a CORS header", async () => {
    const own = { origin: "http://localhost", "sec-fetch-site": "same-origin" };
    const answer = await ask("/v1/things", post('{"n":1}', { ...JSON_TYPE, ...own }));
    expect(answer.status).toBe(201);
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual(
      [],
    );
  });

  test.each<[string, string, RequestInit]>([
    ["a known route", "/v1/things", {}],
    ["an unknown route", "/v1/nothing", {}],
    ["the root of the API", "/v1", {}],
    ["bad JSON", "/v1/things", post("{")],
    ["a form", "/v1/things", post("n=1", { "content-type": "application/x-www-form-urlencoded" })],
    ["an invalid body", "/v1/things", post("{}")],
    ["HEAD", "/v1/things", { method: "HEAD" }],
    ["OPTIONS", "/v1/things", { method: "OPTIONS" }],
    ["a wrong method", "/v1/things", { method: "PUT" }],
  ])("without a key %s is a 401", async (_, path, init) => {
    const answer = await ask(path, { key: null, ...init });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toStartWith("Bearer");
    if (init.method !== "HEAD") expect(answer.code).toBe("missing_key");
  });

  test("a route that takes no key answers without one", async () => {
    expect((await ask("/v1/public", { key: null })).status).toBe(200);
  });

  test("a key that is malformed, unknown, cut, expired or revoked is a 401 on the very next request", async () => {
    const { key, public_id } = house.key;
    const other = key.endsWith("A") ? "B" : "A";
    const wrong = [
      "x",
      key.slice(0, -1),
      key.slice(0, -1) + other,
      `imk_live_0000000000000000.${key.slice(26)}`,
      `${key}x`,
    ];
    const answers = await Promise.all(wrong.map((one) => ask("/v1/things", { key: one })));
    expect(answers.map(({ status, code }) => [status, code])).toEqual(
      wrong.map(() => [401, "invalid_key"]),
    );
    const { workspace_id } = house;
    const expired = createKey(house.control, {
      workspace_id,
      mode: "live",
      scopes: ["all"],
      name: "",
      expires_at: 1,
    });
    expect((await ask("/v1/things", { key: expired.key })).code).toBe("invalid_key");
    expect((await ask("/v1/things")).status).toBe(200);
    revokeKey(house.control, public_id);
    expect((await ask("/v1/things")).code).toBe("invalid_key");
  });

  test("the eleventh wrong key of a minute waits, and a key that is right does not", async () => {
    const eleven = await Promise.all(
      Array.from({ length: 11 }, () => ask("/v1/things", { key: "wrong" })),
    );
    expect(eleven.map(({ status }) => status)).toEqual([...Array<number>(10).fill(401), 429]);
    const last = await ask("/v1/things", { key: "wrong" });
    expect(last.code).toBe("rate_limited");
    expect(Number(last.headers.get("retry-after"))).toBeWithin(1, 61);
    expect((await ask("/v1/things")).status).toBe(200);
  });

  test("a scope that is missing is named, and write implies read", async () => {
    const { workspace_id } = house;
    const keyOf = (scopes: string[]) =>
      createKey(house.control, { workspace_id, mode: "live", scopes, name: "" }).key;
    const reader = keyOf(["leads:read"]);
    expect((await ask("/v1/things", { key: reader })).status).toBe(200);
    const refused = await ask("/v1/things", { key: reader, ...post('{"n":1}') });
    expect(refused).toMatchObject({ status: 403, code: "scope_missing" });
    expect(refused.body?.message).toContain("leads:write");
    expect((await ask("/v1/things", { key: keyOf(["leads:write"]) })).status).toBe(200);
    expect((await ask("/v1/things", { key: keyOf(["campaigns:write"]) })).status).toBe(403);
  });

  test("the routes of test mode take test keys only", async () => {
    expect(await ask("/v1/test/clock")).toMatchObject({ status: 403, code: "scope_missing" });
    expect((await ask("/v1/test/clock", { key: house.test_key.key })).status).toBe(200);
  });

  test("an unknown path is a 404, a wrong method a 405 that names the right ones", async () => {
    expect(await ask("/v1/nothing")).toMatchObject({ status: 404, code: "not_found" });
    expect(await ask("/v1//things")).toMatchObject({ status: 404 });
    expect(await ask("/V1/things")).toMatchObject({ status: 404 });
    const wrong = await ask("/v1/things/x", { method: "PUT" });
    expect(wrong).toMatchObject({ status: 405, code: "method_not_allowed" });
    expect(wrong.headers.get("allow")).toBe("DELETE, GET, HEAD, OPTIONS");
  });

  test("OPTIONS says what a URL takes, to those with a key", async () => {
    const answer = await ask("/v1/things", { method: "OPTIONS" });
    expect(answer).toMatchObject({ status: 204, text: "" });
    expect(answer.headers.get("allow")).toBe("GET, HEAD, OPTIONS, POST");
    expect(answer.headers.get("x-ratelimit-limit")).toBe("240");
    expect((await ask("/v1/nothing", { method: "OPTIONS" })).status).toBe(404);
  });
});
