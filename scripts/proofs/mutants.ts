// Every proof must be able to fail: each mutant is a copy of the source with one promise broken, and the proof that keeps
// this promise must go red on it. Nothing in the product knows of mutants.
//   bun scripts/proofs/mutants.ts [--only mark_after_send] [--at /dev/shm]

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { ROOT } from "../install.ts";

interface Edit {
  file: string;
  /** Stands in the file exactly once. */
  from: string;
  to: string;
}

interface Mutant {
  /** What it breaks, in words. */
  breaks: string;
  edits: Edit[];
  proof: string;
  flags: string[];
}

const COMMITTED = `markUncertain(tx, message.id, "imail was stopped while the server's answer was awaited");`;
const NAIVE: Edit = {
  file: "src/engine/send/recover.ts",
  from: COMMITTED,
  to: `putBack(ledger, tx, message, "not marked as sent");`,
};

const MUTANTS: Record<string, Mutant> = {
  mark_after_send: {
    breaks: "only an answer that was seen counts: after a crash the rest goes again",
    edits: [NAIVE],
    proof: "kill-loop",
    flags: ["--kills", "25", "--mails", "250", "--settle_s", "15"],
  },
  rescue_by_age: {
    breaks: "a mail that is under way for 150 ms is taken for lost, and goes again",
    edits: [
      {
        file: "src/engine/send/round.ts",
        from: "  comeBack(ledger, now);\n",
        to: "  rescueByAge(ledger, now);\n  comeBack(ledger, now);\n",
      },
      {
        file: "src/engine/send/round.ts",
        from: "const HOUR_MS = 3_600_000;\n",
        to: `import { listOfOtherBoots } from "../../resources/messages/due.store.ts";
import { putBack } from "./settle.ts";
const HOUR_MS = 3_600_000;
function rescueByAge(ledger: Ledger, now: number): void {
  const slow = listOfOtherBoots(ledger, "committed", 0).filter(({ committed_at }) => (committed_at ?? now) < now - 150);
  if (slow.length > 0) ledger.write((tx) => slow.forEach((message) => putBack(ledger, tx, message, "rescued")));
}
`,
      },
    ],
    proof: "kill-loop",
    flags: ["--kills", "6", "--mails", "300", "--settle_s", "15"],
  },
  synchronous_normal: {
    breaks: "a commit is answered before it is on the disk",
    edits: [
      {
        file: "src/ledger/database.ts",
        from: "PRAGMA synchronous = FULL",
        to: "PRAGMA synchronous = NORMAL",
      },
    ],
    proof: "power-loss",
    flags: ["--images", "200", "--recordings", "1", "--mails", "60"],
  },
  mark_after_send_at_power_loss: {
    breaks: "only an answer that was seen counts: after power loss the rest goes again",
    edits: [NAIVE],
    proof: "power-loss",
    flags: ["--images", "200", "--recordings", "1", "--mails", "60"],
  },
  full_disk_is_send_failed: {
    breaks: "an outcome that cannot be written is thrown away, and the mail counts as not sent",
    edits: [
      {
        file: "src/engine/send/settle-group.ts",
        from: "kept.set(claimed.id, outcome);",
        to: 'kept.set(claimed.id, { outcome: "unreached", fault: "connect", response: "disk full" });',
      },
    ],
    proof: "disk-full",
    flags: ["--episodes", "12"],
  },
  failed_commit_is_let_go: {
    breaks: "the dot is written though the commit failed on a full disk",
    edits: [
      {
        file: "src/engine/send/commit-group.ts",
        from: "    // COMMIT failed (a full disk): nothing is durable, so nothing may be let go. The settling says why.\n    committed.clear();\n",
        to: "    for (const { message_id } of group) committed.add(message_id);\n",
      },
    ],
    proof: "disk-full",
    flags: ["--episodes", "12"],
  },
};

/** A copy of the source in which one promise is broken. Throws where the text to break is not there exactly once. */
function breed(name: string, { edits }: Mutant, at: string): string {
  const copy = mkdtempSync(join(at, `imail-mutant-${name}-`));
  for (const part of ["src", "migrations", "scripts", "package.json", "tsconfig.json", "bun.lock"])
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  for (const { file, from, to } of edits) {
    const path = join(copy, file);
    const text = readFileSync(path, "utf8");
    const found = text.split(from).length - 1;
    if (found !== 1) throw new Error(`${name}: ${file} holds ${found} times: ${from}`);
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
  }
  return copy;
}

interface Line {
  holds: boolean;
  skipped?: string;
  wrong: string[];
}

/** Runs the mutant's proof on it; what the proof said. */
async function prove(copy: string, { proof, flags }: Mutant, at: string): Promise<Line> {
  const command = [process.execPath, join(import.meta.dir, `${proof}.ts`), ...flags];
  const run = Bun.spawn([...command, "--source", copy, "--at", copy.startsWith(at) ? copy : at], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [text] = await Promise.all([run.stdout.text(), run.exited]);
  const line: unknown = JSON.parse(text.trim().split("\n").at(-1) ?? "null");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own scripts' line
  return line as Line;
}

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, at: { type: "string", default: tmpdir() } },
});
const results: Record<string, string> = {};
let all_red = true;
for (const [name, mutant] of Object.entries(MUTANTS)) {
  if (values.only && !values.only.includes(name)) continue;
  const copy = breed(name, mutant, values.at);
  try {
    const { holds, skipped, wrong } = await prove(copy, mutant, values.at);
    results[name] =
      skipped !== undefined ? `skipped: ${skipped}` : holds ? "NOT SEEN" : `red: ${wrong[0] ?? ""}`;
    if (holds && skipped === undefined) all_red = false;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
process.stdout.write(`${JSON.stringify({ proof: "mutants", ...results, holds: all_red })}\n`);
process.exitCode = all_red ? 0 : 1;
