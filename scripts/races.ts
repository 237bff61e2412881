// Lets stops race against sends: `bun scripts/races.ts --count 1000 --seed 7`. Prints one JSON line.
import { parseArgs } from "node:util";

import { runRaces } from "../test/simulation/races.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
  },
});
const began = performance.now();
const report = await runRaces(Number(values.count), Number(values.seed));
const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
process.stdout.write(`${JSON.stringify({ seed: Number(values.seed), ...report, seconds })}\n`);
process.exitCode = report.violations.length === 0 ? 0 : 1;
