// One simulated life: the real engine over a real ledger file, a town, its weather and its nemeses, checked after every
// step. One seed replays one run exactly.
import type { Ledger } from "../../src/ledger/ledger.ts";
import { type Chance, chanceOf } from "../world/chance.ts";
import { openMailWorld } from "../world/mail-world.ts";
import { openChecks } from "./checks.ts";
import { NEMESES, pickNemesis, type Stage, tidyUp } from "./nemeses.ts";
import { drawFate } from "./people.ts";
import { openProgram } from "./program.ts";
import { openMailOffice } from "./sim-mail.ts";
import { furnish, pickTown } from "./town.ts";
import { openVirtualTime } from "./virtual-time.ts";

export interface RunReport {
  seed: string;
  weeks: number;
  mails: number;
  boots: number;
  steps: number;
  /** How often each nemesis came and each fault was met. */
  met: Record<string, number>;
  violations: string[];
  /** Two runs of one seed have the same. */
  trace: string;
}

/** Says why an enrollment that could still be mailed is not; null: nobody knows. */
export type Explain = (ledger: Ledger, enrollment_id: number) => string | null;

interface RunOptions {
  weeks?: number;
  explain?: Explain;
  /** Told of every nemesis, session and dot: for looking into a seed. */
  tell?: (line: string) => void;
}

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
/** Stormy weeks of a run, unless another number is asked for. */
export const WEEKS_A_RUN = 6;
/** After the storms everybody must be served within so many quiet weeks. */
const QUIET_WEEKS_MOST = 30;
const STEPS_MOST = 400_000;
const TURNS_MOST = 500_000;

/** A stream of chance of its own for each part: what one part draws does not move the others. */
const streamOf = (seed: string, name: string): Chance =>
  chanceOf(Number(Bun.hash(`${seed}|${name}`) & 0xffffffffn));

/** Plays one life. */
export async function simulate(seed: string, options: RunOptions = {}): Promise<RunReport> {
  const weeks = options.weeks ?? WEEKS_A_RUN;
  const chance = streamOf(seed, "nemeses");
  const town = pickTown(chance);
  const time = openVirtualTime(town.start);
  const world = openMailWorld(time.clock, { files_sent: chance() < 0.7 });
  const engine_chance = streamOf(seed, "engine");
  const random = {
    next: engine_chance,
    bytes: (length: number) => Uint8Array.from({ length }, () => Math.floor(engine_chance() * 256)),
  };
  const promised = { inboxes: new Map(), campaigns: new Map(), zones: new Map() };
  const checks = openChecks(time, promised, town.zone);
  const met: Record<string, number> = {};
  const meet = (name: string) => void (met[name] = (met[name] ?? 0) + 1);
  let trace = 0n;
  const note = (line: string) => {
    trace = Bun.hash.wyhash(line, trace);
    options.tell?.(`${new Date(time.clock.now()).toISOString()} ${line}`);
  };
  const witness = {
    onOrder: (order: Parameters<typeof checks.onOrder>[1]) => {
      if (program.isClosing()) checks.violate("S18: claimed after SIGTERM");
      checks.onOrder(program.reading(), order);
    },
    onDot: (order: Parameters<typeof checks.onDot>[1], may_arrive: boolean) => {
      note(`${time.mono()} ${order.envelope.from} ${order.envelope.to} ${may_arrive}`);
      checks.onDot(program.reading(), order, may_arrive);
    },
    onSession: (name: string) => {
      meet(name);
      note(`${time.mono()} ${name}`);
    },
  };
  const office = openMailOffice({ time, world, chance: streamOf(seed, "mail"), witness });
  const program = openProgram({
    time,
    random,
    zone: town.zone,
    office,
    checks,
    chance: streamOf(seed, "disk"),
  });
  Object.assign(
    promised,
    program.prepare((ledger) => furnish(ledger, town, chance)),
  );
  const stage: Stage = { time, chance, program, world, office, promised, checks, town };
  office.weather.smtp = chance() < 0.3 ? 0 : 0.05;
  const report = (steps: number): RunReport => ({
    seed,
    weeks,
    mails: checks.mails.length,
    boots: program.boots(),
    steps,
    met,
    violations: checks.violations,
    trace: trace.toString(16),
  });

  let steps = 0;
  let fated = 0;
  const play = async (until: number, storm: boolean) => {
    for (;;) {
      const entry = time.take(until);
      if (!entry || checks.violations.length > 0) return;
      entry.work();
      await settled(program);
      for (; fated < world.taken.length; fated++) if (storm) drawFate(stage, world.taken[fated]!);
      checks.step(program.reading());
      if (++steps > STEPS_MOST) checks.violate("a hot loop: too many steps");
    }
  };

  try {
    program.boot();
    const until = weeks * WEEK_MS;
    const often = (0.5 + 3 * chance()) * 8 * HOUR_MS;
    const plan = (at: number) => {
      if (at > until) return;
      time.after(at - time.mono(), () => {
        const name = pickNemesis(chance);
        meet(name);
        note(`${time.mono()} ${name}`);
        NEMESES[name]?.play(stage);
        plan(time.mono() - often * Math.log(1 - chance()));
      });
    };
    plan(-often * Math.log(1 - chance()));
    await play(until, true);
    for (let quiet = 0; quiet < QUIET_WEEKS_MOST && checks.violations.length === 0; quiet++) {
      tidyUp(stage);
      await play(time.mono() + WEEK_MS, false);
      if (program.isUp() && openEnrollments(program.reading()).length === 0) break;
    }
    if (checks.violations.length === 0) {
      checkEveryone(stage, options.explain ?? (() => null));
      checks.audit(program.reading());
      checks.checkPromises();
    }
    return report(steps);
  } finally {
    program.close();
  }
}

/** All that the engine does at this instant is done, and it waits for the world again. */
async function settled(program: { isBusy(): boolean }): Promise<void> {
  for (let turn = 0; turn < TURNS_MOST; turn++) {
    await new Promise(setImmediate);
    if (!program.isBusy()) return;
  }
  throw new Error("the engine never comes back from what it read");
}

interface Open {
  id: number;
  state: string;
  blocked_by: string | null;
  campaign: string;
  email: string;
}

/** Who waits to be mailed: paused by a person or held for one who is away are reasons of their own. */
function openEnrollments({ db }: Ledger): Open[] {
  return db
    .query<Open, []>(
      `SELECT e.id, e.state, e.blocked_by, c.state AS campaign, l.email
       FROM enrollments e JOIN campaigns c ON c.id = e.campaign_id JOIN leads l ON l.id = e.lead_id
       WHERE e.ended_by IS NULL AND e.state <> 'paused' ORDER BY e.id`,
    )
    .all();
}

/** Invariant 4: whoever may be mailed was mailed; whoever was not has a reason. And nothing is left half-way (S2). */
function checkEveryone({ program, checks }: Stage, explain: Explain): void {
  const ledger = program.reading();
  for (const { id, state, blocked_by, campaign, email } of openEnrollments(ledger)) {
    if (campaign === "archived" || explain(ledger, id) !== null) continue;
    checks.violate(`4: ${email} is ${state}, blocked by ${blocked_by}, and nobody says why`);
  }
  const open = ledger.db
    .query<{ id: number; state: string }, []>(
      "SELECT id, state FROM messages WHERE state IN ('claimed', 'committed')",
    )
    .all();
  for (const { id, state } of open) checks.violate(`S2: message ${id} is ${state} for ever`);
}
