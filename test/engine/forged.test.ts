// 500 forged bounces, complaints, answers and opt-outs: whatever a stranger writes, nothing in the ledger moves but the
// place where reading stands.
import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { messageIdOf, unsubscribeAddress, unsubscribeToken } from "../../src/core/threading.ts";
import { type EngineRoom, HOUR_MS, openEngineRoom } from "../world/engine-room.ts";
import { mailFrom, reportOn } from "../world/inbound-mails.ts";

const ANA = "ana@sender.test";
const LEADS = ["lea@acme.example.com", "max@gmail.com", "eva@lead.test"];
const COUNT = 500;
/** On a busy machine. */
const LONG_MS = 120_000;

interface Forgery {
  kind:
    "bounce" | "delivered" | "complaint" | "answer" | "absence" | "opt_out" | "token" | "calendar";
  lead: number;
  /** What a forger has of our ids: nothing, one under another secret, one with a flipped sign, of another lead. */
  id: "none" | "other_secret" | "flipped" | "other_lead" | "made_up";
  from: string;
  words: string;
}

const forgery = fc.record<Forgery>({
  kind: fc.constantFrom(
    "bounce",
    "delivered",
    "complaint",
    "answer",
    "absence",
    "opt_out",
    "token",
    "calendar",
  ),
  lead: fc.nat(LEADS.length - 1),
  id: fc.constantFrom("none", "other_secret", "flipped", "other_lead", "made_up"),
  // Strangers, neighbours at a public mail domain, look-alikes of a lead and of ourselves.
  from: fc.constantFrom(
    "eve@evil.example.net",
    "stranger@gmail.com",
    "lea@acme.example.com.evil.example.net",
    "lea@acme-example.com",
    "mailer-daemon@evil.example.net",
    "postmaster@acme.example.org",
  ),
  words: fc.constantFrom(
    "Please unsubscribe me.",
    "STOP",
    "Yes, call me.",
    "550 5.1.1 User unknown",
  ),
});

async function openRoom(): Promise<EngineRoom> {
  const room = openEngineRoom();
  const inbox = room.make.inbox({ email: ANA, min_gap_seconds: 60 });
  const campaign = room.make.campaign({
    inbox_ids: [inbox],
    steps: [{ subject: "A proposal" }, { delay: "P30D" }],
  });
  for (const email of LEADS) room.make.lead({ email, campaign_id: campaign.id });
  await room.play(7 * HOUR_MS);
  return room;
}

const otherSecret = new Uint8Array(32).fill(99);

function idOf(room: EngineRoom, { id, lead }: Forgery): string | null {
  const own = (of: number) => room.world.taken[of % LEADS.length]?.message_id ?? "";
  const ids: Record<Forgery["id"], string | null> = {
    none: null,
    other_secret: messageIdOf(room.messages()[lead]?.id ?? 0, otherSecret, "sender.test"),
    flipped: own(lead).replace(/\.(.)/, (_, one) => `.${one === "0" ? "1" : "0"}`),
    // A report names the mail to one lead and speaks of another.
    other_lead: own(lead + 1),
    made_up: "CAF123456@mail.gmail.com",
  };
  return ids[id];
}

function forge(room: EngineRoom, one: Forgery): Uint8Array {
  const id = idOf(room, one);
  const recipient = LEADS[one.lead] ?? "";
  // An id that is truly ours proves a thread (it pauses, as other tests say): here it only stands in reports.
  const thread = id === null || one.id === "other_lead" ? {} : { "In-Reply-To": `<${id}>` };
  const message = room.messages()[one.lead]?.id ?? 0;
  const report = { to: ANA, recipient, message_id: id };
  const token = unsubscribeToken(message, otherSecret);
  const head = { from: one.from, to: ANA, headers: thread };
  const automatic = { ...thread, "Auto-Submitted": "auto-replied" };
  const calendar = { ...thread, "Content-Type": "text/calendar" };
  const makes: Record<Forgery["kind"], () => Uint8Array> = {
    bounce: () => reportOn(report),
    delivered: () => reportOn({ ...report, action: "delivered", status: "2.0.0" }),
    complaint: () => complaint(one, one.id === "other_lead" ? null : id),
    answer: () => mailFrom({ ...head, subject: "Re: A proposal" }, one.words),
    absence: () => mailFrom({ ...head, headers: automatic }, "I am out of the office."),
    opt_out: () => mailFrom(head, "Remove me from your list."),
    token: () =>
      mailFrom(
        {
          ...head,
          to: unsubscribeAddress(ANA, message, otherSecret),
          subject: `unsubscribe u-${token}`,
        },
        "",
      ),
    calendar: () =>
      mailFrom(
        { ...head, headers: calendar },
        `BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:1\nATTENDEE;PARTSTAT=ACCEPTED:mailto:${recipient}\nEND:VEVENT\nEND:VCALENDAR`,
      ),
  };
  return makes[one.kind]();
}

function complaint({ from }: Forgery, id: string | null): Uint8Array {
  const about = id === null ? "" : `Message-ID: <${id}>\n`;
  return mailFrom(
    {
      from,
      to: ANA,
      headers: { "Content-Type": 'multipart/report; report-type=feedback-report; boundary="b"' },
    },
    `--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n\n--b\nContent-Type: text/rfc822-headers\n\n${about}Subject: Hello\n\n--b--`,
  );
}

/** Everything but where reading stands. */
const TABLES =
  "events counters leads enrollments messages suppressions meetings replies judged_mails message_aliases";
const pictureOf = ({ ledger }: EngineRoom): string =>
  TABLES.split(" ")
    .map((table) => `${table}: ${JSON.stringify(ledger.db.query(`SELECT * FROM ${table}`).all())}`)
    .join("\n");
const inboxesOf = ({ ledger }: EngineRoom) =>
  ledger.db.query("SELECT id, state FROM inboxes").all();

test(
  `of ${COUNT} forged mails none has an effect, and none is kept`,
  async () => {
    const room = await openRoom();
    try {
      expect(room.world.taken).toHaveLength(LEADS.length);
      const before = { picture: pictureOf(room), inboxes: inboxesOf(room) };
      for (const one of fc.sample(forgery, { numRuns: COUNT, seed: 7 }))
        room.world.deliver(ANA, forge(room, one));
      await room.run();
      expect(room.world.folderOf(ANA, "INBOX").mails).toHaveLength(COUNT);
      expect({ picture: pictureOf(room), inboxes: inboxesOf(room) }).toEqual(before);
    } finally {
      room.close();
    }
  },
  LONG_MS,
);
