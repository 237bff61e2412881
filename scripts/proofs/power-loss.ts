// Proof that no power loss lets a mail go twice (reliability.md S3): a sending imail is recorded, the power fails at many
// instants of the recording, and what the disk may hold then is opened and recovered by imail's own code. A mail whose dot
// was written must not be in a state from which it would be sent again, and no image may be corrupt.
//   bun scripts/proofs/power-loss.ts [--images 500] [--recordings 2] [--mails 120] [--seed N] [--compiled] [--at /dev/shm]

import { Database } from "bun:sqlite";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { formatId } from "../../src/core/ids.ts";
import type * as RecoverModule from "../../src/engine/send/recover.ts";
import type * as LedgerModule from "../../src/ledger/ledger.ts";
import { systemRandom } from "../../src/ledger/random.ts";
import { chanceOf } from "../../test/world/chance.ts";
import { type Crash, crashes, FATES, type Image, replayed } from "./power-loss-images.ts";
import { readRecording, recorded, type Recording, whyNoRecorder } from "./recording.ts";
import { FAULTY, openSink } from "./sink.ts";
import { finish, openSubject, readCounts, type Report, type Subject } from "./subject.ts";
import { beginSending, setUp } from "./world.ts";

/** So long without a mail, and the rest is not waited for. */
const QUIET_MS = 5000;
/** Long enough for a log to be emptied in a quiet moment. */
const CALM_MS = 2500;

const { counts, values } = readCounts({ images: 500, recordings: 2, mails: 120, inboxes: 12 });
const subject = openSubject("power-loss", values);

interface Taped {
  recording: Recording;
  base: Map<string, Buffer>;
}

/** Sends mails under the recorder, with calm between the first steps and the follow-ups, and cuts the power. */
async function tape({ seed, command, place }: Subject, nth: number): Promise<Taped> {
  const here = join(place, `recording-${nth}`);
  mkdirSync(here);
  const sink = openSink(seed + nth, { ...FAULTY, defers: 0, silent: 0, cuts: 0 });
  const plan = {
    inboxes: counts.inboxes,
    campaigns: 2,
    leads: Math.ceil(counts.mails / 2),
    steps: 2,
    delay: "PT3S",
  };
  const rig = await setUp(sink, plan, { program: { command }, place: here });
  await beginSending(rig);
  await rig.stop();
  const base = readFiles(rig.dir);
  const trace = join(here, "trace");
  await rig.start({ command: recorded(command, trace) });
  const already = sink.taken.length;
  await untilSent(() => sink.dots(), already + counts.mails);
  await Bun.sleep(CALM_MS);
  await rig.kill();
  sink.close();
  const recording = readRecording(trace, rig.dir, sink.smtp_port);
  mustBeWhole(replayed(recording, base), readFiles(rig.dir));
  return { recording, base };
}

/** A recorder that misses a write would prove nothing. */
function mustBeWhole(replay: Image, files: ReadonlyMap<string, Buffer>): void {
  for (const [file, bytes] of files) {
    // A file that was only opened is empty.
    const recorded_bytes = replay.get(file) ?? Buffer.alloc(0);
    if (!recorded_bytes.equals(bytes)) throw new Error(`${file} is not what was recorded of it`);
  }
}

async function untilSent(dots: () => number, wanted: number): Promise<void> {
  let seen = dots();
  let since = performance.now();
  while (dots() < wanted && performance.now() - since < QUIET_MS) {
    await Bun.sleep(50);
    if (dots() !== seen) since = performance.now();
    seen = dots();
  }
}

function readFiles(dir: string): Map<string, Buffer> {
  return new Map(
    readdirSync(dir)
      .filter((file) => /\.(db|db-wal|sent)$/.test(file) && file !== "lock.db")
      .map((file) => [file, readFileSync(join(dir, file))]),
  );
}

interface Verdict {
  sent_again: string[];
  corrupt: string | null;
  journal_lacks: string[];
}

interface Code {
  ledger: typeof LedgerModule;
  recover: typeof RecoverModule;
}

