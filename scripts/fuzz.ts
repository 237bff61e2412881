// Fuzzes the API with any count: `bun scripts/fuzz.ts --requests 1000000 --seed 7`. Prints one JSON line.
import { parseArgs } from "node:util";

import { fuzzApi } from "../test/contract/api-fuzz.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
  },
});
const report = await fuzzApi(Number(values.requests), Number(values.seed));
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exitCode = report.problems.length === 0 ? 0 : 1;
