// Proof of invariant 1 and of "never lost" (reliability.md S1, S2): imail is killed with kill -9, again and again, while
// many inboxes send to a sink that drops, defers, cuts and falls silent. No mail is taken twice; each is at the sink or
// shown as uncertain; whatever the sink took and could be asked about is settled.
//   bun scripts/proofs/kill-loop.ts [--kills 50] [--mails 500] [--inboxes 20] [--seed N] [--compiled] [--at /dev/shm]
//   With --settle_s 4000 it waits for the mails that were deferred, too: an hour at the most.

import type { Rig } from "../../test/e2e/rig.ts";
import { type Chance, chanceOf, oneOf } from "../../test/world/chance.ts";
import { FAULTY, HONEST, type Moment, openSink, type Sink } from "./sink.ts";
import { finish, openSubject, readCounts, type Report, type Subject } from "./subject.ts";
import {
  beginSending,
  type Beliefs,
  nameOf,
  readBeliefs,
  setUp,
  wanted,
  type WorldPlan,
} from "./world.ts";

/** A life without a mail ends after this long: inboxes may wait after a cut connection. */
const LONGEST_LIFE_MS = 1500;
const START_UP_MS = 120;
const MOMENTS: readonly Moment[] = ["data", "dot", "taken", "answered"];

const { counts, values } = readCounts({ kills: 50, mails: 500, inboxes: 20, settle_s: 120 });
const subject = openSubject("kill-loop", values);

async function killLoop({ seed, command, place }: Subject): Promise<Report> {
  const start = performance.now();
  const plan: WorldPlan = {
    inboxes: counts.inboxes,
    campaigns: 4,
    leads: Math.ceil(counts.mails / 2),
    steps: 2,
    delay: "PT1S",
  };
  const sink = openSink(seed, HONEST);
  const program = { command };
  const rig = await setUp(sink, plan, { program, place });
  await beginSending(rig);
  sink.behave(FAULTY);
  const chance = chanceOf(seed + 1);
  const began = performance.now();
  let kills = 0;
  while (kills < counts.kills) {
    const left = counts.mails - sink.taken.length;
    await live(rig, sink, chance, left / (counts.kills - kills));
    await rig.kill();
    kills++;
    if (chance() < 0.1 && kills < counts.kills) {
      await dieInStartUp(rig.dir, chance);
      kills++;
    }
    await rig.start();
  }
  const killing_s = (performance.now() - began) / 1000;
  sink.behave(HONEST);
  // What a silent server holds open ends here, as at any stop.
  await rig.kill();
  await rig.start();
  await settled(rig, sink);
  const exit_code = await rig.stop();
  sink.close();
  const last = readBeliefs(rig.dir, true);
  return judge(
    { plan, sink, beliefs: last, exit_code },
    {
      kills,
      kills_per_s: Number((counts.kills / killing_s).toFixed(2)),
      seconds: Math.round((performance.now() - start) / 1000),
    },
  );
}

/** Lets imail live until about so many mails more were taken, and strikes at a moment of one of them. */
async function live(rig: Rig, sink: Sink, chance: Chance, mails: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LONGEST_LIFE_MS);
  const moment = oneOf(chance, MOMENTS);
  const pid = rig.pid();
  let left = Math.round(chance() * 2 * mails);
  // One life in three ends at no moment in particular.
  const delay = chance() < 0.3 ? chance() * 30 : null;
  sink.onMoment((seen) => {
    if (seen !== moment || left-- > 0) return;
    sink.onMoment(null);
    if (delay !== null) setTimeout(resolve, delay);
    else {
      process.kill(pid, "SIGKILL");
      resolve();
    }
  });
  await promise;
  sink.onMoment(null);
  clearTimeout(timer);
}

