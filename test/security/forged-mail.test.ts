// 500 forged bounces, complaints, replies and opt-outs against leads that wait: none has any effect (I6, I7, I10).

import { afterEach, beforeEach, expect, test } from "bun:test";

import { messageIdOf, unsubscribeAddress } from "../../src/core/threading.ts";
import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, openEngineRoom } from "../world/engine-room.ts";
import { absenceOf, answerTo, mailFrom, reportOn } from "../world/inbound-mails.ts";
import { chanceOf } from "../world/mail-mutations.ts";

const ANA = "ana@sender.test";
const LEA = "lea@lead.test";
const EVE = "eve@evil.test";
const FORGED = 500;
const LONG_MS = 60_000;
let room: EngineRoom;
let lead = 0;

beforeEach(async () => {
  room = openEngineRoom();
  const inbox = room.make.inbox({ email: ANA });
  const campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}, { delay: "P60D" }] });
  lead = room.make.lead({ email: LEA, campaign_id: campaign.id });
  await room.run();
  room.clock.moveBy(60_000);
});
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

/** A Message-ID that looks like ours and carries no mark of ours. */
function madeUpId(chance: () => number): string {
  const secret = new Uint8Array(32).fill(Math.floor(chance() * 256));
  return messageIdOf(1 + Math.floor(chance() * 5), secret, "sender.test");
}

function changed(id: string, chance: () => number): string {
  const at = 12 + Math.floor(chance() * 10);
  return `${id.slice(0, at)}${id[at] === "a" ? "b" : "a"}${id.slice(at + 1)}`;
}

const complaint = (message_id: string): Buffer =>
  mailFrom(
    {
      from: EVE,
      to: ANA,
      headers: { "Content-Type": 'multipart/report; report-type=feedback-report; boundary="b"' },
    },
    `--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: x\nVersion: 1\nOriginal-Rcpt-To: ${LEA}\n\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <${message_id}>\n\nx\n--b--`,
  );

/** The kinds of forgery; `real` is a Message-ID that we did issue, to Lea. */
const FORGERIES: ((real: string, chance: () => number) => Buffer)[] = [
  (_, chance) => reportOn({ to: ANA, recipient: LEA, message_id: madeUpId(chance) }),
  (real, chance) => reportOn({ to: ANA, recipient: LEA, message_id: changed(real, chance) }),
  () => reportOn({ to: ANA, recipient: LEA, message_id: null }),
  (real) => reportOn({ to: ANA, recipient: "somebody@else.test", message_id: real }),
  (_, chance) => complaint(madeUpId(chance)),
  (real, chance) => complaint(changed(real, chance)),
  () =>
    mailFrom(
      { from: "mailer-daemon@evil.test", to: ANA, subject: "failure notice" },
      `<${LEA}>:\n550 5.1.1 User unknown`,
    ),
  (_, chance) =>
    answerTo({ from: ANA, to: EVE, message_id: madeUpId(chance) }, "Please unsubscribe me"),
  (real, chance) =>
    answerTo({ from: ANA, to: EVE, message_id: changed(real, chance) }, "Stop emailing me"),
  (_, chance) => absenceOf({ from: ANA, to: EVE, message_id: madeUpId(chance) }, "Out of office"),
  () => mailFrom({ from: EVE, to: ANA, subject: "unsubscribe" }, `Please unsubscribe ${LEA}`),
  (_, chance) =>
    mailFrom(
      {
        from: EVE,
        to: unsubscribeAddress(
          ANA,
          1 + Math.floor(chance() * 5),
          new Uint8Array(32).fill(Math.floor(chance() * 256)),
        ),
      },
      "",
    ),
];

test(
  "500 forged mails have no effect",
  async () => {
    const chance = chanceOf(7);
    const real = room.world.taken[0]?.message_id ?? "";
    for (let count = 0; count < FORGED; count++) {
      const forge = FORGERIES[count % FORGERIES.length];
      if (forge) room.world.deliver(ANA, forge(real, chance));
    }
    await room.run();
    expect(room.enrollment(lead)).toMatchObject({ state: "waiting", ended_by: null });
    expect(room.events()).toEqual(["email.sent"]);
    for (const table of ["suppressions", "replies"])
      expect(room.ledger.db.query(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: 0 });
  },
  LONG_MS,
);

test("a true report that comes after 14 days suppresses nothing", async () => {
  const real = room.world.taken[0]?.message_id ?? "";
  room.clock.moveBy(15 * DAY_MS);
  room.world.deliver(ANA, reportOn({ to: ANA, recipient: LEA, message_id: real }));
  await room.run();
  expect(room.enrollment(lead).state).toBe("waiting");
});
