// A database that is older than what was sent, with the sent journal beside it: nothing goes out twice, and who asked for
// no more mail gets none.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";

import { catchUp, doubtClaimed, isOlderThanJournal } from "../../src/engine/send/catch-up.ts";
import { eraseLead } from "../../src/resources/leads/actions.ts";
import { findSuppression, suppress } from "../../src/resources/suppressions/actions.ts";
import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, HOUR_MS, openEngineRoom } from "../world/engine-room.ts";
import { temporaryDirectory } from "../world/program.ts";

const ANA = "ana@sender.test";
const STEPS = [{}, { delay: "P1D" }, { delay: "P1D" }];
let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
let room: EngineRoom;
let campaign = 0;
const leads = new Map<string, number>();

const enroll = (email: string) =>
  leads.set(email, room.make.lead({ email, campaign_id: campaign }));

beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, "ledger.db");
  room = openEngineRoom({ path });
  const inbox = room.make.inbox({ email: ANA, min_gap_seconds: 60, hourly_limit: 100 });
  campaign = room.make.campaign({ inbox_ids: [inbox], steps: STEPS }).id;
  for (const name of ["lea", "max", "zoe"]) enroll(`${name}@${name}.test`);
});
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
  directory.remove();
});

const saved = () => join(directory.path, "saved.db");
const save = () => room.ledger.db.run(`VACUUM INTO '${saved()}'`);
/** The program is stopped, the saved database takes the place of the present one, and it starts again. */
function putBack({ with_journal }: { with_journal: boolean }) {
  for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
  if (!with_journal) rmSync(path.replace(".db", ".sent"));
  renameSync(saved(), path);
}
function restore() {
  let found = {};
  room.restart({
    meanwhile: () => putBack({ with_journal: true }),
    opened() {
      const is_older = isOlderThanJournal(room.ledger);
      found = { is_older, ...catchUp(room.ledger) };
    },
  });
  return found;
}
const doubled = () => {
  const ids = room.world.taken.map(
    ({ to, bytes }) => `${to} ${/Step \d/.exec(Buffer.from(bytes).toString())?.[0]}`,
  );
  return ids.filter((one, at) => ids.indexOf(one) !== at);
};

test("mails that went out after it was saved are doubts, and none goes out again", async () => {
  save();
  await room.play(DAY_MS + HOUR_MS);
  expect(room.world.taken).toHaveLength(6);
  expect(restore()).toEqual({ is_older: true, uncertain: 6, blocked: 0, suppressed: 0, erased: 0 });
  expect(new Set(room.states())).toEqual(new Set(["uncertain"]));
  const lea = room.enrollment(leads.get("lea@lea.test") ?? 0);
  expect(lea).toMatchObject({ sent_count: 2, in_flight: null });
  await room.play(3 * DAY_MS);
  expect(room.world.taken).toHaveLength(9);
  expect(doubled()).toEqual([]);
  expect(room.states().filter((state) => state === "sent")).toHaveLength(9);
});

test("a follow-up to such a mail is in its thread, with the words that it had", async () => {
  save();
  await room.play(HOUR_MS);
  restore();
  const [first] = room.world.taken;
  await room.play(DAY_MS);
  const second = room.world.taken.find(
    ({ to }) => to === first?.to && to !== undefined && room.world.takenBy(to).length > 1,
  );
  const [, follow_up] = room.world.takenBy(second?.to ?? "");
  expect(Buffer.from(follow_up?.bytes ?? []).toString()).toContain(
    `In-Reply-To: <${first?.message_id}>`,
  );
  expect(Buffer.from(follow_up?.bytes ?? []).toString()).toContain("Subject: Re: Hello Lea");
});

test("once it is caught up with, the next start finds no news", async () => {
  save();
  await room.play(2 * HOUR_MS);
  restore();
  const before = room.messages();
  room.restart();
  expect(isOlderThanJournal(room.ledger)).toBe(false);
  expect(catchUp(room.ledger)).toEqual({ uncertain: 0, blocked: 0, suppressed: 0, erased: 0 });
  room.ledger.db.run("DELETE FROM meta WHERE key = 'journal'");
  expect(isOlderThanJournal(room.ledger)).toBe(false);
  expect(room.messages()).toEqual(before);
});

