// Whose turn it is: campaigns that share an inbox, follow-ups and first steps, and nobody waits for ever.

import { afterEach, beforeEach, expect, test } from "bun:test";

import { DAY_MS, type EngineRoom, HOUR_MS, openEngineRoom } from "../world/engine-room.ts";

let room: EngineRoom;
beforeEach(() => {
  room = openEngineRoom();
});
afterEach(() => room.close());

function play(names: string[], leads: number, limits: object = {}, steps = [{}]) {
  const inbox_ids = [room.make.inbox({ hourly_limit: 100, ...limits })];
  for (const name of names) {
    const { id } = room.make.campaign({ inbox_ids, steps });
    for (let i = 0; i < leads; i++)
      room.make.lead({ email: `${name}${i}@${name}${i}.test`, campaign_id: id });
  }
}

test("campaigns that share an inbox take turns, however many leads one of them has", async () => {
  play(["big"], 30);
  const [inbox] = room.ledger.db.query<{ id: number }, []>("SELECT id FROM inboxes").all();
  const small = room.make.campaign({ inbox_ids: [inbox?.id ?? 0] });
  for (let i = 0; i < 4; i++)
    room.make.lead({ email: `small${i}@small${i}.test`, campaign_id: small.id });
  await room.play(2 * HOUR_MS);
  const first = room.world.taken.slice(0, 8).map(({ to }) => to.slice(0, 3));
  expect(first.filter((name) => name === "sma")).toHaveLength(4);
});

test("follow-ups go before first steps, and first steps are all sent in the end", async () => {
  play(["lead"], 20, { daily_limit: 8, min_gap_seconds: 60 }, [{}, { delay: "PT12H" }]);
  await room.play(DAY_MS + 4 * HOUR_MS);
  const second_day = room.world.taken.slice(8);
  expect(second_day).toHaveLength(8);
  const mailed = new Set(room.world.taken.slice(0, 8).map(({ to }) => to));
  expect(second_day.every(({ to }) => mailed.has(to))).toBe(true);
  await room.play(30 * DAY_MS);
  expect(room.world.taken).toHaveLength(40);
});

test("the inbox that a lead was first mailed from is the one that mails it again", async () => {
  const inbox_ids = ["ana", "ben", "cem"].map((name) =>
    room.make.inbox({ email: `${name}@sender.test` }),
  );
  const { id } = room.make.campaign({ inbox_ids, steps: [{}, { delay: "P1D" }, { delay: "P1D" }] });
  for (let i = 0; i < 9; i++) room.make.lead({ email: `lead${i}@c${i}.test`, campaign_id: id });
  await room.play(14 * DAY_MS);
  const senders = Map.groupBy(room.world.taken, ({ to }) => to);
  expect(senders.size).toBe(9);
  for (const mails of senders.values()) {
    expect(mails).toHaveLength(3);
    expect(new Set(mails.map(({ from }) => from)).size).toBe(1);
  }
});
