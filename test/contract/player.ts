// Plays calls against a house, whatever it is made of, and keeps each with its answer as an example for the reference.

import { formatId, type IdPrefix, nextId } from "../../src/core/ids.ts";
import type { Example } from "../../src/http/openapi-answers.ts";

/** Who calls: a key of test mode (the default), one of live mode, a signed-in person, or nobody. */
export type Who = "test" | "live" | "session" | "nobody";

/** One call. `$name` in it stands for what an earlier call has saved under that name. */
export interface Play {
  /** As in the access table: `POST /v1/leads/:id/pause`. */
  operation: string;
  as?: Who;
  path?: Record<string, string>;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  /** Content type of the body, `application/json` when left out. */
  type?: string;
  body?: unknown;
  /** The code of the error that is meant to come. */
  fails?: string;
  /** Where in the answer something stands that later calls need: `{ lead: "data.id" }`. */
  save?: Record<string, string>;
  /** It only prepares: no example. */
  hidden?: boolean;
}

/** What was asked and what came back. */
export interface Played {
  play: Play;
  status: number;
  headers: Headers;
  type: string;
  /** Parsed where it is JSON, else the text; null where there is nothing. */
  answer: unknown;
  example: Example;
}

export interface Stage {
  /** Where it answers: `http://localhost`. */
  base: string;
  ask: (request: Request) => Promise<Response>;
  /** The headers by which the holder of a key is known. */
  headersOf(who: Who): Record<string, string>;
  /** What the plays name with a `$` and nobody saves. */
  given: Record<string, string>;
}

/** Plays all of them in their order. */
export async function playAll(stage: Stage, plays: readonly Play[]): Promise<Played[]> {
  const saved = new Map<string, string>(Object.entries(stage.given));
  const played: Played[] = [];
  for (const play of plays) {
    const one = await playOne(stage, play, saved);
    for (const [name, place] of Object.entries(play.save ?? {})) {
      saved.set(name, String(find(one.answer, place)));
    }
    const cookie = one.headers.get("set-cookie")?.split(";")[0];
    if (cookie !== undefined) saved.set("cookie", cookie);
    played.push(one);
  }
  return played;
}

async function playOne(stage: Stage, play: Play, saved: Map<string, string>): Promise<Played> {
  const filled = fill(play, saved);
  const { path = {}, query = {}, headers = {}, type = "application/json", body } = filled;
  const [method = "", pattern = ""] = play.operation.split(" ");
  const where = pattern.replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(path[name] ?? ""),
  );
  const search = new URLSearchParams(query).toString();
  const response = await stage.ask(
    new Request(`${stage.base}${where}${search === "" ? "" : `?${search}`}`, {
      method,
      headers: {
        ...(play.as === "session"
          ? { cookie: saved.get("cookie") ?? "", origin: stage.base }
          : stage.headersOf(play.as ?? "test")),
        ...(body === undefined ? {} : { "content-type": type }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    }),
  );
  const text = await response.text();
  const answer_type = (response.headers.get("content-type") ?? "").split(";")[0] ?? "";
  const answer = text === "" ? null : answer_type === "application/json" ? JSON.parse(text) : text;
  const example: Example = {
    ...(play.path ? { path } : {}),
    ...(play.query ? { query } : {}),
    ...(play.headers ? { headers } : {}),
    ...(play.type === undefined ? {} : { type }),
    ...(body === undefined ? {} : { body }),
    status: response.status,
    ...(answer_type === "application/json" || text === "" ? {} : { answer_type }),
    answer,
  };
  return {
    play,
    status: response.status,
    headers: response.headers,
    type: answer_type,
    answer,
    example,
  };
}

/** The play with everything put in that was saved. */
function fill(play: Play, saved: Map<string, string>): Play {
  return JSON.parse(
    JSON.stringify(play).replace(
      /\$([a-z][a-z_]*)\b/g,
      (whole, name: string) => saved.get(name) ?? whole,
    ),
  );
}

function find(answer: unknown, place: string): unknown {
  let here = answer;
  for (const part of place.split(".")) here = (here as Record<string, unknown> | null)?.[part];
  return here;
}

/** The Monday on which all examples begin. */
const EXAMPLE_START = Date.UTC(2027, 0, 4, 8);
/** What is further away is no instant of the story. */
const STORY_MS = 400 * 86_400_000;

/**
 * The same examples with ids and instants that do not depend on when they were recorded, and without secrets. What the
 * plays themselves say stays as it is; `start` is where the test clock stood when the story began, ms UTC.
 */
export function settle(examples: readonly Example[], start: number, stage: Stage): Example[] {
  const ids = new Map<string, string>();
  const idFor = (id: string, prefix: string) => {
    if (prefix === "req") return formatId("req", nextId(0, EXAMPLE_START));
    const known =
      ids.get(id) ?? formatId(prefix as IdPrefix, nextId(0, EXAMPLE_START) + ids.size * 4099);
    ids.set(id, known);
    return known;
  };
  const move = (text: string) => {
    const at = Date.parse(text);
    return Math.abs(at - start) < STORY_MS ? new Date(at - start + EXAMPLE_START) : null;
  };
  const settled = (text: string) =>
    text
      .replaceAll(stage.base, "http://127.0.0.1:7070")
      .replaceAll(stage.given["setup_token"] ?? "-", "x".repeat(43))
      .replace(/\b([a-z]{2,4})_[0-9a-hjkmnp-tv-z]{11}\b/g, idFor)
      .replace(/imk_(live|test)_[0-9a-z]{16}/g, "imk_$1_0123456789abcdef")
      .replace(/(imk_(?:live|test)_[0-9a-z]{16})\.[\w-]{43}/g, `$1.${"x".repeat(43)}`);
  const moved = (text: string) =>
    text
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (at) =>
        (move(at)?.toISOString() ?? at).replace(/\.\d+Z$/, ".000Z"),
      )
      .replace(/\w{3}, \d\d? \w{3} \d{4} \d\d:\d\d:\d\d \+0000/g, (at) =>
        (move(at)?.toUTCString() ?? at).replace("GMT", "+0000"),
      );
  return examples.map(({ answer, ...asked }) => ({
    ...JSON.parse(settled(JSON.stringify(asked))),
    answer: JSON.parse(moved(settled(JSON.stringify(answer)))),
  }));
}

/** What an answer is made of: the names of its fields and the kinds of their values. Two runs have the same. */
export function skeleton(value: unknown): unknown {
  if (Array.isArray(value)) {
    return [...new Set(value.map((item) => JSON.stringify(skeleton(item))))].toSorted();
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, inner]) => [name, skeleton(inner)]),
    );
  }
  return value === null ? "null" : typeof value;
}