test("a database that is not older finds no news, whatever became of its mails", async () => {
  await room.play(3 * DAY_MS);
  room.restart();
  expect(isOlderThanJournal(room.ledger)).toBe(false);
  expect(catchUp(room.ledger).uncertain).toBe(0);
});

test("whoever was imported after it was saved is not sent the same step again when imported anew", async () => {
  save();
  enroll("new@new.test");
  await room.play(HOUR_MS);
  const [first] = room.world.takenBy("new@new.test");
  expect(restore()).toMatchObject({ is_older: true, blocked: 1 });
  enroll("new@new.test");
  await room.play(HOUR_MS);
  expect(room.world.takenBy("new@new.test")).toHaveLength(1);
  const again = room.enrollment(leads.get("new@new.test") ?? 0);
  expect(again).toMatchObject({ sent_count: 1 });
  await room.play(4 * DAY_MS);
  const mails = room.world.takenBy("new@new.test");
  expect(mails).toHaveLength(3);
  // The follow-up stands in the thread of the mail that only the journal knew.
  expect(Buffer.from(mails[1]?.bytes ?? []).toString()).toContain(
    `In-Reply-To: <${first?.message_id}>`,
  );
  expect(doubled()).toEqual([]);
});

test("opt-outs and erasures are applied again, to leads and to addresses that are not here", async () => {
  save();
  enroll("new@new.test");
  await room.play(HOUR_MS);
  const out = { kind: "address", source: "api", evidence: null } as const;
  room.ledger.write((tx) => {
    for (const value of ["lea@lea.test", "new@new.test"]) {
      suppress(room.ledger, tx, { ...out, value, reason: "unsubscribed" });
    }
    // Who had opted out is erased all the same.
    suppress(room.ledger, tx, { ...out, value: "max@max.test", reason: "unsubscribed" });
  });
  eraseLead(room.ledger, leads.get("max@max.test") ?? 0);
  expect(restore()).toMatchObject({ is_older: true, suppressed: 2, erased: 1 });
  const why = (email: string) => findSuppression(room.ledger, room.ledger, email)?.reason;
  expect(why("lea@lea.test")).toBe("unsubscribed");
  expect(why("new@new.test")).toBe("unsubscribed");
  expect(why("max@max.test")).toBe("erased");
  expect(room.lead(leads.get("lea@lea.test") ?? 0)?.state).toBe("unsubscribed");
  expect(room.ledger.db.query("SELECT 1 FROM leads WHERE email = 'max@max.test'").all()).toEqual(
    [],
  );
  const before = room.world.taken.length;
  await room.play(4 * DAY_MS);
  const to = new Set(room.world.taken.slice(before).map((mail) => mail.to));
  expect([...to]).toEqual(["zoe@zoe.test"]);
});

test("the places of those mails in the day's limits are taken", async () => {
  save();
  await room.play(HOUR_MS);
  restore();
  const { n } = room.ledger.db
    .query<{ n: number }, []>("SELECT used AS n FROM quotas WHERE subject = 'inbox'")
    .get() ?? { n: 0 };
  expect(n).toBe(3);
});

test("without its journal, what was claimed when the copy was made is a doubt and not sent", async () => {
  room.world.always(() => ({ midway: () => void save() }));
  await room.run();
  room.world.always(() => ({}));
  expect(room.world.taken).toHaveLength(1);
  const found: unknown[] = [];
  const { queued } = room.restart({
    meanwhile: () => putBack({ with_journal: false }),
    opened: () => found.push(isOlderThanJournal(room.ledger), doubtClaimed(room.ledger)),
  });
  expect(found).toEqual([false, 1]);
  expect(queued).toBe(0);
  await room.play(5 * HOUR_MS);
  expect(doubled()).toEqual([]);
});
