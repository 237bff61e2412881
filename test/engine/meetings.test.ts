// Meetings: what a lead's calendar answers and what a booking page says, each meeting once.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { eraseLead } from "../../src/resources/leads/actions.ts";
import {
  type Booking,
  BOOKING_EVENTS,
  type BookingEvent,
  recordBooking,
} from "../../src/resources/meetings/actions.ts";
import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, MINUTE_MS, openEngineRoom } from "../world/engine-room.ts";
import { mailFrom } from "../world/inbound-mails.ts";

const ANA = "ana@sender.test";
const LEA = "lea@lead.test";
let room: EngineRoom;
let lead = 0;
const open = async () => {
  room = openEngineRoom();
  const inbox = room.make.inbox({ email: ANA });
  const campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}, { delay: "P1D" }] });
  lead = room.make.lead({ email: LEA, campaign_id: campaign.id });
  await room.run();
  room.clock.moveBy(MINUTE_MS);
};
beforeEach(open);
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

const booked = () => room.events().filter((event) => event === "meeting.booked").length;
const status = () => room.lead(lead)?.state;
const read = async (bytes: Uint8Array) => {
  room.world.deliver(ANA, bytes);
  await room.run();
};
const calendar = (method: string, partstat: string, from = LEA, uid = "m-1") =>
  mailFrom(
    {
      from,
      to: ANA,
      subject: `${partstat}: Call`,
      headers: { "Content-Type": 'multipart/mixed; boundary="b"' },
    },
    [
      "--b\nContent-Type: text/plain\n\nSee the attachment.",
      `--b\nContent-Type: text/calendar; method=${method}\n`,
      "BEGIN:VCALENDAR\nVERSION:2.0",
      `METHOD:${method}\nBEGIN:VEVENT\nUID:${uid}\nDTSTART:20261201T090000Z`,
      `ATTENDEE;PARTSTAT=${partstat}:mailto:${from}`,
      "END:VEVENT\nEND:VCALENDAR\n--b--",
    ].join("\n"),
  );

describe("a lead's calendar", () => {
  test("accepts: the meeting stands, is told once, and no follow-up goes out", async () => {
    for (let turn = 0; turn < 3; turn++) await read(calendar("REPLY", "ACCEPTED"));
    expect(status()).toBe("meeting");
    expect(booked()).toBe(1);
    expect(room.enrollment(lead)).toMatchObject({ state: "paused", paused_by: "meeting_booked" });
    await room.play(10 * DAY_MS);
    expect(room.world.taken).toHaveLength(1);
    await read(calendar("REPLY", "ACCEPTED", LEA, "m-2"));
    expect(booked()).toBe(2);
  });

  test("declines what it had accepted: the lead is interested still", async () => {
    await read(calendar("REPLY", "ACCEPTED"));
    await read(calendar("REPLY", "DECLINED"));
    expect(status()).toBe("interested");
    await read(calendar("REPLY", "ACCEPTED"));
    expect(status()).toBe("meeting");
    expect(booked()).toBe(1);
  });

  test("declines or doubts what nobody had accepted: nothing", async () => {
    await read(calendar("REPLY", "DECLINED"));
    await read(calendar("REPLY", "TENTATIVE"));
    expect(status()).toBe("in_sequence");
    expect(room.enrollment(lead).state).toBe("waiting");
  });

  test("of somebody else says nothing", async () => {
    await read(calendar("REPLY", "ACCEPTED", "eve@evil.test"));
    expect(booked()).toBe(0);
    expect(room.ledger.db.query("SELECT id FROM replies").all()).toEqual([]);
  });

  test("invites: that is an answer of a person", async () => {
    await read(calendar("REQUEST", "NEEDS-ACTION"));
    expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "replied" });
    expect(booked()).toBe(0);
  });
});

const book = (event: BookingEvent, change: Partial<Booking> = {}) =>
  room.ledger.write(
    (tx) =>
      recordBooking(room.ledger, tx, {
        event,
        email: LEA,
        booking_id: "b-1",
        starts_at: Date.UTC(2026, 11, 1, 9),
        ...change,
      }).outcome,
  );

describe("a booking page", () => {
  test("books, moves and calls off one meeting", () => {
    expect(book("booking.created")).toBe("booked");
    expect(book("booking.created")).toBe("repeated");
    const later = Date.UTC(2026, 11, 2, 9);
    expect(book("booking.rescheduled", { starts_at: later })).toBe("moved");
    expect(
      book("booking.rescheduled", { booking_id: "b-2", replaces: "b-1", starts_at: later }),
    ).toBe("moved");
    expect(status()).toBe("meeting");
    expect(book("booking.cancelled", { booking_id: "b-2" })).toBe("cancelled");
    expect(status()).toBe("interested");
    expect(booked()).toBe(1);
  });

  test("says that nobody came, or knows somebody whom this workspace does not", () => {
    book("booking.created");
    expect(book("booking.no_show")).toBe("no_show");
    expect(status()).toBe("interested");
    expect(book("booking.created", { email: "new@lead.test" })).toBe("unknown_lead");
    expect(booked()).toBe(1);
  });

  test("never undoes an opt-out", () => {
    room.ledger.db.run("UPDATE leads SET state = 'unsubscribed'");
    book("booking.created");
    book("booking.cancelled");
    expect(status()).toBe("unsubscribed");
  });

  test("says things in any order and more than once: a meeting is told once at most", () => {
    const word = fc.tuple(fc.constantFrom(...BOOKING_EVENTS), fc.constantFrom("b-1", "b-2"));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 10 }), (words) => {
        room.ledger.db.run("DELETE FROM meetings");
        room.ledger.db.run("UPDATE leads SET state = 'in_sequence'");
        const before = booked();
        for (const [event, booking_id] of words) book(event, { booking_id });
        const ids = new Set(words.map(([, booking_id]) => booking_id));
        expect(booked() - before).toBeLessThanOrEqual(ids.size);
        const stands = room.ledger.db
          .query("SELECT id FROM meetings WHERE state = 'booked'")
          .all().length;
        expect(status() === "meeting").toBe(stands > 0);
      }),
    );
  });
});

test("an erased lead's meetings are gone", () => {
  book("booking.created");
  eraseLead(room.ledger, lead);
  expect(room.ledger.db.query("SELECT id FROM meetings").all()).toEqual([]);
});
