// The API under wild requests: 20,000 here, any count by `bun scripts/fuzz.ts --requests N --seed S`.
import { expect, test } from "bun:test";

import { fuzzApi } from "./api-fuzz.ts";

const REQUESTS = Number(process.env["IMAIL_FUZZ_REQUESTS"] ?? 20_000);
const SEED = Number(process.env["IMAIL_SEED"] ?? Date.now() % 1_000_000);

test(`${REQUESTS} wild requests get no 5xx, nothing outside the envelope, and see no secret (seed ${SEED})`, async () => {
  const { problems, requests, by_status } = await fuzzApi(REQUESTS, SEED);
  expect(problems).toEqual([]);
  expect(requests).toBe(REQUESTS);
  // It would prove nothing if nothing got through.
  expect(by_status["200"] ?? 0).toBeGreaterThan(REQUESTS / 100);
}, 900_000);
