// Stop against send (Invariant 2): a real house, its real SMTP client and a server on a socket; each race lets one kind of
// stop be committed at one point of the session that sends a follow-up, and counts what the server took over.
import { formatId } from "../../src/core/ids.ts";
import type { MailPort, SendOrder } from "../../src/core/mail-port.ts";
import { readOnce } from "../../src/engine/read/watch.ts";
import { headerOf } from "../../src/mail/sandbox-answers.ts";
import { openSmtp } from "../../src/mail/smtp.ts";
import { archiveCampaign, pauseCampaign } from "../../src/resources/campaigns/actions.ts";
import { pauseInboxByRequest } from "../../src/resources/inboxes/change.ts";
import { insertInbox } from "../../src/resources/inboxes/store.ts";
import { eraseLead } from "../../src/resources/leads/actions.ts";
import { pauseLead } from "../../src/resources/leads/enrollment.ts";
import { suppress } from "../../src/resources/suppressions/actions.ts";
import { askWith } from "../world/ask.ts";
import { type Chance, chanceOf, oneOf } from "../world/chance.ts";
import { DAY_MS, HOUR_MS, MONDAY } from "../world/engine-room.ts";
import { openTestHouse } from "../world/house.ts";
import { answerTo, reportOn } from "../world/inbound-mails.ts";
import { openMailWorld, openWorldClock } from "../world/mail-world.ts";
import { makerOf } from "../world/make.ts";
import { smtpWith, type Vice } from "../world/smtp-server.ts";

/** The seven kinds; what can be stopped in several ways is there several times. */
export const KINDS = [
  "reply",
  "unsubscribe",
  "bounce",
  "suppress_address",
  "suppress_domain",
  "pause_campaign",
  "pause_inbox",
  "pause_lead",
  "erase",
  "archive",
  "window_end",
  "cap_reached",
] as const;
export type Kind = (typeof KINDS)[number];
/** Where in the sending of a mail the stop is committed. `held`: behind its last byte. `same_tick`: right before the commit. */
export const POINTS = [
  "before_claim",
  "greeting",
  "ehlo",
  "auth",
  "mail",
  "rcpt",
  "data",
  "held",
  "same_tick",
  "after",
] as const;
export type Point = (typeof POINTS)[number];
const AT_SERVER = ["greeting", "ehlo", "auth", "mail", "rcpt", "data"] as const;
const FINE: Record<(typeof AT_SERVER)[number], string> = {
  greeting: "220 mx.test ESMTP",
  ehlo: "250-mx.test\r\n250 AUTH PLAIN",
  auth: "235 2.7.0 welcome",
  mail: "250 2.1.0 sender ok",
  rcpt: "250 2.1.5 recipient ok",
  data: "354 go on",
};
/** A mail that comes in is read over several turns: it cannot be committed within one tick. */
const READ_KINDS: ReadonlySet<Kind> = new Set(["reply", "unsubscribe", "bounce"]);

export interface RaceReport {
  races: number;
  /** Stops that were committed before the commit point, and those that came behind it. */
  in_time: number;
  late: number;
  delivered_after_stop: number;
  met: Record<string, number>;
  violations: string[];
}

interface Race {
  kind: Kind;
  point: Point;
  n: number;
  campaign: number;
  lead: number;
  email: string;
  inboxes: readonly number[];
  first_id: string;
}

type Field = Awaited<ReturnType<typeof openField>>;

/** Where all races of a run take place: one house, two inboxes, one server. */
async function openField() {
  const clock = openWorldClock(MONDAY);
  const world = openMailWorld(clock, { files_sent: false });
  const vice: Vice = {};
  const server = await smtpWith(vice);
  const smtp = openSmtp();
  const hooks: {
    onHeld?: (() => Promise<void>) | undefined;
    inTick?: (() => void) | undefined;
    after?: (() => void) | undefined;
  } = {};
  const watched = (order: SendOrder): SendOrder => ({
    ...order,
    onHeld(held) {
      const { onHeld, inTick, after } = hooks;
      const go = () => {
        inTick?.();
        order.onHeld({
          release() {
            after?.();
            held.release();
          },
          refuse: () => held.refuse(),
        });
      };
      if (onHeld) void onHeld().then(go);
      else go();
    },
  });
  const mail: MailPort = {
    ...world.port,
    send: (account, order) => smtp.send(account, watched(order)),
  };
  const house = await openTestHouse({ mail, clock });
  const { ledger } = house;
  const inboxes = ["ana@sender.test", "ben@sender.test"].map((email) =>
    ledger.write((tx) => {
      const id = tx.id();
      const at = {
        host: "127.0.0.1",
        port: server.port,
        security: "none",
        username: email,
        ca: null,
      } as const;
      const seal = (column: string) =>
        ledger.vault.seal({ table: "inboxes", row: id, column }, "secret");
      insertInbox(tx, {
        id,
        email,
        name: "Ana Sender",
        provider: "smtp",
        smtp: at,
        imap: at,
        smtp_password: seal("smtp_password"),
        imap_password: seal("imap_password"),
        daily_limit: 500,
        hourly_limit: 500,
        min_gap_seconds: 10,
        signature: "",
        reply_to: null,
        save_sent: "never",
      });
      return id;
    }),
  );
  return {
    clock,
    world,
    vice,
    server,
    hooks,
    house,
    ledger,
    inboxes,
    ask: askWith(house, "live"),
    run: () => house.engine.runDue(ledger),
    takenBy: (email: string) => server.delivered.filter(({ to }) => to === email).length,
    async close() {
      await house.close();
      await server.close();
    },
  };
}

