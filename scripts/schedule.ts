// Holds windows, openings and daily budgets of every IANA zone against a brute-force oracle:
// `bun scripts/schedule.ts --decisions 10000000 --seed 7 --from 2026 --years 10`. Prints one JSON line.
import { parseArgs } from "node:util";

import { checkSchedule } from "../test/simulation/schedule.ts";

const { values } = parseArgs({
  options: {
    decisions: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "2026" },
    years: { type: "string", default: "10" },
  },
});
const began = performance.now();
const report = checkSchedule({
  decisions: Number(values.decisions),
  seed: Number(values.seed),
  from_year: Number(values.from),
  years: Number(values.years),
});
const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
process.stdout.write(`${JSON.stringify({ seed: Number(values.seed), ...report, seconds })}\n`);
process.exitCode = report.violations.length === 0 ? 0 : 1;
