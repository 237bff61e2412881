// Proof that a full disk costs nothing but time (reliability.md S13, 3.6): the disk is filled and freed at random while
// imail sends, with kills in between. No mail is taken twice or lost, the ledger stays whole, reading goes on being
// answered, the process stays up, and it sends again by itself soon after there is room.
//   bun scripts/proofs/disk-full.ts [--episodes 20] [--resume_s 5] [--seed N] [--compiled]

import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Rig } from "../../test/e2e/rig.ts";
import { type Chance, chanceOf, oneOf } from "../../test/world/chance.ts";
import { FAULTY, openSink, type Sink } from "./sink.ts";
import { openSmallDisk, type SmallDisk } from "./small-disk.ts";
import { finish, openSubject, readCounts, type Report, type Subject } from "./subject.ts";
import { beginSending, type Beliefs, nameOf, readBeliefs, setUp } from "./world.ts";

const MB = 1024 * 1024;
/** What is left when it is full. Below 200 MB imail stops to claim; what is under way goes on. */
const ROOMS = [0, 0, 0, 4096, 65_536, MB, 150 * MB];
const LONGEST_FULL_MS = 2500;
const GIVE_UP_MS = 60_000;

const { counts, values } = readCounts({ episodes: 20, inboxes: 8, resume_s: 5 });

interface Course {
  rig: Rig;
  sink: Sink;
  disk: SmallDisk;
  chance: Chance;
  figures: {
    kills: number;
    starts_on_full: number;
    /** Starts that a full disk refused. */
    refused_starts: number;
    slowest_resume_ms: number;
  };
  wrong: string[];
}

/** One time that the disk is full, from before it to the first mail after it. */
async function episode(course: Course, nth: number): Promise<void> {
  const { rig, sink, disk, chance, figures, wrong } = course;
  if (chance() < 0.6) {
    // A log that begins anew has to grow: one that was moved into the database is written over, and needs no room.
    await rig.stop();
    await rig.start();
    await nextDot(sink, 1);
  }
  await nextDot(sink, Math.floor(chance() * 6));
  // Between a claim and its commit, between a dot and its answer, or at any time.
  const when = oneOf(chance, ["354", "250", null] as const);
  const room = when === null ? oneOf(chance, ROOMS) : 0;
  await fillAt(sink, when, () => disk.fill(room));
  const pid = rig.pid();
  const kill = chance() < 0.4;
  await Bun.sleep(chance() * LONGEST_FULL_MS);
  if (!isAlive(pid)) wrong.push(`episode ${nth}: it ended while the disk was full`);
  else await mustAnswer(course, nth);
  if (kill) {
    figures.kills++;
    await rig.kill();
    if (chance() < 0.5 && (await startsOnFull(course))) await Bun.sleep(chance() * 1000);
    else if (chance() < 0.2) disk.grow();
  }
  const since = performance.now();
  disk.free();
  if (rig.pid() === 0) await rig.start();
  const freed = kill ? performance.now() : since;
  await nextDot(sink, 1);
  const resume_ms = Math.round(performance.now() - freed);
  figures.slowest_resume_ms = Math.max(figures.slowest_resume_ms, resume_ms);
  if (resume_ms > counts.resume_s * 1000)
    wrong.push(`episode ${nth} (room ${room}, kill ${kill}): sent again after ${resume_ms} ms`);
}

