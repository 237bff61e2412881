// What leads do with the mails they got: answer, opt out, be away, bounce. Each mail's fate is drawn when it is taken.
import { headerOf } from "../../src/mail/sandbox-answers.ts";
import { type Chance, oneOf } from "../world/chance.ts";
import { absenceOf, answerTo, mailFrom, reportOn } from "../world/inbound-mails.ts";
import type { TakenMail } from "../world/mail-world.ts";
import type { Stage } from "./nemeses.ts";

const MINUTE_MS = 60_000;
const HUMAN = ["Sounds good, tell me more.", "What does it cost?", "Not now, thank you."];
const OPT_OUTS = ["Please unsubscribe me.", "Please take me off your list."];

interface Made {
  bytes: Uint8Array;
  /** It stops the enrollment as soon as it is read. */
  stops: boolean;
}

const FATES: [number, (mail: TakenMail, chance: Chance) => Made][] = [
  [5, (mail, chance) => ({ bytes: answerTo(mail, oneOf(chance, HUMAN)), stops: true })],
  [2, (mail, chance) => ({ bytes: answerTo(mail, oneOf(chance, OPT_OUTS)), stops: true })],
  [
    1,
    ({ from, to }) => ({
      bytes: mailFrom({ from: to, to: from }, "Please unsubscribe me."),
      stops: false,
    }),
  ],
  [3, (mail) => ({ bytes: absenceOf(mail, "I am away."), stops: false })],
  [
    2,
    ({ from, to, message_id }) => ({
      bytes: reportOn({ to: from, recipient: to, message_id }),
      stops: true,
    }),
  ],
  [
    2,
    ({ from, to, message_id }) => ({
      bytes: reportOn({
        to: from,
        recipient: to,
        message_id,
        status: "5.2.2",
        words: "552 5.2.2 full",
      }),
      stops: false,
    }),
  ],
  [
    1,
    ({ from, to, message_id }) => ({
      bytes: reportOn({ to: from, recipient: to, message_id, action: "delayed", status: "4.4.1" }),
      stops: false,
    }),
  ],
  [
    1,
    ({ from, to, message_id }) => ({
      bytes: reportOn({
        to: from,
        recipient: to,
        message_id,
        action: "delivered",
        status: "2.0.0",
      }),
      stops: false,
    }),
  ],
];
const TOTAL = FATES.reduce((sum, [weight]) => sum + weight, 0);
/** So many mails have any consequence. */
const SHARE = 0.35;

/** A server took a mail: perhaps something comes of it, in seconds or in days. */
export function drawFate(stage: Stage, mail: TakenMail): void {
  const { chance, time, office, checks } = stage;
  if (chance() > SHARE) return;
  let left = chance() * TOTAL;
  const fate = FATES.find(([weight]) => (left -= weight) < 0)?.[1];
  const made = fate?.(mail, chance);
  if (!made) return;
  const wait = oneOf(chance, [0.05, 5, 120, 1440, 4000]) * MINUTE_MS * chance();
  const folder = chance() < 0.1 ? "Junk" : "INBOX";
  time.after(wait, () => {
    office.deliver(mail.from, made.bytes, folder);
    const header_id = (headerOf(made.bytes, "Message-ID") ?? "").replace(/^<|>$/g, "");
    if (made.stops && folder === "INBOX")
      checks.answers.push({ inbox: mail.from, lead: mail.to, header_id, at: time.mono() });
  });
}
