// Many mails at once: what is claimed or settled together stands or falls alone.
import { afterEach, beforeEach, expect, test } from "bun:test";

import type { ClaimedMail } from "../../src/engine/send/claim.ts";
import { claimNext, sendRound } from "../../src/engine/send/round.ts";
import { type GoOn, openSettleGroup } from "../../src/engine/send/settle-group.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { enrollLead } from "../../src/resources/enrollments/actions.ts";
import { auditOf } from "../world/audit.ts";
import { type EngineRoom, openEngineRoom } from "../world/engine-room.ts";

const INBOXES = 5;
const silent = () => undefined;
const ACCEPTED = { outcome: "accepted", response: "250 2.0.0 taken" } as const;

let room: EngineRoom;
let inboxes: number[] = [];
let campaign = 0;
let commits = 0;
beforeEach(() => {
  room = openEngineRoom();
  inboxes = Array.from({ length: INBOXES }, (_, i) =>
    room.make.inbox({ email: `ana${i}@sender.test`, min_gap_seconds: 1 }),
  );
  campaign = room.make.campaign({ inbox_ids: inboxes, steps: [{}, { delay: "P3D" }] }).id;
  commits = 0;
});
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

const addLeads = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    room.make.lead({ email: `lea${i}@lead${i}.test`, campaign_id: campaign }),
  );

/** The same ledger, which counts its transactions. */
function counting(ledger: Ledger): Ledger {
  const together: Ledger["together"] = (work) => {
    commits++;
    return ledger.together(work);
  };
  return { ...ledger, together };
}

function claimAll(errors: string[] = []): ClaimedMail[] {
  const mails: ClaimedMail[] = [];
  const error = (_: object, text: string) => void errors.push(text);
  sendRound(counting(room.ledger), {
    turns: new Map(),
    log: { info: silent, warn: silent, error },
    mayStart: () => true,
    start: (mail) => void mails.push(mail),
  });
  return mails;
}

function openGroup(goOn: GoOn = () => silent) {
  const kept: number[] = [];
  const timers: (() => void)[] = [];
  const later = (_ms: number, work: () => void) => {
    timers.push(work);
    return silent;
  };
  const onKept = ({ message_id }: { message_id: number }) => void kept.push(message_id);
  const group = openSettleGroup({ ledger: counting(room.ledger), later, goOn, onKept });
  return { group, kept, timers };
}

test("the mails of all inboxes are claimed in one transaction, and start only after it", () => {
  addLeads(INBOXES + 2);
  const mails = claimAll();
  expect(mails.map(({ inbox }) => inbox.id)).toEqual(inboxes);
  expect(new Set(mails.map(({ recipient }) => recipient)).size).toBe(INBOXES);
  expect(commits).toBe(1);
});

test("a claim that fails by a fault of ours undoes no other, and its lead steps aside", () => {
  const leads = addLeads(INBOXES + 1);
  const bad = room.enrollment(leads[2] ?? 0);
  // A sequence that its own code cannot read: JSON that is none throws in the midst of the claim.
  room.ledger.db
    .run(`CREATE TRIGGER bad BEFORE UPDATE OF in_flight ON enrollments WHEN NEW.id = ${bad.id}
                      BEGIN UPDATE steps SET variants = 'none'; END`);
  room.ledger.db.run(`UPDATE leads SET custom = 'none' WHERE id = ${bad.lead_id}`);
  const errors: string[] = [];
  const mails = claimAll(errors);
  expect(errors).toEqual(["a mail could not be made"]);
  expect(mails).toHaveLength(INBOXES);
  expect(room.states()).toEqual(mails.map(() => "claimed"));
  expect(room.enrollment(leads[2] ?? 0)).toMatchObject({
    in_flight: null,
    blocked_by: "internal_error",
  });
  room.ledger.db.run(`UPDATE leads SET custom = '{}' WHERE id = ${bad.lead_id}`);
});

test("two hundred leads that lack a variable leave the index in one transaction", () => {
  const other = room.make.campaign({
    inbox_ids: inboxes,
    steps: [{ body: "Dear {{ company }}" }],
  });
  for (let i = 0; i < 150; i++)
    room.make.lead({ email: `max${i}@lead.test`, campaign_id: other.id });
  expect(claimAll()).toEqual([]);
  expect(commits).toBe(1);
  const blocked = room.ledger.db
    .query<{ n: number }, []>(
      "SELECT count(*) AS n FROM enrollments WHERE blocked_by LIKE 'missing_variable%'",
    )
    .get();
  expect(blocked?.n).toBe(150);
});

