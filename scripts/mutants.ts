// Shows that the proofs can fail: each mutant is one defect in a copy of the source, and its proof must go red there.
// `bun scripts/mutants.ts`, or some of them by name: `bun scripts/mutants.ts "window end inclusive"`. One JSON line.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ROOT } from "./install.ts";

interface Mutant {
  name: string;
  file: string;
  /** Stands in the file exactly once. */
  text: string;
  defect: string;
  proof: string[];
}

const RACES = ["scripts/races.ts", "--count", "114"];
const SIMULATION = ["scripts/simulate.ts", "--weeks", "400", "--first"];
const SCHEDULE = ["scripts/schedule.ts", "--decisions", "100000"];
const MESSAGES = "src/resources/messages/store.ts";
const always = (condition: string) => condition.replace("AND (", "AND (1 OR ");

const guard = (name: string, text: string, defect: string): Mutant => ({
  name,
  file: MESSAGES,
  text,
  defect,
  proof: RACES,
});
const window = "AND (window_until IS NULL OR ?1 < window_until)";
const people = "AND (kind <> 'step' OR EXISTS (";
const listed = "AND (overrules = 1 OR (NOT EXISTS (SELECT 1 FROM suppressions WHERE key = ?5)";

const MUTANTS: readonly Mutant[] = [
  guard("guard without people", people, always(people)),
  guard("guard without suppressions", listed, always(listed)),
  guard("guard without window", window, always(window)),
  {
    name: "rescue of what was committed",
    file: "src/engine/send/recover.ts",
    text: `markUncertain(tx, message.id, "imail was stopped while the server's answer was awaited");`,
    defect: `tx.db.run("UPDATE messages SET state = 'claimed' WHERE id = ?", [message.id]); putBack(ledger, tx, message, "rescued");`,
    proof: SIMULATION,
  },
  {
    name: "no answer is no mail",
    file: "src/engine/send/settle.ts",
    text: "markUncertain(tx, message.id, outcome.response);",
    defect: `tx.db.run("UPDATE messages SET state = 'claimed' WHERE id = ?", [message.id]); putBack(ledger, tx, message, outcome.response);`,
    proof: SIMULATION,
  },
  {
    name: "mark after send",
    file: "src/engine/send/commit-group.ts",
    text: "if (!commitMessage(tx, guard)) return null;",
    defect: "if (guard.id < 0) return null;",
    proof: SIMULATION,
  },
  {
    name: "quota not reserved",
    file: "src/engine/send/claim.ts",
    text: "  reserveQuota(ledger, tx, day, message);\n",
    defect: "",
    proof: SIMULATION,
  },
  {
    name: "no gap between mails",
    file: "src/engine/send/claim.ts",
    text: "nextSlot(tx.now, inbox.min_gap_seconds, ledger.random.next())",
    defect: "tx.now",
    proof: SIMULATION,
  },
  {
    name: "follow-ups go blind",
    file: "src/engine/send/gates.ts",
    text: "export const SYNC_FRESHNESS_MS = 5 * 60_000;",
    defect: "export const SYNC_FRESHNESS_MS = 5 * 86_400_000;",
    proof: SIMULATION,
  },
  {
    name: "window end inclusive",
    file: "src/core/window.ts",
    text: "opening.opens <= instant && instant < opening.closes",
    defect: "opening.opens <= instant && instant <= opening.closes",
    proof: SCHEDULE,
  },
  {
    name: "DST ignored",
    file: "src/core/zones.ts",
    text: "return date.toZonedDateTime({ timeZone: zone, plainTime: time }).epochMilliseconds;",
    defect: `return dateStart(date, zone) + 60_000 * (Number(time.slice(0, 2)) * 60 + Number(time.slice(3)));`,
    proof: SCHEDULE,
  },
  {
    name: "a day has 24 hours",
    file: "src/core/zones.ts",
    text: "return dateStart(localDate(instant, zone).add({ days: 1 }), zone);",
    defect: "return dateStart(localDate(instant, zone), zone) + 86_400_000;",
    proof: SCHEDULE,
  },
];

/** Runs the proof on a copy with the defect. Throws when the text is not there exactly once: the mutant is stale. */
function isCaught({ name, file, text, defect, proof }: Mutant): boolean {
  const copy = mkdtempSync(join(tmpdir(), "imail-mutant-"));
  try {
    for (const part of ["src", "test", "scripts", "migrations", "package.json", "tsconfig.json"])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
    const path = join(copy, file);
    const source = readFileSync(path, "utf8");
    const found = source.split(text).length - 1;
    if (found !== 1) throw new Error(`mutant "${name}": its text stands in ${file} ${found} times`);
    writeFileSync(
      path,
      source.replace(text, () => defect),
    );
    const run = Bun.spawnSync([process.execPath, ...proof], { cwd: copy, stdin: "ignore" });
    const out = run.stdout.toString();
    // Red means: it ran to its end and said so. A crash of the proof proves nothing.
    if (run.exitCode !== 0 && !/"(violations|failing)":\[[^\]]/.test(out))
      throw new Error(`mutant "${name}": the proof broke: ${run.stderr.toString().slice(-2000)}`);
    return run.exitCode !== 0;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2);
const chosen = MUTANTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (chosen.length < wanted.length)
  throw new Error(`known are: ${MUTANTS.map(({ name }) => name).join(", ")}`);
const survived = chosen.filter((mutant) => !isCaught(mutant)).map(({ name }) => name);
process.stdout.write(`${JSON.stringify({ mutants: chosen.length, survived })}\n`);
process.exitCode = survived.length === 0 ? 0 : 1;
