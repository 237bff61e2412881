// Plays simulated weeks: `bun scripts/simulate.ts --weeks 1000 --seed 7`. Prints one JSON line; failing seeds go to stderr
// with what they broke, and replay with `--replay <seed>`.
import { parseArgs } from "node:util";

import { simulate, WEEKS_A_RUN } from "../test/simulation/run.ts";

const { values } = parseArgs({
  options: {
    weeks: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    replay: { type: "string" },
    /** Stops at the first failing seed. */
    first: { type: "boolean", default: false },
  },
});
const seeds =
  values.replay === undefined
    ? Array.from({ length: Math.ceil(Number(values.weeks) / WEEKS_A_RUN) }, (_, i) =>
        String(Bun.hash(`${values.seed}|${i}`)),
      )
    : [values.replay];

const tell = (line: string) => void process.stderr.write(`${line}\n`);
const began = performance.now();
const failing: string[] = [];
const met: Record<string, number> = {};
let [weeks, mails, boots, steps] = [0, 0, 0, 0];
for (const seed of seeds) {
  const run = await simulate(seed, values.replay === undefined ? {} : { tell });
  weeks += run.weeks;
  mails += run.mails;
  boots += run.boots;
  steps += run.steps;
  for (const [name, count] of Object.entries(run.met)) met[name] = (met[name] ?? 0) + count;
  if (run.violations.length === 0) continue;
  failing.push(seed);
  process.stderr.write(`${seed}\n${run.violations.map((line) => `  ${line}\n`).join("")}`);
  if (values.first) break;
}
const seconds = (performance.now() - began) / 1000;
process.stdout.write(
  `${JSON.stringify({
    seed: values.seed,
    weeks,
    mails,
    boots,
    steps,
    weeks_a_minute: Math.round((weeks / seconds) * 60),
    seconds: Number(seconds.toFixed(1)),
    met,
    failing,
  })}\n`,
);
process.exitCode = failing.length === 0 ? 0 : 1;
