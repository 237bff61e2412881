// What is taken.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { type Ask, JSON_TYPE, openThingsHouse, post, type ThingsHouse } from "./things.ts";

let house: ThingsHouse;
beforeEach(async () => {
  house = await openThingsHouse();
});
afterEach(() => house.close());

const ask = (path: string, init: Ask = {}) => house.ask(path, init);

const length = (mb: number) => ({ "content-length": String(mb * 1024 * 1024 + 1) });

describe("what is taken", () => {
  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/csv",
    "application/json; charset=latin1",
    "application/jsonp",
  ])("a body of %p is a 415", async (type) => {
    const answer = await ask("/v1/things", post('{"n":1}', { "content-type": type }));
    expect(answer).toMatchObject({ status: 415, code: "unsupported_media_type" });
  });

  test("JSON in UTF-8 is taken in every spelling, CSV on the bulk route only", async () => {
    const types = [
      "application/json",
      "Application/JSON; charset=UTF-8",
      'application/json;charset="utf-8"',
    ];
    const answers = await Promise.all(
      types.map((type) => ask("/v1/things", post('{"n":1}', { "content-type": type }))),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(
      (await ask("/v1/things/bulk", post("a,b\n1,2", { "content-type": "text/csv" }))).body?.data,
    ).toBe(7);
  });

  test("a compressed body and one without a length are refused", async () => {
    expect(
      (await ask("/v1/things", post("x", { ...JSON_TYPE, "content-encoding": "gzip" }))).status,
    ).toBe(415);
    expect(
      (await ask("/v1/things", post("{}", { ...JSON_TYPE, "transfer-encoding": "chunked" })))
        .status,
    ).toBe(413);
  });

  test("a body above 1 MB is a 413 before it is read, 8 MB on the bulk route", async () => {
    expect(await ask("/v1/things", post("{}", { ...JSON_TYPE, ...length(1) }))).toMatchObject({
      status: 413,
      code: "payload_too_large",
    });
    const csv = { "content-type": "text/csv" };
    expect((await ask("/v1/things/bulk", post("a", { ...csv, ...length(1) }))).status).toBe(200);
    expect((await ask("/v1/things/bulk", post("a", { ...csv, ...length(8) }))).status).toBe(413);
  });

  test("a body that is longer than its header says is a 413 as well", async () => {
    const long = JSON.stringify({ n: "x".repeat(1024 * 1024) });
    expect((await ask("/v1/things", post(long))).status).toBe(413);
  });

  test.each([
    ["not JSON", "{"],
    ["a list", "[]"],
    ["null", "null"],
    ["a number", "3"],
    ["a key that reaches for the prototype", '{"n":1,"__proto__":{"admin":true}}'],
    ["such a key deep inside", '{"n":{"a":[{"constructor":1}]}}'],
    ["an escaped one", '{"n":{"\\u005f_proto__":1}}'],
    ["33 levels", `{"n":${"[".repeat(32)}${"]".repeat(32)}}`],
    ["30,000 levels", `{"n":${"[".repeat(30_000)}${"]".repeat(30_000)}}`],
    [
      "1,001 keys",
      JSON.stringify(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`k${i}`, i]))),
    ],
    ["a NUL", '{"n":"a\\u0000b"}'],
    ["half a surrogate pair", '{"n":"\\ud800"}'],
    ["a byte order mark", '\ufeff{"n":1}'],
  ])("%s is malformed_json", async (_, body) => {
    const answer = await ask("/v1/things", post(body));
    expect(answer).toMatchObject({ status: 400, code: "malformed_json" });
    expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
  });

  test("bytes that are not UTF-8 are malformed_json", async () => {
    const init = {
      method: "POST",
      body: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      headers: JSON_TYPE,
    };
    expect((await ask("/v1/things", init)).code).toBe("malformed_json");
  });

  test("braces inside of a text are no levels", async () => {
    const answer = await ask("/v1/things", post(JSON.stringify({ n: `${"[{".repeat(50)}"\\` })));
    expect(answer.code).toBe("invalid_field");
  });

  test("numbers are not guessed and unknown fields are named", async () => {
    const numbers = ['"3"', "1.5", "0", "6", "null", "true", "1e400"];
    const answers = await Promise.all(numbers.map((n) => ask("/v1/things", post(`{"n":${n}}`))));
    expect(answers.map(({ code, body }) => [code, body?.error.field])).toEqual(
      numbers.map(() => ["invalid_field", "n"]),
    );
    const answer = await ask("/v1/things", post('{"n":1,"workspace_id":7}'));
    expect(answer.body?.error).toMatchObject({ code: "unknown_field", field: "workspace_id" });
  });

  test("a query takes decimal digits, known names, and each once", async () => {
    const wrong = ["0x10", "", "0", "101", "1e1", "%201", "5&limit=6"];
    const answers = await Promise.all(wrong.map((limit) => ask(`/v1/things?limit=${limit}`)));
    expect(answers.map(({ code }) => code)).toEqual(wrong.map(() => "invalid_field"));
    expect((await ask("/v1/things?limt=5")).body?.error).toMatchObject({
      code: "unknown_field",
      field: "limt",
    });
    expect((await ask("/v1/things?__proto__=5")).code).toBe("unknown_field");
    expect((await ask("/v1/things?limit=100&q=0x10")).status).toBe(200);
  });

  test("a route without a body takes none, or an empty object", async () => {
    expect((await ask("/v1/things/x/poke", { method: "POST" })).status).toBe(200);
    expect((await ask("/v1/things/x/poke", post("{}"))).status).toBe(200);
    expect((await ask("/v1/things/x/poke", post('{"hard":true}'))).code).toBe("unknown_field");
  });
});
