// What a caller reads when a body does not fit.
import { describe, expect, test } from "bun:test";

import { t } from "elysia";

import { checkBody, checkQuery } from "../../src/http/check.ts";
import { duration, idOf, instant, integer, nullable, word } from "../../src/http/schemas.ts";

const Campaign = t.Object({
  name: t.String({ minLength: 1, maxLength: 10 }),
  inbox_ids: t.Array(idOf("inb"), { minItems: 1, maxItems: 3, uniqueItems: true }),
  daily_limit: t.Optional(integer({ minimum: 1, maximum: 5000 })),
  hourly_limit: t.Optional(nullable(integer({ minimum: 1, maximum: 100 }))),
  status: t.Optional(word(["draft", "active"])),
  steps: t.Array(
    t.Object({
      delay: t.Optional(duration),
      body: t.String(),
      branches: t.Optional(
        t.Array(
          t.Object({ when: t.Object({ event: word(["opened", "clicked"]) }), go_to: t.String() }),
        ),
      ),
    }),
    { maxItems: 20 },
  ),
  track_opens: t.Optional(t.Boolean()),
  starts_at: t.Optional(nullable(instant)),
  day: t.Optional(t.String({ format: "date" })),
  email: t.Optional(t.String({ format: "email" })),
  custom: t.Optional(
    t.Record(t.String(), t.Union([t.String(), t.Number(), t.Boolean(), t.Null()]), {
      maxProperties: 3,
    }),
  ),
  target: t.Optional(
    t.Union([
      t.Object({ kind: t.Literal("lead"), lead_id: idOf("lead") }),
      t.Object({ kind: t.Literal("tag"), tag: t.String({ minLength: 1 }) }),
    ]),
  ),
});

const good = { name: "Spring", inbox_ids: ["inb_00000000007"], steps: [{ body: "Hi" }] };
const faultsOf = (change: object) => checkBody(Campaign, { ...good, ...change });
const messagesOf = (change: object) => faultsOf(change).map(({ message }) => message);