async function fillAt(
  sink: Sink,
  when: "354" | "250" | null,
  fill: () => Promise<void>,
): Promise<void> {
  if (when === null) {
    await fill();
    return;
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  sink.before(when, () => fill().finally(resolve));
  await Promise.race([promise, Bun.sleep(GIVE_UP_MS)]);
}

async function startsOnFull({ rig, figures }: Course): Promise<boolean> {
  figures.starts_on_full++;
  try {
    await rig.start();
    return true;
  } catch {
    figures.refused_starts++;
    return false;
  }
}

/** Whoever only looks is answered, and hears why nothing is sent. */
async function mustAnswer({ rig, wrong }: Course, nth: number): Promise<void> {
  try {
    const [campaign] = await rig.all<{ id: string }>("/v1/campaigns");
    const told = await rig.call<object>("GET", `/v1/campaigns/${campaign?.id ?? ""}/explain`);
    if (!JSON.stringify(told).includes('"disk_full"'))
      wrong.push(`episode ${nth}: nothing says that the disk is full`);
  } catch (error) {
    wrong.push(`episode ${nth}: reading was refused: ${String(error)}`);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Waits for so many dots more, for a minute at the most. */
async function nextDot(sink: Sink, count: number): Promise<void> {
  const wanted = sink.dots() + count;
  const until = performance.now() + GIVE_UP_MS;
  while (sink.dots() < wanted && performance.now() < until) await Bun.sleep(10);
}

function judge(beliefs: Beliefs, sink: Sink): string[] {
  const names = sink.taken.map(nameOf);
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  const states = new Map(beliefs.messages.map(({ id, state }) => [id, state]));
  const taken = new Set(sink.taken.map(({ id }) => id));
  const forgotten = [...taken].filter(
    (id) => !["sent", "uncertain"].includes(states.get(id) ?? ""),
  );
  const false_sent = beliefs.messages.filter(({ id, state }) => state === "sent" && !taken.has(id));
  return [
    ...twice.map((name) => `taken twice: ${name}`),
    ...forgotten.map((id) => `taken, and ${states.get(id) ?? "not known"}: ${id}`),
    ...false_sent.map(({ id }) => `said to be sent, but never taken: ${id}`),
    ...(beliefs.integrity === "ok" ? [] : [`the ledger: ${beliefs.integrity}`]),
  ];
}

async function diskFull({ seed, command }: Subject, disk: SmallDisk): Promise<Report> {
  const chance = chanceOf(seed + 1);
  const start = performance.now();
  const sink = openSink(seed, { ...FAULTY, defers: 0, silent: 0, cuts: 0 });
  const plan = {
    inboxes: counts.inboxes,
    campaigns: 2,
    leads: 200 + counts.episodes * counts.inboxes * 8,
    steps: 2,
    delay: "PT2S",
    min_gap_seconds: 1,
  };
  const rig = await setUp(sink, plan, { program: { command }, place: disk.path });
  await beginSending(rig);
  const figures = { kills: 0, starts_on_full: 0, refused_starts: 0, slowest_resume_ms: 0 };
  const course: Course = { rig, sink, disk, chance, figures, wrong: [] };
  for (let nth = 0; nth < counts.episodes; nth++) await episode(course, nth);
  await nextDot(sink, 5);
  const exit_code = await rig.stop();
  sink.close();
  const beliefs = readBeliefs(rig.dir, true);
  const logged = rig
    .logged()
    .split("\n")
    .filter((line) => line.includes("could not be written and is kept"));
  const wrong = [...course.wrong, ...judge(beliefs, sink)];
  if (exit_code !== 0) wrong.push(`it ended with ${exit_code}`);
  if (wrong.length > 0) writeFileSync(join(rig.dir, "log"), rig.logged());
  return {
    proof: "disk-full",
    episodes: counts.episodes,
    mails: sink.taken.length,
    uncertain: beliefs.messages.filter(({ state }) => state === "uncertain").length,
    ...figures,
    // It would prove nothing if nothing had ever failed to be written.
    failed_commits: logged.filter((line) => line.includes('"refused"')).length,
    kept_outcomes: logged.length,
    seconds: Math.round((performance.now() - start) / 1000),
    wrong,
  };
}

const subject = openSubject("disk-full", values);
const mounted = openSmallDisk(join(subject.place, "disk"), chanceOf(subject.seed));
if (typeof mounted === "string") {
  finish(subject, { proof: "disk-full", skipped: mounted, wrong: [] });
} else {
  const report = await diskFull(subject, mounted);
  // The disk goes with this process, what it holds only when nothing is wrong.
  if (report.wrong.length > 0)
    cpSync(join(mounted.path, "data"), join(subject.place, "data"), { recursive: true });
  mounted.close();
  finish(subject, report);
}
