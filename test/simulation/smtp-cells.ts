// The SMTP fault cells: phase x fault over a socket, through the real client and the real engine. Each cell says what the
// mail is then, how often it was taken over (never twice), and how the inbox stands.
import type { Socket } from "node:net";

import type { MailPort } from "../../src/core/mail-port.ts";
import type { SmtpWaits } from "../../src/mail/smtp-session.ts";
import { openSmtp } from "../../src/mail/smtp.ts";
import { DAY_MS, openDesk, openEngineRoom } from "../world/engine-room.ts";
import { type AccountChanges, smtpWith, type Vice } from "../world/smtp-server.ts";

type InboxWord = "well" | "backs_off" | "paused" | "put_off";

export interface Cell {
  name: string;
  vice: Vice;
  account?: AccountChanges;
  state: "sent" | "queued" | "deferred" | "failed" | "uncertain";
  taken: 0 | 1;
  inbox: InboxWord;
}

export interface Seen {
  state: string;
  taken: number;
  inbox: InboxWord;
  /** After two more days with a server that is well again. */
  taken_in_the_end: number;
  state_in_the_end: string;
}

const SHORT: Partial<SmtpWaits> = {
  connect: 1500,
  greeting: 1500,
  tls: 1500,
  auth: 2000,
  command: 750,
  progress: 2000,
  held: 2000,
  answer: 1500,
  quit: 100,
};

const silent = () => undefined;
const close = (socket: Socket) => void socket.end();
const rst = (socket: Socket) => void socket.resetAndDestroy();
const garbage = "\u0001\u0002 what?";
/** Lines of an answer for ever, never the last. */
const drip = (line: string) => (socket: Socket) => {
  const dripping = setInterval(() => socket.write(`${line}\r\n`), 20);
  socket.once("close", () => clearInterval(dripping));
};
const flood = (socket: Socket) => void socket.write(`250-${"x".repeat(2_000_000)}`);
const half = (text: string) => (socket: Socket) => void socket.end(text);

const STARTTLS = "250-mx.test\r\n250-STARTTLS\r\n250 AUTH PLAIN";
type Phase = "greeting" | "ehlo" | "auth" | "mail" | "rcpt" | "data";

/** No dot was written, and nobody said anything about this mail: it waits, the inbox backs off. */
const unreached = (name: string, vice: Vice, account?: AccountChanges): Cell => ({
  name,
  vice,
  ...(account ? { account } : {}),
  state: "queued",
  taken: 0,
  inbox: "backs_off",
});
const inEach = (phases: readonly Phase[], name: string, answer: Vice["mail"] & {}): Cell[] =>
  phases.map((phase) => unreached(`${name} at ${phase}`, { [phase]: answer }));
const answered = (
  phase: "mail" | "rcpt" | "data" | "dot",
  response: string,
  [state, inbox]: [Cell["state"], InboxWord],
): Cell => ({
  name: `${response} at ${phase}`,
  vice: { [phase]: response },
  state,
  taken: 0,
  inbox,
});
const uncertain = (name: string, dot: NonNullable<Vice["dot"]>): Cell => ({
  name,
  vice: { dot },
  state: "uncertain",
  taken: 1,
  inbox: "well",
});
const sent = (name: string, vice: Vice): Cell => ({
  name,
  vice,
  state: "sent",
  taken: 1,
  inbox: "well",
});

const BEFORE_BODY: Phase[] = ["greeting", "ehlo", "auth", "mail", "rcpt", "data"];

