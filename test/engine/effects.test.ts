// The table of effects as a property: whatever comes in, in whatever order, whoever is to be left alone is left alone, a
// status is never taken back, and each mail is told of once.
import { expect, test } from "bun:test";

import * as fc from "fast-check";

import type { LeadState } from "../../src/core/states.ts";
import { enrollLead } from "../../src/resources/enrollments/actions.ts";
import { findSuppression } from "../../src/resources/suppressions/actions.ts";
import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, HOUR_MS, openEngineRoom } from "../world/engine-room.ts";
import { absenceOf, answerTo, mailFrom, reportOn } from "../world/inbound-mails.ts";

/** A property plays many histories; on a busy machine that takes its time. */
const LONG_MS = 90_000;
const ANA = "ana@sender.test";
const LEADS = ["lea@acme.example.com", "max@other.example.org"];
const ENDED: LeadState[] = ["bounced", "unsubscribed", "complained"];

interface Told {
  from: string;
  to: string;
  message_id: string;
}

interface Kind {
  make(about: Told): Buffer;
  folder?: string;
  /** How long nothing goes out to the lead after it, at least. */
  quiet_ms: number;
  /** The address goes on the list. */
  suppresses?: true;
  /** It is told as `reply.classified`. */
  is_told: boolean;
}

const report = (about: Told, status: string, words: string) =>
  reportOn({ to: ANA, recipient: about.to, message_id: about.message_id, status, words });
const arf = (about: Told) =>
  mailFrom(
    {
      from: "fbl@provider.test",
      to: ANA,
      headers: { "Content-Type": 'multipart/report; report-type=feedback-report; boundary="b"' },
    },
    `--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <${about.message_id}>\nSubject: Hello\n\n--b--`,
  );

const KINDS = {
  reply: { make: (about) => answerTo(about, "Let me see."), quiet_ms: Infinity, is_told: true },
  opt_out: {
    make: (about) => answerTo(about, "Unsubscribe me."),
    quiet_ms: Infinity,
    suppresses: true,
    is_told: true,
  },
  absence: {
    make: (about) => absenceOf(about, "I am out of the office."),
    quiet_ms: 5 * DAY_MS,
    is_told: true,
  },
  confirmation: {
    make: (about) =>
      mailFrom(
        { from: about.to, to: ANA, headers: { "Auto-Submitted": "auto-replied" } },
        "We have received your mail.",
      ),
    quiet_ms: 0,
    is_told: true,
  },
  hard_bounce: {
    make: (about) => report(about, "5.1.1", "550 5.1.1 User unknown"),
    quiet_ms: Infinity,
    suppresses: true,
    is_told: true,
  },
  soft_bounce: {
    make: (about) => report(about, "4.2.2", "452 4.2.2 Mailbox full"),
    quiet_ms: 0,
    is_told: true,
  },
  complaint: { make: arf, quiet_ms: Infinity, suppresses: true, is_told: true },
  somebody_else: {
    make: (about) => answerTo({ ...about, to: "boss@private.example.net" }, "Who is this?"),
    quiet_ms: Infinity,
    is_told: true,
  },
  by_hand: {
    make: (about) => mailFrom({ from: ANA, to: about.to }, "A word from me."),
    folder: "Sent",
    quiet_ms: Infinity,
    is_told: false,
  },
  private_mail: {
    make: () => mailFrom({ from: "mum@family.test", to: ANA }, "Dinner?"),
    quiet_ms: 0,
    is_told: false,
  },
} satisfies Record<string, Kind>;
const isKind = (name: string): name is keyof typeof KINDS => name in KINDS;
const NAMES = Object.keys(KINDS).filter(isKind);

async function openRoom(): Promise<{ room: EngineRoom; leads: number[] }> {
  const room = openEngineRoom();
  const inbox_ids = [room.make.inbox({ email: ANA, min_gap_seconds: 60 })];
  const steps = [{}, { delay: "P1D" }, { delay: "P1D" }, { delay: "P2D" }, { delay: "P2D" }];
  const one = room.make.campaign({ inbox_ids, steps, lead_cooldown: "PT1H" });
  const other = room.make.campaign({ inbox_ids, steps, lead_cooldown: "PT1H" });
  const leads = LEADS.map((email) => room.make.lead({ email, campaign_id: one.id }));
  room.ledger.write((tx) => {
    for (const lead_id of leads) enrollLead(room.ledger, tx, { campaign_id: other.id, lead_id });
  });
  await room.play(2 * HOUR_MS);
  return { room, leads };
}

const step = fc.record({
  kind: fc.constantFrom(...NAMES),
  lead: fc.nat(LEADS.length - 1),
  /** To which of the mails it got. */
  mail: fc.nat(5),
  /** Long enough for machines to be heard. */
  then_ms: fc.integer({ min: 9 * HOUR_MS, max: 40 * HOUR_MS }),
});

test(
  "whoever is to be left alone is left alone, and what was told stays told",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const { room, leads } = await openRoom();
        try {
          const quiet_until = LEADS.map(() => 0);
          const listed = LEADS.map(() => false);
          let told = 0;
          for (const { kind, lead, mail, then_ms } of steps) {
            const email = LEADS[lead] ?? "";
            const got = room.world.takenBy(email);
            const about = got[mail % Math.max(1, got.length)];
            if (!about) continue;
            const what: Kind = KINDS[kind];
            const now = room.clock.now();
            const before = { sent: got.length, state: room.lead(leads[lead] ?? 0)?.state };
            room.world.deliver(
              ANA,
              what.make({ from: ANA, to: email, message_id: about.message_id }),
              { folder: what.folder ?? "INBOX" },
            );
            await room.run();
            if (what.is_told) told++;
            quiet_until[lead] = Math.max(quiet_until[lead] ?? 0, now + what.quiet_ms);
            if (what.suppresses) listed[lead] = true;
            await room.play(then_ms);
            expectNoWayBack(before.state, room.lead(leads[lead] ?? 0)?.state);
            for (const [at, address] of LEADS.entries()) {
              const late = room.world.takenBy(address).filter((one) => one.at > now);
              for (const one of late) expect(one.at).toBeGreaterThanOrEqual(quiet_until[at] ?? 0);
              expect(findSuppression(room.ledger, room.ledger, address) !== null).toBe(
                listed[at] ?? false,
              );
            }
          }
          expect(room.events().filter((event) => event === "reply.classified")).toHaveLength(told);
          expect(auditOf(room.ledger)).toEqual([]);
        } finally {
          room.close();
        }
      }),
      { numRuns: 25 },
    );
  },
  LONG_MS,
);

function expectNoWayBack(before: LeadState | undefined, after: LeadState | undefined): void {
  if (before === undefined || after === undefined) throw new Error("the lead is gone");
  if (ENDED.includes(before))
    expect(ENDED.indexOf(after)).toBeGreaterThanOrEqual(ENDED.indexOf(before));
}
