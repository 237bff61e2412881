// The document says what the app does: it is held against the routes, the committed copy, and the calls that it shows.
import { beforeAll, describe, expect, test } from "bun:test";

import { FAULTS } from "../../src/core/faults.ts";
import committed from "../../src/pages/docs/openapi.json";
import { follow, misfits } from "./json-schema.ts";
import { type Played, skeleton } from "./player.ts";
import { playScenario } from "./stage.ts";

type Json = Record<string, unknown>;

let story: Awaited<ReturnType<typeof playScenario>>;
let document: Json;
beforeAll(async () => {
  story = await playScenario();
  document = story.document as Json;
});

interface Operation extends Json {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security: Json[];
  parameters: Json[];
  requestBody?: { content: Record<string, { schema: Json; example?: unknown }> };
  responses: Record<string, Json>;
}

/** `POST /v1/leads/:id/pause` */
const nameOf = (method: string, path: string) =>
  `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}`;

const operations = () =>
  new Map(
    Object.entries(document["paths"] as Record<string, Record<string, Operation>>).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, operation]): [string, Operation] => [
          nameOf(method, path),
          operation,
        ]),
    ),
  );

interface Response extends Json {
  content?: Record<string, { schema: Json; example?: unknown }>;
}

const responseOf = (operation: Operation, status: number): Response | null => {
  const found = operation.responses[String(status)];
  return found && typeof found["$ref"] === "string"
    ? follow(document, found["$ref"])
    : (found ?? null);
};

/** The plays that are the example of their operation: the first good one of each. */
const shown = () => {
  const first = new Map<string, Played>();
  for (const one of story.played) {
    const { operation, hidden, fails } = one.play;
    if (hidden !== true && fails === undefined && !first.has(operation)) first.set(operation, one);
  }
  return first;
};

describe("the committed openapi.json", () => {
  test("is what the running app answers (else: bun run openapi)", () => {
    expect(document).toEqual(committed);
  });

  test("has every route of /v1, and no other", () => {
    const routes = story.routes
      .map(({ method, path }) => `${method} ${path.replace(/(.)\/$/, "$1")}`)
      .filter((name) => name.includes(" /v1/"));
    expect([...operations().keys()].filter((name) => name.includes(" /v1/")).toSorted()).toEqual(
      routes.toSorted(),
    );
  });

  test("says of every operation what it does, who may call it and how it fails", () => {
    const ids = [...operations().values()].map(({ operationId }) => operationId);
    expect(ids.length).toBe(new Set(ids).size);
    for (const [name, { summary, description, tags, responses }] of operations()) {
      expect([name, summary]).not.toEqual([name, name]);
      expect([name, description]).toEqual([name, expect.stringMatching(/[^]{10}\n\nTakes /)]);
      expect([name, tags.length, "429" in responses, "500" in responses]).toEqual([
        name,
        1,
        true,
        true,
      ]);
    }
  });

  test("names every error code at the operations that answer it", () => {
    const anywhere = new Set(["method_not_allowed", "headers_too_large"]);
    const named = Object.keys((document["components"] as Record<string, Json>)["examples"] ?? {});
    expect(
      Object.keys(FAULTS).filter((code) => !named.includes(code) && !anywhere.has(code)),
    ).toEqual([]);
  });

  test("gives no schema a name that another one has", () => {
    const names = Object.keys((document["components"] as Record<string, Json>)["schemas"] ?? {});
    expect(names.filter((name) => /\d$/.test(name))).toEqual([]);
  });
});

describe("the examples of the reference", () => {
  test("there is one for every operation", () => {
    const played = shown();
    expect([...operations().keys()].filter((name) => !played.has(name))).toEqual([]);
  });

  test("every call ends as it is meant to", () => {
    for (const { play, status, answer } of story.played) {
      const code = (answer as { error?: { code: string } } | null)?.error?.code ?? null;
      expect([play.operation, status < 400, code, answer]).toEqual([
        play.operation,
        play.fails === undefined,
        play.fails ?? null,
        answer,
      ]);
    }
  });

  test("what is answered is what the document shows and what its schemas allow", () => {
    for (const [name, { status, type, answer, example }] of shown()) {
      const response = responseOf(operations().get(name)!, status);
      expect([name, status, response === null]).toEqual([name, status, false]);
      const content = response?.content?.[type === "" ? "application/json" : type];
      if (status === 204) expect([name, answer]).toEqual([name, null]);
      else {
        expect([name, skeleton(example.answer)]).toEqual([name, skeleton(content?.example)]);
        expect([name, misfits(document, content?.schema ?? {}, answer)]).toEqual([name, []]);
      }
    }
  });

  test("answers carry the headers that the document promises", () => {
    for (const [name, { status, headers }] of shown()) {
      const promised = Object.keys(responseOf(operations().get(name)!, status)?.["headers"] ?? {});
      // A call that is not repeated has nothing to say about it.
      const always = promised.filter((header) => header !== "Idempotent-Replayed");
      expect([name, always.filter((header) => !headers.has(header))]).toEqual([name, []]);
    }
  });

  test("what is sent is what the document shows and what its schemas allow", () => {
    for (const [name, { example }] of shown()) {
      const content =
        operations().get(name)?.requestBody?.content[example.type ?? "application/json"];
      expect([name, content?.example]).toEqual([name, example.body]);
      if (example.body !== undefined) {
        expect([name, misfits(document, content?.schema ?? {}, example.body)]).toEqual([name, []]);
      }
    }
  });

  test("errors fit the schema of errors, too", () => {
    const error = follow(document, "#/components/schemas/Error");
    const failed = story.played.filter(({ play }) => play.fails !== undefined);
    for (const { play, answer } of failed) {
      expect([play.operation, misfits(document, error, answer)]).toEqual([play.operation, []]);
    }
  });
});