export const CELLS: readonly Cell[] = [
  ...inEach(BEFORE_BODY, "silent", silent),
  ...inEach(BEFORE_BODY, "close", close),
  ...inEach(BEFORE_BODY, "rst", rst),
  ...inEach(["greeting", "ehlo"], "flood", flood),
  unreached("drip at greeting", { greeting: drip("220-one more") }),
  ...inEach(["ehlo", "auth", "mail", "rcpt"], "drip", drip("250-one more")),
  ...inEach(["greeting", "ehlo"], "garbage", garbage),
  unreached("421 at greeting", { greeting: "421 4.7.0 too many connections" }),
  unreached("554 at greeting", { greeting: "554 5.7.1 go away" }),
  unreached("half a line at greeting", { greeting: half("22") }),
  unreached("550 at ehlo", { ehlo: "550 5.5.1 no" }),
  unreached("421 at ehlo", { ehlo: "421 4.3.2 shutting down" }),
  unreached("no STARTTLS where it is asked for", {}, { security: "starttls" }),
  unreached("502 at starttls", { ehlo: STARTTLS }, { security: "starttls" }),
  unreached(
    "454 at starttls",
    { ehlo: STARTTLS, starttls: "454 4.7.0 not now" },
    { security: "starttls" },
  ),
  unreached("silent at starttls", { ehlo: STARTTLS, starttls: silent }, { security: "starttls" }),
  unreached("close at starttls", { ehlo: STARTTLS, starttls: close }, { security: "starttls" }),
  unreached(
    "no TLS behind starttls",
    { ehlo: STARTTLS, starttls: "220 go on" },
    { security: "starttls" },
  ),
  unreached("no TLS from the first byte", {}, { security: "tls" }),
  unreached("535 at auth", { auth: "535 5.7.8 bad credentials" }),
  unreached("534 at auth", { auth: "534 5.7.9 application-specific password required" }),
  unreached("454 at auth", { auth: "454 4.7.0 temporary authentication failure" }),
  unreached("421 at auth", { auth: "421 4.7.0 too many logins" }),
  unreached("538 at auth", { auth: "538 5.7.11 encryption required" }),
  unreached("502 at auth", { auth: "502 5.5.1 what?" }),
  answered("mail", "451 4.3.0 later", ["deferred", "well"]),
  answered("mail", "452 4.3.1 insufficient storage", ["deferred", "well"]),
  answered("mail", "421 4.3.2 shutting down", ["deferred", "well"]),
  answered("mail", "550 5.7.1 sender not allowed", ["deferred", "paused"]),
  answered("rcpt", "450 4.2.0 greylisted", ["deferred", "well"]),
  answered("rcpt", "450-4.2.0 grey\r\n450 4.2.0 listed", ["deferred", "well"]),
  answered("rcpt", "451 4.4.1 no answer from host", ["deferred", "well"]),
  answered("rcpt", "421 4.3.2 shutting down", ["deferred", "well"]),
  answered("rcpt", "550 5.1.1 no such user", ["failed", "well"]),
  answered("rcpt", "550-5.1.1 no\r\n550 5.1.1 such user", ["failed", "well"]),
  answered("rcpt", "552 5.2.2 mailbox full", ["failed", "well"]),
  answered("rcpt", "550 5.7.1 blocked by a list", ["deferred", "paused"]),
  answered("rcpt", "550 5.4.5 daily sending limit exceeded", ["deferred", "put_off"]),
  answered("data", "451 4.3.0 later", ["deferred", "well"]),
  answered("data", "554 no", ["failed", "well"]),
  answered("data", "421 4.4.2 timeout", ["deferred", "well"]),
  answered("dot", "451 4.3.0 later", ["deferred", "well"]),
  answered("dot", "452 4.3.1 disk full", ["deferred", "well"]),
  answered("dot", "421 4.3.2 shutting down", ["deferred", "well"]),
  answered("dot", "450 4.7.28 rate limited", ["deferred", "well"]),
  answered("dot", "550 5.4.5 daily sending limit exceeded", ["deferred", "put_off"]),
  answered("dot", "554 5.7.1 spam", ["deferred", "paused"]),
  answered("dot", "550 5.1.1 no such user", ["failed", "well"]),
  answered("dot", "552 5.3.4 message too big", ["failed", "well"]),
  answered("dot", "554-5.6.0 no\r\n554 5.6.0 at all", ["failed", "well"]),
  uncertain("silent at dot", silent),
  uncertain("close at dot", close),
  uncertain("rst at dot", rst),
  uncertain("half a line at dot", half("25")),
  uncertain("drip at dot", drip("250-one more")),
  sent("several lines at greeting", { greeting: "220-mx.test\r\n220 ready" }),
  sent("several lines at dot", { dot: "250-2.0.0 taken\r\n250 2.0.0 indeed" }),
  sent("close behind the 250", { dot: half("250 2.0.0 taken\r\n") }),
  sent("a slow answer to the dot", {
    dot: (socket) => void setTimeout(() => socket.write("250 2.0.0 taken\r\n"), 100),
  }),
  sent("an answer in pieces", {
    dot: (socket) => {
      socket.write("250 2.0");
      setTimeout(() => socket.write(".0 taken\r\n"), 50);
    },
  }),
];

/** Plays one cell: the engine sends one mail to such a server, then two days to one that is well. */
export async function playCell({ vice, account }: Cell): Promise<Seen> {
  const server = await smtpWith(vice);
  const room = openEngineRoom({ files_sent: false });
  const smtp = openSmtp({ waits: SHORT });
  let changes = account;
  const port: MailPort = {
    ...room.world.port,
    send: (_account, order) => smtp.send(server.account(changes), order),
  };
  const desk = openDesk(room.ledger, { ...room.world, port });
  try {
    const inbox = room.make.inbox({ email: "ana@sender.test" });
    const campaign = room.make.campaign({ inbox_ids: [inbox] });
    room.make.lead({ email: "lea@lead.test", campaign_id: campaign.id });
    await desk.runDue();
    const [state = "none"] = room.states();
    const row = room.inbox(inbox);
    const word: InboxWord =
      row?.state === "paused"
        ? "paused"
        : (row?.failures ?? 0) > 0
          ? "backs_off"
          : (row?.retry_at ?? null) !== null
            ? "put_off"
            : "well";
    const taken = server.delivered.length;
    for (const name of Object.keys(vice)) delete vice[name as keyof Vice];
    changes = undefined;
    room.ledger.db.run("UPDATE inboxes SET state = 'active'");
    for (
      let next = await desk.runDue(), until = room.clock.now() + 2 * DAY_MS;
      next !== null && next <= until;
      next = await desk.runDue()
    )
      room.clock.moveTo(next);
    const [state_in_the_end = "none"] = room.states();
    return {
      state,
      taken,
      inbox: word,
      taken_in_the_end: server.delivered.length,
      state_in_the_end,
    };
  } finally {
    room.close();
    await server.close();
  }
}
