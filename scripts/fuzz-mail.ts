// Feeds mutated mails of the corpus to all that reads mail: `bun scripts/fuzz-mail.ts --count 1000000 --seed 7`. A worker
// parses and judges; this thread watches it. Prints one JSON line; exit code 1 on any crash, hang over 5 s or 512 MB.

import { parseArgs } from "node:util";

import { fuzzMails } from "../test/world/mail-fuzz.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
  },
});
const report = await fuzzMails(Number(values.count), Number(values.seed));
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exitCode = report.problems.length === 0 ? 0 : 1;