/** Runs so many races, the kinds and points drawn from the seed. */
export async function runRaces(count: number, seed: number): Promise<RaceReport> {
  const field = await openField();
  const chance = chanceOf(seed);
  const report: RaceReport = {
    races: 0,
    in_time: 0,
    late: 0,
    delivered_after_stop: 0,
    met: {},
    violations: [],
  };
  try {
    for (let n = 0; n < count; n++) {
      const [kind, point] = draw(chance, n);
      await runOne(field, report, { kind, point, n });
    }
  } finally {
    await field.close();
  }
  return report;
}

/** Every pair in turn, so that a small count meets all of them, then by chance. */
function draw(chance: Chance, n: number): [Kind, Point] {
  const pairs = KINDS.flatMap((kind) =>
    POINTS.filter((point) => !READ_KINDS.has(kind) || !["same_tick", "after"].includes(point)).map(
      (point): [Kind, Point] => [kind, point],
    ),
  );
  return pairs[n] ?? oneOf(chance, pairs);
}

async function runOne(
  field: Field,
  report: RaceReport,
  { kind, point, n }: Pick<Race, "kind" | "point" | "n">,
): Promise<void> {
  const race = await prepare(field, { kind, point, n });
  const before = field.takenBy(race.email);
  let stopped_before_dot = false;
  let taken_at_stop = 0;
  const noteStop = () => {
    stopped_before_dot = point !== "after";
    taken_at_stop = field.takenBy(race.email);
  };
  arm(field, race, noteStop);
  if (point === "before_claim") {
    await stopAsync(field, race);
    noteStop();
  }
  await field.run();
  disarm(field);
  const name = `${kind} ${point}`;
  report.races++;
  report.met[name] = (report.met[name] ?? 0) + 1;
  if (stopped_before_dot) report.in_time++;
  else report.late++;
  // The day has one place for two leads: whoever has it, nobody else may go.
  const both = field.takenBy(race.email) + field.takenBy(`max@${domain(race)}`);
  const after =
    kind === "cap_reached"
      ? both - 1
      : field.takenBy(race.email) - (stopped_before_dot ? taken_at_stop : before + 1);
  if (after > 0) {
    report.delivered_after_stop += after;
    report.violations.push(`race ${n}: ${name}: delivered after the stop was committed`);
  }
  if (!stopped_before_dot && point !== "after")
    report.violations.push(`race ${n}: ${name}: the stop never came`);
  await waitAndSee(field, race, report);
}

/** A campaign and a lead that has its first mail; its second is due now. */
async function prepare(
  field: Field,
  { kind, point, n }: Pick<Race, "kind" | "point" | "n">,
): Promise<Race> {
  const { ledger, clock, inboxes } = field;
  // Each race has a day of its own, at 09:00 in Berlin.
  clock.moveTo(MONDAY + n * 7 * DAY_MS);
  const make = makerOf(ledger);
  const cap = kind === "cap_reached";
  const campaign = make.campaign({
    inbox_ids: cap ? [...inboxes] : [inboxes[0] ?? 0],
    steps: cap ? [{}] : [{}, { delay: "PT4H" }, { delay: "P1D" }],
    send_window: {
      timezone: "UTC",
      end: "15:00",
      days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
      start: "06:00",
    },
    ...(cap ? { daily_limit: 1 } : {}),
  });
  const email = `lea@company${n}.test`;
  const lead = make.lead({ email, campaign_id: campaign.id });
  if (cap) make.lead({ email: `max@company${n}.test`, campaign_id: campaign.id });
  else {
    await field.run();
    clock.moveBy(4 * HOUR_MS);
  }
  const sent = field.server.delivered.find(({ to }) => to === email);
  const first_id = (headerOf(sent?.bytes ?? new Uint8Array(), "Message-ID") ?? "").replace(
    /^<|>$/g,
    "",
  );
  return { kind, point, n, campaign: campaign.id, lead, email, inboxes, first_id };
}

function arm(field: Field, race: Race, done: () => void): void {
  const { point } = race;
  let armed = true;
  const once = async () => {
    if (!armed) return;
    armed = false;
    await stopAsync(field, race);
    done();
  };
  for (const name of AT_SERVER)
    if (name === point)
      field.vice[name] = (socket) => void once().then(() => socket.write(`${FINE[name]}\r\n`));
  if (point === "held") field.hooks.onHeld = once;
  const now = () => {
    if (!armed) return;
    armed = false;
    stopNow(field, race);
    done();
  };
  if (point === "same_tick") field.hooks.inTick = now;
  if (point === "after") field.hooks.after = now;
}

