// `bun scripts/train.ts`: trains the classifier of replies on test/corpus/meanings and writes its weights, in seconds and
// the same bytes each time; `--check` fails when the committed ones are others.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT } from "./install.ts";
import { readCorpus, TRAINING } from "./meaning-corpus.ts";
import { trainModel } from "./meaning-training.ts";

const PATH = join(ROOT, "src/core/meaning-weights.b64");

const start = performance.now();
const corpus = readCorpus(TRAINING);
const { bytes, temperature } = trainModel(corpus);
const text = `${bytes.toBase64()}\n`;
const seconds = ((performance.now() - start) / 1000).toFixed(1);
const sum = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
process.stdout.write(
  `${corpus.length} texts, ${bytes.length} bytes, temperature ${temperature}, ${seconds} s, sha256 ${sum}\n`,
);
if (!process.argv.includes("--check")) writeFileSync(PATH, text);
else if (!existsSync(PATH) || readFileSync(PATH, "utf8") !== text) {
  process.stderr.write("the weights are stale: bun scripts/train.ts\n");
  process.exitCode = 1;
}
