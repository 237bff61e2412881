// What can go wrong in one SMTP session, as a table: kind x phase, and the servers' refusals. The port's contract says
// what each looks like from inside (core/mail-port.ts); test/simulation/smtp-cells.ts holds the real port to it.
import type { LoginFault, SendOutcome } from "../../src/core/mail-port.ts";
import { type Chance, oneOf } from "../world/chance.ts";

/** One session: how long until the dot could go, how it ends. */
export interface Session {
  name: string;
  before_ms: number;
  before_dot?: SendOutcome;
  after_ms: number;
  after_dot?: SendOutcome;
  takes: boolean;
}

const KINDS = ["refuse", "silent", "slow", "rst", "close"] as const;
const BEFORE = [
  "connect",
  "greeting",
  "ehlo",
  "starttls",
  "auth",
  "mail",
  "rcpt",
  "data",
  "body",
] as const;
const AFTER = ["dot", "after250"] as const;
type Kind = (typeof KINDS)[number];
type Phase = (typeof BEFORE)[number] | (typeof AFTER)[number];

const REFUSALS: [string, "rcpt" | "dot"][] = [
  ["421 4.3.2 shutting down", "rcpt"],
  ["450 4.2.0 greylisted", "rcpt"],
  ["451 4.7.1 try again later", "rcpt"],
  ["452 4.5.3 too many recipients", "rcpt"],
  ["451 4.3.0 local error", "dot"],
  ["452 4.3.1 disk full", "dot"],
  ["450 4.7.28 rate limited, too many messages", "dot"],
  ["550 5.1.1 no such user", "rcpt"],
  ["552 5.2.2 mailbox full", "rcpt"],
  ["550 5.4.5 daily sending limit exceeded", "dot"],
  ["554 5.7.1 message looks like spam", "dot"],
  ["554 transaction failed", "dot"],
];

const FAULTS: Record<Exclude<Kind, "slow">, (phase: Phase) => LoginFault> = {
  refuse: (phase) => (phase === "auth" ? "auth" : phase === "starttls" ? "no_starttls" : "connect"),
  silent: () => "timeout",
  rst: () => "connect",
  close: (phase) => (phase === "greeting" ? "greeting" : "connect"),
};

type Make = (chance: Chance) => Session;
const seconds = (chance: Chance, from: number, to: number) =>
  Math.round(1000 * (from + chance() * (to - from)));
const usual = (chance: Chance) => ({
  before_ms: seconds(chance, 0.05, 3),
  after_ms: seconds(chance, 0.02, 1),
  takes: true,
});

/** What a good server does. */
export const goodSession: Make = (chance) => ({ name: "smtp_good", ...usual(chance) });

function cell(kind: Kind, phase: Phase): Make {
  const name = `smtp_${kind}_${phase}`;
  const is_after = phase === "dot" || phase === "after250";
  if (kind === "slow")
    return (chance) => ({
      name,
      ...usual(chance),
      ...(is_after
        ? { after_ms: seconds(chance, 10, 290) }
        : { before_ms: seconds(chance, 10, 290) }),
    });
  const wait = (chance: Chance) => (kind === "silent" ? seconds(chance, 30, 300) : 200);
  // Behind the 250 nothing can take it back.
  if (phase === "after250") return (chance) => ({ name, ...usual(chance) });
  if (phase === "dot" && kind === "refuse") return refusal("554 5.3.0 failed", "dot");
  if (phase === "dot")
    return (chance) => ({
      name,
      ...usual(chance),
      after_ms: wait(chance),
      after_dot: { outcome: "unclear", response: name },
      takes: chance() < 0.5,
    });
  return (chance) => ({
    name,
    ...usual(chance),
    before_ms: wait(chance),
    before_dot: { outcome: "unreached", fault: FAULTS[kind](phase), response: name },
  });
}

function refusal(response: string, phase: "rcpt" | "dot"): Make {
  const code = Number(response.slice(0, 3));
  const answer: SendOutcome = {
    outcome: code < 500 ? "deferred" : "rejected",
    response,
    code,
    enhanced: /\b[245]\.\d+\.\d+\b/.exec(response)?.[0] ?? null,
    after_dot: phase === "dot",
  };
  const name = `smtp_${code < 500 ? "4xx" : "5xx"}_${phase}`;
  return (chance) =>
    phase === "rcpt"
      ? { name, ...usual(chance), before_dot: answer }
      : { name, ...usual(chance), after_dot: answer, takes: false };
}

const TABLE: readonly Make[] = [
  ...KINDS.flatMap((kind) => [...BEFORE, ...AFTER].map((phase) => cell(kind, phase))),
  ...REFUSALS.map(([response, phase]) => refusal(response, phase)),
  // A 5xx at the recipient is rarer in life than here, but each ends a lead: the others are there to be tried again.
  ...REFUSALS.slice(0, 7).map(([response, phase]) => refusal(response, phase)),
];

/** A session that goes wrong in one of the ways of the table. */
export function badSession(chance: Chance): Session {
  return oneOf(chance, TABLE)(chance);
}
