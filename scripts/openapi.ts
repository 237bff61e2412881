// `bun run openapi [--fresh]`: plays the contract's scenario, keeps its calls as examples, and writes openapi.json as the running
// app answers it. Both are committed: a change of the contract is a change that one can read.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { examplesOf, playScenario } from "../test/contract/stage.ts";
import { ROOT } from "./install.ts";

const DOCS = join(ROOT, "src/pages/docs");
const EXAMPLES = join(DOCS, "examples.json");
const NOTHING = { operations: {}, errors: {} };

function writeFormatted(path: string, text: string): void {
  const { stdout } = Bun.spawnSync([process.execPath, "fmt", `--stdin-filepath=${path}`], {
    cwd: ROOT,
    stdin: Buffer.from(text),
    stderr: "inherit",
  });
  writeFileSync(path, stdout);
}

// The app reads its examples when it is loaded: the second half runs in a process of its own.
if (process.argv[2] === "document") {
  const { document } = await playScenario();
  writeFormatted(join(DOCS, "openapi.json"), JSON.stringify(document));
} else {
  const { played } = await playScenario();
  const wrong = played.filter(({ play, status }) => status >= 400 !== (play.fails !== undefined));
  for (const { play, status, answer } of wrong) {
    process.stderr.write(`${play.operation}: ${status} ${JSON.stringify(answer)}\n`);
  }
  const is_fresh = process.argv[2] === "--fresh";
  const before = is_fresh ? NOTHING : JSON.parse(readFileSync(EXAMPLES, "utf8"));
  writeFormatted(EXAMPLES, JSON.stringify(examplesOf(played, before)));
  const { exitCode } = Bun.spawnSync([process.execPath, import.meta.path, "document"], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
  process.exitCode = wrong.length > 0 ? 1 : exitCode;
}
