// The house in which the scenario is played, and the recording of it.

import type { Example } from "../../src/http/openapi-answers.ts";
import { createSetupToken } from "../../src/resources/auth/actions.ts";
import { openTestHouse } from "../world/house.ts";
import { playAll, type Played, settle, skeleton, type Stage, type Who } from "./player.ts";
import { SCENARIO } from "./scenario.ts";

const BASE = "http://localhost";
const MONDAY = 1;
const DAY_MS = 86_400_000;

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

interface Served {
  base: string;
  ask: (request: Request) => Promise<Response>;
  /** One key of each mode, with all scopes. */
  keys: { test: string; live: string };
  setup_token: string;
  /** Where the test clock stands, ms UTC. */
  now: number;
}

/** A server as a stage. It has no account yet. */
export function stageOf({ base, ask, keys, setup_token, now }: Served): Stage {
  const known: Record<Who, Record<string, string>> = {
    test: bearer(keys.test),
    live: bearer(keys.live),
    session: {},
    nobody: {},
  };
  const until_monday = `PT${secondsToMonday(now)}S`;
  return { base, ask, headersOf: (who) => known[who], given: { setup_token, until_monday } };
}

/** How far it is to the next Monday, 08:00 UTC. */
function secondsToMonday(now: number): number {
  const midnight = Math.floor(now / DAY_MS) * DAY_MS;
  const days = (MONDAY - new Date(midnight).getUTCDay() + 7) % 7;
  const monday = midnight + days * DAY_MS + 8 * 3_600_000;
  return Math.ceil(((monday > now ? monday : monday + 7 * DAY_MS) - now) / 1000);
}

/** Plays the whole scenario in a house of its own; the document is the one that the house answers. */
export async function playScenario() {
  const house = await openTestHouse();
  try {
    const now = house.test_ledger.clock.now();
    const stage = stageOf({
      base: BASE,
      ask: (request) => Promise.resolve(house.app.handle(request)),
      keys: { test: house.test_key.key, live: house.key.key },
      setup_token: createSetupToken(house.control),
      now,
    });
    const played = await playAll(stage, SCENARIO);
    const answer = await house.request("/openapi.json", { headers: { authorization: "" } });
    const settled = settle(
      played.map(({ example }) => example),
      now + secondsToMonday(now) * 1000,
      stage,
    );
    return {
      played: played.map((one, at) => Object.assign(one, { example: settled[at] ?? one.example })),
      document: await answer.json(),
      routes: house.app.routes.map(({ method, path }) => ({ method, path })),
    };
  } finally {
    await house.close();
  }
}

interface Recorded {
  operations: Record<string, Example>;
  errors: Record<string, Example>;
}

/** The whole request, and what the answer is made of. */
const shapeOf = (example: Example) =>
  JSON.stringify({ ...example, answer: skeleton(example.answer) });

/** The examples of a recording. One that is as it was before stays, so that a new recording changes nothing else. */
export function examplesOf(played: readonly Played[], before: Recorded): Recorded {
  const found: Recorded = { operations: {}, errors: {} };
  for (const { play, example } of played) {
    if (play.hidden === true) continue;
    const [group, name] =
      play.fails === undefined
        ? (["operations", play.operation] as const)
        : (["errors", play.fails] as const);
    if (found[group][name]) continue;
    const old = before[group][name];
    found[group][name] = old && shapeOf(old) === shapeOf(example) ? old : example;
  }
  return found;
}