test("outcomes wait for those that are awaited, and settle in one transaction with the next claims", async () => {
  addLeads(INBOXES);
  const mails = claimAll();
  commits = 0;
  const freed: number[][] = [];
  const { group, kept, timers } = openGroup((_tx, ids) => {
    freed.push([...ids]);
    return silent;
  });
  for (const _ of mails) group.expect();
  await Promise.all(mails.map((mail) => group.settle(mail, ACCEPTED, true)));
  expect(commits).toBe(1);
  expect(timers).toHaveLength(1);
  expect(kept).toEqual([]);
  expect(freed).toEqual([inboxes]);
});

test("an outcome that cannot be written is kept; those beside it are written", async () => {
  addLeads(INBOXES);
  const mails = claimAll();
  const [first] = mails;
  room.ledger.db
    .run(`CREATE TRIGGER full BEFORE UPDATE ON messages WHEN NEW.state = 'sent' AND NEW.id = ${first?.id}
                      BEGIN SELECT raise(ABORT, 'disk full'); END`);
  room.ledger.db.run("UPDATE messages SET state = 'committed', committed_at = claimed_at");
  const { group, kept } = openGroup();
  for (const _ of mails) group.expect();
  await Promise.all(mails.map((mail) => group.settle(mail, ACCEPTED, true)));
  expect(kept).toEqual([first?.id ?? 0]);
  expect(room.states().filter((state) => state === "sent")).toHaveLength(INBOXES - 1);
  expect(group.isStuck()).toBe(true);
  expect(() => group.settleKept()).toThrow("disk full");
  room.ledger.db.run("DROP TRIGGER full");
  group.settleKept();
  expect(group.isStuck()).toBe(false);
  expect(room.states().every((state) => state === "sent")).toBe(true);
});

test("an outcome whose message is gone hinders nobody", async () => {
  addLeads(2);
  const [one, other] = claimAll();
  if (!one || !other) throw new Error("two mails were claimed");
  const { group, kept } = openGroup();
  group.expect();
  group.expect();
  const gone = { ...one, id: 1 };
  await Promise.all([
    group.settle(gone, ACCEPTED, true),
    group.settle(other, { outcome: "refused" }, true),
  ]);
  expect(kept).toEqual([]);
  expect(room.messages().find(({ id }) => id === other.id)?.state).toBe("queued");
});

test("claims that cannot be committed with the outcomes leave the outcomes written", async () => {
  addLeads(INBOXES);
  const mails = claimAll();
  room.ledger.db.run("UPDATE messages SET state = 'committed', committed_at = claimed_at");
  const { group, kept } = openGroup(() => {
    throw new Error("disk full");
  });
  for (const _ of mails) group.expect();
  await Promise.all(mails.map((mail) => group.settle(mail, ACCEPTED, true)));
  expect(kept).toEqual([]);
  expect(room.states().every((state) => state === "sent")).toBe(true);
});

test("only the inboxes that are named go on, each gate asked anew in the transaction", () => {
  addLeads(INBOXES);
  const [first = 0, second = 0] = inboxes;
  room.ledger.db.run(
    `UPDATE inboxes SET state = 'paused', state_reason = 'test' WHERE id = ${first}`,
  );
  const desk = {
    turns: new Map<string, number>(),
    log: { info: silent, warn: silent, error: silent },
    mayStart: () => true,
    start: silent,
  };
  const claims = room.ledger.together((tx) =>
    claimNext({ ledger: room.ledger, tx }, desk, new Set([first, second])),
  );
  expect(claims.mails.map(({ inbox }) => inbox.id)).toEqual([second]);
});

test("a mail that has been on its way for longer than the cool-down still keeps another campaign's back", () => {
  const lead = addLeads(1)[0] ?? 0;
  const [slow] = claimAll();
  expect(room.states()).toEqual(["claimed"]);
  // The process stands still between the claim and the dot.
  room.clock.moveTo(room.clock.now() + 3 * 86_400_000);
  const second = room.make.inbox({ email: "eva@sender.test", min_gap_seconds: 1 });
  const other = room.make.campaign({ inbox_ids: [second], steps: [{}] });
  room.ledger.write((tx) => enrollLead(room.ledger, tx, { campaign_id: other.id, lead_id: lead }));
  expect(claimAll().filter(({ id }) => id !== slow?.id)).toEqual([]);
  const waits = room.enrollment(lead, 1);
  expect(waits).toMatchObject({ in_flight: null, blocked_by: "lead_cooldown" });
  expect(waits.blocked_until).toBeLessThan(room.clock.now() + 15 * 60_000);
});
