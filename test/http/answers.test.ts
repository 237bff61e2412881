// What is answered.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { openFront } from "../../src/http/front.ts";
import { ACCESS, type Ask, openThingsHouse, post, type ThingsHouse } from "./things.ts";

let house: ThingsHouse;
beforeEach(async () => {
  house = await openThingsHouse();
});
afterEach(() => house.close());

const ask = (path: string, init: Ask = {}) => house.ask(path, init);

describe("what is answered", () => {
  test("201 has a Location, 204 has no body", async () => {
    const made = await ask("/v1/things", post('{"n":3}'));
    expect(made).toMatchObject({ status: 201, body: { success: true, data: 3 } });
    expect(made.headers.get("location")).toBe("/v1/things/1");
    expect(await ask("/v1/things/x", { method: "DELETE" })).toMatchObject({
      status: 204,
      text: "",
    });
  });

  test("a fault names its code, its place, the thing in its way and its page", async () => {
    const { status, body } = await ask("/v1/broken/fault");
    expect(status).toBe(409);
    expect(body as unknown).toEqual({
      success: false,
      error: {
        code: "lead_exists",
        message: "There is one.",
        field: "email",
        doc: "http://localhost/docs/errors/lead_exists",
        lead_id: "lead_1",
      },
      message: "There is one.",
      request_id: body?.request_id ?? "",
    });
    expect(body?.request_id).toMatch(/^req_[0-9a-z]{11}$/);
  });

  test("a bug is a 500 that says nothing, and the log has it under the request's id", async () => {
    const { status, text, body } = await ask("/v1/broken/bug");
    expect([status, body?.error.code]).toEqual([500, "internal"]);
    expect(text).not.toContain("hunter2");
    expect(house.lines).toHaveLength(1);
    expect(house.lines[0]).toMatchObject({
      level: "error",
      fields: { request_id: body?.request_id },
    });
  });

  test("what is thrown as null is a bug like any other", async () => {
    const { status, body, headers } = await ask("/v1/broken/null");
    expect([status, body?.error.code]).toEqual([500, "internal"]);
    expect(headers.get("x-request-id")).toBe(body?.request_id ?? "");
    expect(house.lines).toHaveLength(1);
  });

  test("an answer that does not fit its schema is our bug and never the caller's", async () => {
    const { status, text, body } = await ask("/v1/broken/shape");
    expect([status, body?.error.code]).toEqual([500, "internal"]);
    expect(text + JSON.stringify(house.lines)).not.toContain("hunter5");
    expect(house.lines).toHaveLength(1);
  });

  test("every answer has a request id of its own and the security headers", async () => {
    const answers = [
      await ask("/v1/things"),
      await ask("/v1/nothing"),
      await ask("/v1/things", { key: null }),
      await ask("/v1/things", post("{")),
      await ask("/v1/broken/bug"),
      await ask("/v1/things", { headers: { host: "evil.test" } }),
      await ask("/v1/things/x", { method: "DELETE" }),
    ];
    for (const { headers, body } of answers) {
      expect(headers.get("content-security-policy")).toStartWith("default-src 'none'");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cache-control")).toBe("no-store");
      if (body?.request_id) expect(headers.get("x-request-id")).toBe(body.request_id);
    }
    expect(new Set(answers.map(({ headers }) => headers.get("x-request-id"))).size).toBe(
      answers.length,
    );
  });

  test("a route that the access table does not name refuses to start, and so does an entry without a route", () => {
    const { root, seal } = openFront(house.wiring, ACCESS);
    expect(() => seal(root.get("/v1/secret", () => "x").routes)).toThrow("GET /v1/secret");
    const other = openFront(house.wiring, { "GET /v1/gone": "open" });
    expect(() => other.seal([])).toThrow("GET /v1/gone");
  });
});