/** Opens what the disk holds as imail would, and lets it recover. */
function revive(code: Code, path: string, dotted: ReadonlySet<string>): Verdict {
  const ledger = code.ledger.openLedger({
    path,
    workspace_id: 1,
    mode: "live",
    random: systemRandom,
    installation_secret: new Uint8Array(32),
    data_key: null,
    workspace: () => ({ id: 1, name: "w", zone: "UTC", tier: "spark", postal_address: null }),
    onNudge: () => undefined,
    onError: () => undefined,
  });
  try {
    const check = ledger.db.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all();
    const words = check.map(({ integrity_check }) => integrity_check).join("; ");
    code.recover.recover(ledger);
    const states = new Map(
      ledger.db
        .query<{ id: number; state: string }, []>("SELECT id, state FROM messages")
        .all()
        .map(({ id, state }) => [formatId("msg", id), state]),
    );
    const known = new Set(
      ledger.journal.tail(1e9).map(({ message_id }) => formatId("msg", message_id)),
    );
    return {
      sent_again: [...dotted].filter(
        (id) => !["sent", "uncertain", "failed"].includes(states.get(id) ?? "never heard of"),
      ),
      corrupt: words === "ok" ? null : words,
      journal_lacks: [...dotted].filter((id) => states.has(id) && !known.has(id)),
    };
  } finally {
    ledger.close();
  }
}

function judge(code: Code, dir: string, { image }: Crash, dotted: ReadonlySet<string>): Verdict {
  lay(dir, image);
  const ledger = [...image.keys()].find((file) => file.endsWith(".live.db"));
  try {
    // The accounts' database is only opened: nothing in it is written per mail.
    const control = new Database(join(dir, "control.db"), { readwrite: true, create: false });
    control.query("PRAGMA integrity_check").all();
    control.close();
    return revive(code, join(dir, ledger ?? ""), dotted);
  } catch (error) {
    return { sent_again: [], corrupt: String(error), journal_lacks: [] };
  }
}

function lay(dir: string, image: Image): void {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  for (const [file, bytes] of image) writeFileSync(join(dir, file), bytes);
}

async function powerLoss({ seed, source, place }: Subject): Promise<Report> {
  const start = performance.now();
  // oxlint-disable typescript/no-unsafe-type-assertion -- the same modules, of the source that is proved
  const code: Code = {
    ledger: (await import(join(source, "src/ledger/ledger.ts"))) as typeof LedgerModule,
    recover: (await import(join(source, "src/engine/send/recover.ts"))) as typeof RecoverModule,
  };
  // oxlint-enable typescript/no-unsafe-type-assertion
  const wrong: string[] = [];
  const figures = {
    images: 0,
    dots: 0,
    sent_again: 0,
    corrupt: 0,
    journal_lacks: 0,
    mails_again: 0,
  };
  const by_fate = Object.fromEntries(FATES.map((fate) => [fate, 0]));
  for (let nth = 0; nth < counts.recordings; nth++) {
    const { recording, base } = await tape(subject, nth);
    figures.dots += recording.dots.length;
    const chance = chanceOf(seed + nth);
    const count = Math.ceil((counts.images - figures.images) / (counts.recordings - nth));
    for (const crash of crashes(recording, base, { count, chance })) {
      const dotted = new Set(
        recording.dots.filter(({ at }) => at <= crash.at).map(({ message_id }) => message_id),
      );
      const name = `image-${nth}-${crash.at}-${crash.fate}`;
      const dir = join(place, name);
      const verdict = judge(code, dir, crash, dotted);
      figures.images++;
      by_fate[crash.fate] = (by_fate[crash.fate] ?? 0) + 1;
      if (verdict.sent_again.length > 0) figures.sent_again++;
      figures.mails_again += verdict.sent_again.length;
      if (verdict.corrupt !== null) figures.corrupt++;
      if (verdict.journal_lacks.length > 0) figures.journal_lacks++;
      const words = [
        ...(verdict.sent_again.length > 0
          ? [`${verdict.sent_again.length} would be sent again`]
          : []),
        ...(verdict.corrupt === null ? [] : [verdict.corrupt]),
        ...(verdict.journal_lacks.length > 0 ? ["the journal lacks a commit"] : []),
      ];
      if (words.length > 0) wrong.push(`${name}: ${words.join(", ")}`);
      if (words.length > 0 && wrong.length <= 3) lay(dir, crash.image);
      else rmSync(dir, { recursive: true, force: true });
    }
  }
  const seconds = Math.round((performance.now() - start) / 1000);
  return { proof: "power-loss", ...figures, ...by_fate, seconds, wrong };
}

const missing = whyNoRecorder();
if (missing === null) finish(subject, await powerLoss(subject));
else finish(subject, { proof: "power-loss", skipped: missing, wrong: [] });
