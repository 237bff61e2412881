// The proofs of reliability with small counts: any count by their own flags (scripts/proofs/). Each must hold, and each
// must go red on a mutant that breaks what it proves.
import { expect, test } from "bun:test";
import { join } from "node:path";

const SEED = process.env["IMAIL_SEED"] ?? String(Date.now() % 1_000_000);
const LIMIT_MS = 600_000;

interface Line {
  holds: boolean;
  skipped?: string;
  wrong?: string[];
  [figure: string]: unknown;
}

/** Runs a proof and gives its line. What cannot run here says how it could. */
async function prove(name: string, flags: string[]): Promise<Line> {
  const script = join(import.meta.dir, `../../scripts/proofs/${name}.ts`);
  const run = Bun.spawn([process.execPath, script, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [text] = await Promise.all([run.stdout.text(), run.exited]);
  process.stderr.write(`${text.trim()}\n`);
  return JSON.parse(text.trim().split("\n").at(-1) ?? "null") as Line;
}

test(
  `killed 20 times by kill -9 while 20 inboxes send: no mail twice, none lost (seed ${SEED})`,
  async () => {
    // Compiled it starts three times as fast.
    const flags = ["--kills", "20", "--mails", "200", "--seed", SEED, "--compiled"];
    const line = await prove("kill-loop", flags);
    expect(line.wrong).toEqual([]);
    expect(line).toMatchObject({ holds: true, kills: 20, twice: 0, lost: 0 });
    expect(line["mails"]).toBeGreaterThan(100);
  },
  LIMIT_MS,
);

test(
  `no image that a power loss leaves sends a mail again (seed ${SEED})`,
  async () => {
    const flags = ["--images", "150", "--recordings", "1", "--mails", "60", "--seed", SEED];
    const line = await prove("power-loss", flags);
    expect(line.wrong).toEqual([]);
    if (line.skipped !== undefined) return;
    expect(line).toMatchObject({ images: 150, sent_again: 0, corrupt: 0 });
    expect(line["dots"]).toBeGreaterThan(20);
  },
  LIMIT_MS,
);

test(
  `a full disk costs nothing but time (seed ${SEED})`,
  async () => {
    // Suites side by side make a slow machine: the goal of 5 s is for the script alone.
    const line = await prove("disk-full", ["--episodes", "5", "--resume_s", "15", "--seed", SEED]);
    expect(line.wrong).toEqual([]);
    expect(line.holds).toBe(true);
  },
  LIMIT_MS,
);

const MUTANTS = [
  "mark_after_send",
  "rescue_by_age",
  "synchronous_normal",
  "full_disk_is_send_failed",
];

test.each(MUTANTS)(
  "%s is seen",
  async (name) => {
    const line = await prove("mutants", ["--only", name]);
    expect(line[name]).toMatch(/^(red|skipped): /);
    expect(line.holds).toBe(true);
  },
  LIMIT_MS,
);
