// `stop_for_company`: one answer from a company ends the campaign for all of its people there, and for nobody else.

import { afterEach, expect, test } from "bun:test";

import { enrollLead } from "../../src/resources/enrollments/actions.ts";
import { eraseLead } from "../../src/resources/leads/actions.ts";
import { DAY_MS, type EngineRoom, HOUR_MS, openEngineRoom } from "../world/engine-room.ts";
import { answerTo } from "../world/inbound-mails.ts";

let room: EngineRoom;
afterEach(() => room.close());

function play(
  emails: string[],
  settings: { stop_for_company?: boolean; stop_on_reply?: boolean } = {},
) {
  room = openEngineRoom();
  const inbox_ids = [
    room.make.inbox({ email: "ana@sender.test", min_gap_seconds: 60, hourly_limit: 100 }),
  ];
  const made = { inbox_ids, steps: [{}, { delay: "P2D" }], stop_for_company: true, ...settings };
  const campaign = room.make.campaign(made);
  const other = room.make.campaign({ ...made, lead_cooldown: "PT0S" });
  const ids = emails.map((email) => room.make.lead({ email, campaign_id: campaign.id }));
  return { ids, campaign, other };
}

const answer = async (text = "Interested, tell me more.") => {
  const [mail] = room.world.taken;
  if (!mail) throw new Error("nothing was sent");
  room.world.deliver("ana@sender.test", answerTo(mail, text));
  await room.play(HOUR_MS);
};
const endOf = (id: number) => room.enrollment(id).ended_by;

test("a reply ends it for colleagues, at subdomains too, and for nobody else", async () => {
  const { ids } = play(["ann@acme.test", "bob@acme.test", "cat@mail.acme.test", "dan@other.test"]);
  await room.play(30 * 60_000);
  await answer();
  expect(ids.map(endOf)).toEqual(["replied", "company_replied", "company_replied", null]);
  await room.play(14 * DAY_MS);
  expect(room.world.taken.filter(({ to }) => to.endsWith("acme.test")).length).toBeLessThanOrEqual(
    3,
  );
  expect(room.world.takenBy("dan@other.test")).toHaveLength(2);
});

test("a colleague who was not mailed yet never is", async () => {
  room = openEngineRoom();
  const inbox_ids = [room.make.inbox({ email: "ana@sender.test", min_gap_seconds: 3600 })];
  const campaign = room.make.campaign({ inbox_ids, stop_for_company: true });
  for (const name of ["ann", "bob"])
    room.make.lead({ email: `${name}@acme.test`, campaign_id: campaign.id });
  await room.run();
  await answer();
  await room.play(7 * DAY_MS);
  expect(room.world.taken.map(({ to }) => to)).toEqual(["ann@acme.test"]);
});

test("people at a public mail domain are strangers", async () => {
  const { ids } = play(["ann@gmail.com", "bob@gmail.com", "cat@gmx.de"]);
  await room.play(30 * 60_000);
  await answer();
  expect(ids.map(endOf)).toEqual(["replied", null, null]);
});

test("other campaigns of the colleagues go on", async () => {
  const { ids, other } = play(["ann@acme.test", "bob@acme.test"]);
  const { ledger } = room;
  ledger.write((tx) => enrollLead(ledger, tx, { campaign_id: other.id, lead_id: ids[1] ?? 0 }));
  await room.play(30 * 60_000);
  await answer();
  expect(room.enrollment(ids[1] ?? 0, 0).ended_by).toBe("company_replied");
  expect(room.enrollment(ids[1] ?? 0, 1).ended_by).toBeNull();
});

test("without the setting colleagues go on", async () => {
  const { ids } = play(["ann@acme.test", "bob@acme.test"], { stop_for_company: false });
  await room.play(30 * 60_000);
  await answer();
  expect(ids.map(endOf)).toEqual(["replied", null]);
});

test("it holds for the colleagues also where the one who answered goes on", async () => {
  const { ids } = play(["ann@acme.test", "bob@acme.test"], { stop_on_reply: false });
  await room.play(30 * 60_000);
  await answer();
  expect(ids.map(endOf)).toEqual([null, "company_replied"]);
});

test("an opt-out in words is an answer", async () => {
  const { ids } = play(["ann@acme.test", "bob@acme.test"]);
  await room.play(30 * 60_000);
  await answer("Please unsubscribe me.");
  expect(ids.map(endOf)).toEqual(["unsubscribed", "company_replied"]);
});

test("colleagues are found by an index, whatever the number of leads", () => {
  play([]);
  const plan = room.ledger.db
    .query<{ detail: string }, []>(
      `EXPLAIN QUERY PLAN SELECT e.id FROM leads l CROSS JOIN enrollments e ON e.campaign_id = 1 AND e.lead_id = l.id
       WHERE l.company_domain = 'acme.test' AND l.id <> 2 AND e.state NOT IN ('stopped', 'completed')`,
    )
    .all()
    .map(({ detail }) => detail);
  expect(plan[0]).toContain("leads_company");
  expect(plan[1]).toContain("campaign_id=? AND lead_id=?");
});

test("of an erased lead no company is left", () => {
  const { ids } = play(["ann@acme.test"]);
  eraseLead(room.ledger, ids[0] ?? 0);
  const { db } = room.ledger;
  expect(db.query("SELECT 1 FROM leads WHERE company_domain IS NOT NULL").all()).toEqual([]);
});