describe("a body", () => {
  test("that fits has no faults, in all of its optional parts", () => {
    const whole = {
      daily_limit: 5000,
      hourly_limit: null,
      status: "active",
      steps: [
        { body: "Hi", delay: "P3D", branches: [{ when: { event: "opened" }, go_to: "end" }] },
      ],
      track_opens: false,
      starts_at: "2027-01-31T09:00:00Z",
      day: "2028-02-29",
      email: "ada@example.com",
      custom: { city: "Bern", size: 3, note: null },
      target: { kind: "tag", tag: "x" },
    };
    expect(faultsOf({})).toEqual([]);
    expect(faultsOf(whole)).toEqual([]);
  });

  test.each([
    [{ name: "" }, "name must not be empty"],
    [{ name: "x".repeat(11) }, "name must have at most 10 characters"],
    [{ name: 7 }, "name must be a text"],
    [{ name: null }, "name must be a text"],
    [{ name: undefined }, "name is required"],
    [{ daily_limit: 0 }, "daily_limit must be between 1 and 5000"],
    [{ daily_limit: 5001 }, "daily_limit must be between 1 and 5000"],
    [{ daily_limit: "5" }, "daily_limit must be a whole number between 1 and 5000"],
    [{ daily_limit: 1.5 }, "daily_limit must be a whole number between 1 and 5000"],
    [{ hourly_limit: 101 }, "hourly_limit must be between 1 and 100"],
    [{ status: "paused" }, "status must be one of draft, active"],
    [{ status: ["draft"] }, "status must be one of draft, active"],
    [{ inbox_ids: [] }, "inbox_ids must have at least 1 item"],
    [{ inbox_ids: ["inb_00000000007", "inb_00000000007"] }, "inbox_ids must have no item twice"],
    [{ inbox_ids: ["cmp_00000000007"] }, "inbox_ids[0] must be an id that begins with inb_"],
    [{ inbox_ids: "inb_00000000007" }, "inbox_ids must be a list"],
    [
      { steps: [{ body: "a" }, { body: "b" }, { body: "c", delay: "3 days" }] },
      "steps[2].delay must be an ISO 8601 duration",
    ],
    [{ steps: [{}] }, "steps[0].body is required"],
    [{ steps: ["Hi"] }, "steps[0] must be an object"],
    [
      { steps: Array.from({ length: 21 }, () => ({ body: "x" })) },
      "steps must have at most 20 items",
    ],
    [
      { steps: [{ body: "a", branches: [{ when: { event: "sneezed" }, go_to: "end" }] }] },
      "steps[0].branches[0].when.event must be one of opened, clicked",
    ],
    [{ track_opens: "true" }, "track_opens must be true or false"],
    [{ starts_at: "tomorrow" }, "starts_at must be an RFC 3339 instant"],
    [{ starts_at: "2027-13-31T09:00:00Z" }, "starts_at must be an RFC 3339 instant"],
    [{ starts_at: "2027-01-31" }, "starts_at must be an RFC 3339 instant"],
    [{ day: "2027-02-29" }, "day must be a date such as"],
    [{ email: "ada" }, "email must be an e-mail address"],
    [{ custom: { a: [] } }, "custom.a must"],
    [{ custom: { a: 1, b: 2, c: 3, d: 4 } }, "custom must have at most 3 keys"],
    [{ target: { kind: "tag", tag: "" } }, "target.tag must not be empty"],
    [{ target: { kind: "lead" } }, "target.lead_id is required"],
    [{ target: 7 }, "target must be an object"],
  ])("%j: %s", (change, message) => {
    const found = messagesOf(change);
    expect(found).toHaveLength(1);
    expect(found[0]).toStartWith(message);
  });

  test("names every fault, in the order of the schema's fields", () => {
    const found = faultsOf({
      daily_limit: 0,
      name: "",
      steps: [{ body: 1, delay: "x", colour: "red" }],
      nmae: "x",
    });
    expect(found.map(({ field, code }) => [field, code])).toEqual([
      ["name", "invalid_field"],
      ["daily_limit", "invalid_field"],
      ["steps[0].delay", "invalid_field"],
      ["steps[0].body", "invalid_field"],
      ["steps[0].colour", "unknown_field"],
      ["nmae", "unknown_field"],
    ]);
  });

  test("with an unknown field is told which fields there are", () => {
    expect(messagesOf({ steps: [{ body: "x", dealy: "P3D" }] })).toEqual([
      "steps[0].dealy is not a field of this route; known here: delay, body, branches",
    ]);
  });

  test("cannot write into the answer: names come back cut and without control characters", () => {
    const [fault] = faultsOf({ [`a\n${"b".repeat(500)}`]: 1 });
    expect(fault?.field).toBe(`a?${"b".repeat(62)}`);
  });

  test("names of Object's own methods are unknown fields, not known ones", () => {
    expect(faultsOf({ toString: 1, hasOwnProperty: 2 }).map(({ code }) => code)).toEqual([
      "unknown_field",
      "unknown_field",
    ]);
  });

  test("answers at most a hundred faults", () => {
    const many = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`x${i}`, 1]));
    expect(faultsOf(many)).toHaveLength(100);
  });

  test("that is no object is told so", () => {
    for (const body of [null, [], "x", 7, undefined]) {
      expect(checkBody(Campaign, body)).toMatchObject([{ message: "the body must be an object" }]);
    }
  });
});

describe("a query", () => {
  const Query = t.Object({
    limit: t.Optional(integer({ minimum: 1, maximum: 100 })),
    status: t.Optional(word(["draft", "active"])),
    tag: t.Optional(t.Array(t.String())),
    unread: t.Optional(t.Boolean()),
    to: t.String(),
  });
  const faults = (query: string) =>
    checkQuery(Query, new URLSearchParams(query)).map(({ message }) => message);

  test("is held against its schema", () => {
    expect(faults("to=a&limit=5&status=draft&tag=a&tag=b")).toEqual([]);
    expect(faults("")).toEqual(["to is required"]);
    expect(faults("to=a&to=b")).toEqual(["to must stand in the query once only"]);
    expect(faults("to=a&limit=5x")).toEqual(["limit must be a whole number between 1 and 100"]);
    expect(faults("to=a&limit=500")).toEqual(["limit must be between 1 and 100"]);
    expect(faults("to=a&status=on&x=1")).toEqual([
      "status must be one of draft, active",
      "x is not a parameter of this route; known here: limit, status, tag, unread, to",
    ]);
  });
  test("A4: guesses nothing: a number is decimal digits, a boolean is one of two words", () => {
    for (const limit of ["0x10", "1e1", " 5", "5.0", "+5", ""]) {
      expect(faults(`to=a&limit=${encodeURIComponent(limit)}`)).toHaveLength(1);
    }
    expect([...faults("to=a&unread=true"), ...faults("to=a&unread=false")]).toEqual([]);
    for (const unread of ["1", "yes", "TRUE", ""]) {
      expect(faults(`to=a&unread=${unread}`)).toEqual(["unread must be true or false"]);
    }
  });
});
