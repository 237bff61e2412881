import { afterEach, beforeEach, expect, test } from "bun:test";
// Calendars tell of meetings: let in by token and signature, heard once, and of strangers nothing is kept.
import { createHmac } from "node:crypto";

import { takeBooking } from "../../../src/resources/booking-sources/actions.ts";
import type { ShownBookingSource } from "../../../src/resources/booking-sources/schema.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

type Source = typeof ShownBookingSource.static;

const LEA = "lea@lead.test";
const NOW = Date.parse("2027-01-04T10:00:00Z");

let house: TestHouse;
let ask: Ask;
let source: Source;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
  const campaign = await makeCampaign(ask, { status: "active" });
  await ask("POST", "/leads", { email: LEA, campaign_id: campaign.id });
  await ask("POST", "/test/clock/advance", { by: "PT1H" });
  source = (await ask<Source>("POST", "/booking-sources", { name: "Cal" })).data;
});
afterEach(() => house.close());

interface Post {
  token?: string;
  secret?: string;
  at?: number;
  raw?: string;
}

function post(body: object, { token, secret, at = NOW, raw }: Post = {}) {
  const bytes = Buffer.from(raw ?? JSON.stringify(body));
  const t = Math.floor(at / 1000);
  const mark = createHmac("sha256", secret ?? source.secret)
    .update(`${t}.`)
    .update(bytes)
    .digest("hex");
  const headers = new Headers({ "x-imatic-signature": `t=${t},v1=${mark}` });
  return takeBooking(house.house.ledgers, {
    token: token ?? source.token,
    headers,
    body: bytes,
    now: NOW,
  });
}
const booked = (more: object = {}) => ({
  event: "booking.created",
  booking_id: "b1",
  email: LEA,
  start: "2027-01-05T09:00:00Z",
  ...more,
});
const lead = async () => (await ask<Lead[]>("GET", `/leads?email=${LEA}`)).data[0];
const told = async () => (await ask<unknown[]>("GET", "/events?event=meeting.booked")).data;

test("token and secret are shown once, and neither lies in the ledger", async () => {
  expect(source.token).toMatch(/^t[0-9a-z]{11}[A-Za-z0-9_-]{32}$/);
  expect(source.secret).toStartWith("whsec_");
  const listed = await ask<Source[]>("GET", "/booking-sources");
  expect(listed.data).toMatchObject([{ id: source.id, name: "Cal", last_used_at: null }]);
  expect(listed.text).not.toContain(source.secret);
  expect(listed.text).not.toContain(source.token);
  const row = house.test_ledger.db
    .query<Record<string, unknown>, []>("SELECT token_hash, secret FROM booking_sources")
    .get();
  const cells = Object.values(row ?? {}).map((cell) =>
    Buffer.from(cell as Uint8Array).toString("latin1"),
  );
  expect(cells.some((cell) => cell.includes(source.secret) || cell.includes(source.token))).toBe(
    false,
  );
});

test("whoever books becomes `meeting`, once, and nothing more is sent by itself", async () => {
  expect(post(booked())).toMatchObject({ outcome: "booked" });
  expect(post(booked())).toMatchObject({ outcome: "repeated" });
  expect(await lead()).toMatchObject({ status: "meeting", campaigns: [{ state: "paused" }] });
  expect(await told()).toHaveLength(1);
  const [{ last_used_at }] = (await ask<Source[]>("GET", "/booking-sources")).data as [Source];
  expect(last_used_at).not.toBeNull();
});

test("a meeting is moved, called off and missed", async () => {
  post(booked());
  const moved = { event: "booking.rescheduled", start: "2027-01-06T09:00:00Z" };
  expect(post(booked(moved))).toMatchObject({ outcome: "moved" });
  expect(post(booked(moved))).toMatchObject({ outcome: "repeated" });
  expect(post(booked({ event: "booking.cancelled" }))).toMatchObject({ outcome: "cancelled" });
  expect((await lead())?.status).toBe("interested");
  // Its creation comes late: it was called off.
  expect(post(booked())).toMatchObject({ outcome: "repeated" });
  expect(post(booked({ event: "booking.no_show", booking_id: "b2" }))).toMatchObject({
    outcome: "no_show",
  });
  expect(await told()).toHaveLength(1);
});

test("of nobody's booking anything is kept", () => {
  expect(post(booked({ email: "stranger@else.test" }))).toMatchObject({ outcome: "unknown_lead" });
  const { db } = house.test_ledger;
  expect(db.query("SELECT id FROM meetings").all()).toEqual([]);
});

test("what is not signed, signed by another, old, or no booking is refused", () => {
  expect(post(booked(), { secret: "whsec_other" })).toEqual({ outcome: "refused", why: "bad" });
  expect(post(booked(), { at: NOW - 301_000 })).toEqual({ outcome: "refused", why: "stale" });
  const bare = { token: source.token, headers: new Headers(), body: Buffer.from("{}"), now: NOW };
  expect(takeBooking(house.house.ledgers, bare)).toEqual({ outcome: "refused", why: "bad" });
  expect(post(booked(), { raw: "no json" })).toEqual({ outcome: "malformed" });
  expect(post(booked(), { raw: " ".repeat(70_000) })).toEqual({ outcome: "too_large" });
  expect(post({ event: "PING" })).toEqual({ outcome: "ignored" });
});

test("a token of the other mode, another workspace or nobody opens nothing", async () => {
  const other = source.token.replace(/^t/, "l");
  for (const token of [other, "", "x".repeat(44), `${source.token.slice(0, -1)}!`])
    expect(post(booked(), { token })).toEqual({ outcome: "unknown_token" });
  await ask("DELETE", `/booking-sources/${source.id}`);
  expect(post(booked())).toEqual({ outcome: "unknown_token" });
  expect((await ask("DELETE", `/booking-sources/${source.id}`)).status).toBe(404);
});

test("Invariant 8: an erased lead's meetings are gone", async () => {
  post(booked());
  await ask("DELETE", `/leads/${(await lead())?.id}`);
  expect(house.test_ledger.db.query("SELECT id FROM meetings").all()).toEqual([]);
});