function disarm({ vice, hooks }: Field): void {
  for (const name of AT_SERVER) delete vice[name];
  hooks.onHeld = hooks.inTick = hooks.after = undefined;
}

/** Through the API where there is one; a mail through the mailbox. Resolves when it is committed. */
async function stopAsync(field: Field, race: Race): Promise<void> {
  const { ask } = field;
  const campaign = formatId("cmp", race.campaign);
  const lead = formatId("lead", race.lead);
  const call = async (method: "POST" | "DELETE", path: string, body?: object) => {
    const answer = await ask(method, path, body);
    // The API's own rate runs on real time, which hundreds of races outrun: then the action behind the route.
    if (answer.status === 429) return stopNow(field, race);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
  };
  const first = { from: "ana@sender.test", to: race.email, message_id: race.first_id };
  switch (race.kind) {
    case "reply":
      return read(field, race, answerTo(first, "Sounds good, tell me more."));
    case "unsubscribe":
      return read(field, race, answerTo(first, "Please unsubscribe me."));
    case "bounce":
      return read(
        field,
        race,
        reportOn({ to: first.from, recipient: race.email, message_id: race.first_id }),
      );
    case "suppress_address":
      return call("POST", "/suppressions", { value: race.email });
    case "suppress_domain":
      return call("POST", "/suppressions", { value: domain(race) });
    case "pause_campaign":
      return call("POST", `/campaigns/${campaign}/pause`);
    case "pause_inbox":
      return call("POST", `/inboxes/${formatId("inb", race.inboxes[0] ?? 0)}/pause`);
    case "pause_lead":
      return call("POST", `/leads/${lead}/pause`, {});
    case "erase":
      return call("DELETE", `/leads/${lead}`);
    case "archive":
      return call("DELETE", `/campaigns/${campaign}`);
    case "window_end":
    case "cap_reached":
      stopNow(field, race);
  }
}

const domain = ({ email }: Race) => email.split("@")[1] ?? "";

/** The same within one tick. */
function stopNow(field: Field, race: Race): void {
  const { ledger, clock } = field;
  const order = (kind: "address" | "domain", value: string) =>
    ledger.write((tx) =>
      suppress(ledger, tx, { kind, value, reason: "manual", source: "api", evidence: null }),
    );
  const stops: Partial<Record<Kind, () => unknown>> = {
    suppress_address: () => order("address", race.email),
    suppress_domain: () => order("domain", domain(race)),
    pause_campaign: () => pauseCampaign(ledger, race.campaign),
    pause_inbox: () => pauseInboxByRequest(ledger, race.inboxes[0] ?? 0),
    pause_lead: () => pauseLead(ledger, { lead_id: race.lead, campaign_id: null }),
    erase: () => eraseLead(ledger, race.lead),
    archive: () => void archiveCampaign(ledger, race.campaign),
    // Five to five would be fresh enough: the window's end alone must stop it.
    window_end: () => {
      clock.moveTo(MONDAY + race.n * 7 * DAY_MS + 8 * HOUR_MS);
      ledger.db.run("UPDATE inboxes SET read_at = ?", [clock.now()]);
    },
    // Another inbox looks for work in the midst of it: the one place of the day is taken.
    cap_reached: () => void field.run(),
  };
  const stop = stops[race.kind];
  if (!stop) throw new Error(`${race.kind} cannot come within a tick`);
  stop();
}

async function read(field: Field, { inboxes }: Race, bytes: Uint8Array): Promise<void> {
  const { world, ledger } = field;
  world.deliver("ana@sender.test", bytes);
  const account = { email: "ana@sender.test" } as Parameters<MailPort["openMailbox"]>[0];
  const session = await world.port.openMailbox(account, new AbortController().signal);
  await readOnce(ledger, inboxes[0] ?? 0, session);
}

/** Two days later: what was stopped is still stopped; nothing went twice. Then the field is cleared. */
async function waitAndSee(field: Field, race: Race, report: RaceReport): Promise<void> {
  const { kind, point, n, email } = race;
  const taken = field.takenBy(email);
  field.clock.moveTo(MONDAY + n * 7 * DAY_MS + 9 * HOUR_MS);
  await field.run();
  field.clock.moveTo(MONDAY + (n * 7 + 2) * DAY_MS);
  await field.run();
  const more = field.takenBy(email) - taken;
  const goes_on = kind === "window_end" || kind === "cap_reached";
  if (more > 0 && !goes_on)
    report.violations.push(`race ${n}: ${kind} ${point}: ${more} more after two days`);
  if (goes_on && field.takenBy(email) < (kind === "cap_reached" ? 1 : 2))
    report.violations.push(`race ${n}: ${kind} ${point}: it never went on`);
  const mails = field.server.delivered.map(({ bytes }) => headerOf(bytes, "X-Imail-Id"));
  if (new Set(mails).size !== mails.length)
    report.violations.push(`race ${n}: ${kind} ${point}: one mail was taken twice`);
  field.ledger.db.run("UPDATE inboxes SET state = 'active'");
  await archiveCampaign(field.ledger, race.campaign);
}