/** A start that is killed before it has said where it listens: recovery is not spared either. */
async function dieInStartUp(dir: string, chance: Chance): Promise<void> {
  const child = Bun.spawn([...subject.command, "serve", "--port", "0", "--dir", dir], {
    env: { PATH: process.env["PATH"] ?? "", HOME: dir, BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" },
    stdio: ["ignore", "ignore", "ignore"],
  });
  await Bun.sleep(chance() * START_UP_MS);
  child.kill("SIGKILL");
  await child.exited;
}

/** Waits until nothing is under way any more but doubts that nothing can settle, and what waits after a 451. */
async function settled(rig: Rig, sink: Sink): Promise<void> {
  const until = performance.now() + counts.settle_s * 1000;
  const taken = () => new Set(sink.taken.map(({ id }) => id));
  for (;;) {
    const { messages, under_way, deferred } = readBeliefs(rig.dir, false);
    const waits_too = counts.settle_s > 3600 ? deferred : 0;
    const ids = taken();
    const doubts = messages.filter(({ id, state }) => state === "uncertain" && ids.has(id));
    if (under_way + waits_too + doubts.length === 0 || performance.now() > until) return;
    await Bun.sleep(200);
  }
}

interface Ending {
  plan: WorldPlan;
  sink: Sink;
  beliefs: Beliefs;
  exit_code: number;
}

/** Holds what imail believes against what the sink took. */
function judge({ plan, sink, beliefs, exit_code }: Ending, times: object): Report {
  const times_taken = new Map<string, number>();
  for (const mail of sink.taken) {
    times_taken.set(nameOf(mail), (times_taken.get(nameOf(mail)) ?? 0) + 1);
  }
  const twice = [...times_taken].filter(([, n]) => n > 1).map(([name]) => name);
  const taken = new Set(sink.taken.map(({ id }) => id));
  const uncertain = beliefs.messages.filter(({ state }) => state === "uncertain");
  const unsettled = uncertain.filter(({ id }) => taken.has(id));
  const doubted = new Set(uncertain.map(({ recipient, step }) => `${recipient} s${step}`));
  // A step is missing at the sink only where it is in doubt itself, or waits behind one that is or that goes again.
  const lost = wanted(plan).filter((name) => {
    const [to = "", , step = ""] = name.split(" ");
    return !times_taken.has(name) && !doubted.has(`${to} ${step}`) && !beliefs.held.has(to);
  });
  const false_sent = beliefs.messages.filter(({ id, state }) => state === "sent" && !taken.has(id));
  const stuck = beliefs.messages.filter(({ state }) =>
    ["claimed", "committed", "failed", "cancelled"].includes(state),
  );
  const unasked = beliefs.messages.filter(
    ({ id, state }) => state === "deferred" && !sink.deferred.has(id),
  );
  const wrong = [
    ...unasked.map(({ id }) => `deferred, though nobody said 451: ${id}`),
    ...stuck.map(({ id, state }) => `${state} at the end: ${id}`),
    ...twice.map((name) => `taken twice: ${name}`),
    ...lost.map((name) => `neither at the sink nor uncertain: ${name}`),
    ...false_sent.map(({ id }) => `said to be sent, but never taken: ${id}`),
    ...unsettled.map(({ id }) => `uncertain, though the sink has it: ${id}`),
    ...(beliefs.integrity === "ok" ? [] : [`the ledger: ${beliefs.integrity}`]),
    ...(exit_code === 0 ? [] : [`it ended with ${exit_code}`]),
  ];
  return {
    proof: "kill-loop",
    mails: sink.taken.length,
    dots: sink.dots(),
    twice: twice.length,
    lost: lost.length,
    uncertain: uncertain.length,
    waiting_after_451: beliefs.held
      .values()
      .filter((by) => by === "deferred")
      .toArray().length,
    waiting_behind_a_doubt: beliefs.held
      .values()
      .filter((by) => by === "uncertain")
      .toArray().length,
    ...times,
    wrong,
  };
}

finish(subject, await killLoop(subject));
