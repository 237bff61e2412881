import { describe, expect, test } from "bun:test";
// What calendars post: three shapes, one meaning; and signatures that nobody else can make.
import { createHmac } from "node:crypto";

import { checkBareSignature, checkTimedSignature } from "../../src/core/booking-signature.ts";
import { readBooking } from "../../src/core/booking.ts";

const START = "2027-01-05T09:00:00.000Z";
const start_at = Date.parse(START);

const cal = (triggerEvent: string, payload: object = {}) => ({
  triggerEvent,
  createdAt: "2027-01-04T10:00:00Z",
  payload: { uid: "b1", startTime: START, attendees: [{ email: "Lea@Lead.test" }], ...payload },
});
const calendly = (event: string, payload: object = {}) => ({
  event,
  created_at: "2027-01-04T10:00:00.000000Z",
  payload: {
    uri: "https://api.calendly.test/invitees/1",
    email: "lea@lead.test",
    scheduled_event: { start_time: START },
    ...payload,
  },
});

describe("a booking", () => {
  test.each([
    ["plain", { event: "booking.created", booking_id: "b1", email: "lea@lead.test", start: START }],
    ["of Cal.com", cal("BOOKING_CREATED")],
    ["of Calendly", calendly("invitee.created")],
  ])("%s is read", (_, body) => {
    expect(readBooking(body)).toMatchObject({
      event: "booking.created",
      emails: ["lea@lead.test"],
      start_at,
      replaces: null,
    });
  });

  test("that was moved names the one before", () => {
    expect(
      readBooking(cal("BOOKING_RESCHEDULED", { uid: "b2", rescheduleUid: "b1" })),
    ).toMatchObject({ event: "booking.rescheduled", booking_id: "b2", replaces: "b1" });
    const moved = calendly("invitee.created", {
      old_invitee: "https://api.calendly.test/invitees/0",
    });
    expect(readBooking(moved)).toMatchObject({
      event: "booking.rescheduled",
      replaces: "https://api.calendly.test/invitees/0",
    });
    expect(readBooking(calendly("invitee.canceled", { rescheduled: true }))).toBe("ignored");
  });

  test.each([
    [cal("BOOKING_CANCELLED"), "booking.cancelled"],
    [cal("BOOKING_NO_SHOW_UPDATED", { uid: undefined, bookingUid: "b1" }), "booking.no_show"],
    [calendly("invitee.canceled"), "booking.cancelled"],
    [{ event: "booking.no_show", id: 7, email: "lea@lead.test" }, "booking.no_show"],
  ])("%# ends", (body, event) => {
    expect(readBooking(body)).toMatchObject({ event });
  });

  test.each([
    [null],
    [[]],
    ["booking.created"],
    [{}],
    [{ event: "booking.created", email: "lea@lead.test" }],
    [{ event: "booking.created", booking_id: "b1", email: "nobody" }],
    [{ triggerEvent: "BOOKING_CREATED" }],
    [cal("BOOKING_CREATED", { attendees: "lea@lead.test" })],
    [{ event: "booking.created", booking_id: "b".repeat(300), email: "lea@lead.test" }],
  ])("%# that makes no sense is none", (body) => {
    expect(readBooking(body)).toBeNull();
  });

  test.each(["PING", "toString", "__proto__", "FORM_SUBMITTED"])(
    "news of %s is ignored",
    (event) => {
      expect(readBooking({ event, booking_id: "b1", email: "lea@lead.test" })).toBe("ignored");
    },
  );

  test("whose time has no zone has none", () => {
    const body = {
      event: "booking.created",
      booking_id: "1",
      email: "a@b.test",
      start: "2027-01-05T09:00",
    };
    expect(readBooking(body)).toMatchObject({ start_at: null });
  });
});

describe("a signature", () => {
  const now = Date.parse("2027-01-04T10:00:00Z");
  const body = Buffer.from('{"event":"booking.created"}');
  const secret = "whsec_abc";
  const timed = (t: number, key = secret, what: Uint8Array = body) =>
    `t=${t},v1=${createHmac("sha256", key).update(`${t}.`).update(what).digest("hex")}`;
  const epoch = now / 1000;
  const check = (header: string) => checkTimedSignature(header, { secret, body, now });

  test("with its time is good within five minutes", () => {
    expect(check(timed(epoch))).toBe("good");
    expect(check(timed(epoch - 300))).toBe("good");
    expect(check(timed(epoch - 301))).toBe("stale");
    expect(check(timed(epoch + 301))).toBe("stale");
  });

  test.each([
    ["of another secret", timed(epoch, "whsec_other")],
    ["of another body", timed(epoch, secret, Buffer.from("{}"))],
    ["of another time", timed(epoch).replace(`t=${epoch}`, `t=${epoch + 1}`)],
    ["without a time", timed(epoch).split(",")[1] ?? ""],
    ["that is none", "v1=,t="],
    ["that is empty", ""],
  ])("%s is bad", (_, header) => {
    expect(check(header)).toBe("bad");
  });

  test("over the bare body goes by the time within it", () => {
    const mark = createHmac("sha256", secret).update(body).digest("hex");
    const bare = (header: string, told_at: number | null) =>
      checkBareSignature(header, { secret, body, now }, told_at);
    expect(bare(mark, now - 60_000)).toBe("good");
    expect(bare(mark, now - 400_000)).toBe("stale");
    expect(bare(mark, null)).toBe("stale");
    expect(bare(`${mark.slice(0, -1)}g`, now)).toBe("bad");
  });
});
