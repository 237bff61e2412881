// Tags of what is shown, and changes that only happen to what was read.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { isFresh, mayChange, tagOf } from "../../src/http/etag.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";

let house: TestHouse;
let path: string;
beforeEach(async () => {
  house = await openTestHouse();
  const made = await house.api.v1.leads.post({ email: "ada@example.com", first_name: "Ada" });
  path = `/v1/leads/${made.data?.data.id}`;
});
afterEach(() => house.close());

const get = async (headers: Record<string, string> = {}, method = "GET") => {
  const answer = await house.request(path, { method, headers });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};
const patch = async (body: object, headers: Record<string, string> = {}) => {
  const answer = await house.request(path, {
    method: "PATCH",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const json = (await answer.json()) as { data?: { first_name: string }; error?: { code: string } };
  return { status: answer.status, etag: answer.headers.get("etag") ?? "", ...json };
};
const tag = async () => (await get()).headers.get("etag") ?? "";

const names = ({ headers }: { headers: Headers }) =>
  [...headers.keys()].filter((name) => name !== "content-length").toSorted();
const campaign = (name: string, sent_today: number) =>
  tagOf(JSON.stringify({ success: true, data: { name, sent_today } }), ["name"]);

describe("ETag", () => {
  test("names what a single resource shows, and stays while it does", async () => {
    expect(await tag()).toMatch(/^"[0-9a-z]{16}-[0-9a-z]{16}"$/);
    expect(await tag()).toBe(await tag());
    const before = await tag();
    await patch({ first_name: "Grace" });
    expect(await tag()).not.toBe(before);
  });

  test("stands on HEAD as on GET, with the other headers of GET and no body", async () => {
    const [full, head] = [await get(), await get({}, "HEAD")];
    expect(head).toMatchObject({ status: 200, text: "" });
    expect(names(head)).toEqual(names(full));
    expect(head.headers.get("etag")).toBe(full.headers.get("etag"));
    expect(full.headers.get("content-type")).toBe("application/json");
    expect(full.headers.get("cache-control")).toBe("no-store");
  });

  test("lists have none", async () => {
    expect((await house.request("/v1/leads")).headers.get("etag")).toBeNull();
  });
});

describe("If-None-Match", () => {
  test("with what is still so is a 304 without a body", async () => {
    const etag = await tag();
    const answer = await get({ "if-none-match": etag });
    expect(answer).toMatchObject({ status: 304, text: "" });
    expect(answer.headers.get("etag")).toBe(etag);
    expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
    expect((await get({ "if-none-match": `"x", W/${etag}` })).status).toBe(304);
    expect((await get({ "if-none-match": "*" })).status).toBe(304);
  });

  test("with anything else is the thing itself", async () => {
    expect((await get({ "if-none-match": '"x"' })).status).toBe(200);
    expect((await get({ "if-none-match": "x" })).status).toBe(200);
  });
});

describe("If-Match", () => {
  test("with what was read changes it, and the answer has the next tag", async () => {
    const changed = await patch({ first_name: "Grace" }, { "if-match": await tag() });
    expect(changed).toMatchObject({ status: 200, data: { first_name: "Grace" } });
    expect(changed.etag).toBe(await tag());
    expect((await patch({ first_name: "Mary" }, { "if-match": changed.etag })).status).toBe(200);
  });

  test("with what somebody has changed meanwhile is a 412 and changes nothing", async () => {
    const etag = await tag();
    await patch({ first_name: "Grace" });
    expect(await patch({ first_name: "Mary" }, { "if-match": etag })).toMatchObject({
      status: 412,
      error: { code: "precondition_failed" },
    });
    expect((await get()).text).toContain("Grace");
  });

  test("does not mind a counter that moved, for nobody could have written that", () => {
    expect(mayChange(campaign("A", 1), campaign("A", 2))).toBe(true);
    expect(isFresh(campaign("A", 1), campaign("A", 2))).toBe(false);
    expect(mayChange(campaign("A", 1), campaign("B", 1))).toBe(false);
  });

  test("takes any state with *, and no weak tag", async () => {
    expect((await patch({ first_name: "Grace" }, { "if-match": "*" })).status).toBe(200);
    expect((await patch({ first_name: "Mary" }, { "if-match": `W/${await tag()}` })).status).toBe(
      412,
    );
  });

  test("of what is not there is a 404", async () => {
    path = "/v1/leads/lead_00000000000";
    expect((await patch({ first_name: "Mary" }, { "if-match": "*" })).status).toBe(404);
  });
});
