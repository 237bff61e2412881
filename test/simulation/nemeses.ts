// What can befall a simulated program, by name (reliability.md 3.9): kills, sleep, clocks, a full disk, servers that
// forget, and people who change their minds. One nemesis is one entry; its chance is the run's.
import {
  archiveCampaign,
  changeCampaign,
  pauseCampaign,
  resumeCampaign,
} from "../../src/resources/campaigns/actions.ts";
import { pauseInboxByRequest, resumeInboxByRequest } from "../../src/resources/inboxes/change.ts";
import { findInbox, findInboxByEmail, updateInbox } from "../../src/resources/inboxes/store.ts";
import { eraseLead } from "../../src/resources/leads/actions.ts";
import { pauseLead, resumeLead, stopLeadIn } from "../../src/resources/leads/enrollment.ts";
import { suppress } from "../../src/resources/suppressions/actions.ts";
import { type Chance, oneOf } from "../world/chance.ts";
import type { MailWorld } from "../world/mail-world.ts";
import type { Checks, Promised } from "./checks.ts";
import type { Point } from "./fragile-ledger.ts";
import type { Program } from "./program.ts";
import type { MailOffice } from "./sim-mail.ts";
import { addLead, pickCampaignLimits, pickInboxLimits, pickWindow, type Town } from "./town.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface Stage {
  time: VirtualTime;
  chance: Chance;
  program: Program;
  world: MailWorld;
  office: MailOffice;
  promised: Promised;
  checks: Checks;
  town: Town;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const POINTS: readonly (Point | null)[] = [
  null,
  null,
  "before_write",
  "before_commit",
  "after_commit",
  "before_append",
  "after_append",
];

/** Seconds, minutes, hours or days, each as often as the others. */
const anyLength = (chance: Chance) =>
  Math.ceil(chance() * oneOf(chance, [20 * SECOND_MS, 10 * MINUTE_MS, 5 * HOUR_MS, 3 * DAY_MS]));

const aCampaign = ({ promised, chance }: Stage) => oneOf(chance, [...promised.campaigns.keys()]);
const anInbox = ({ promised, chance }: Stage) => oneOf(chance, [...promised.inboxes.keys()]);
const anEmail = ({ promised, chance }: Stage) => oneOf(chance, [...promised.zones.keys()]);
const leadOf = (stage: Stage) => {
  const email = anEmail(stage);
  const row = stage.program
    .reading()
    .db.query<{ id: number }, [string]>("SELECT id FROM leads WHERE email = ?")
    .get(email);
  return { email, id: row?.id ?? 0 };
};
const inboxId = (stage: Stage) =>
  findInboxByEmail(stage.program.reading(), anInbox(stage))?.id ?? 0;

type Play = (stage: Stage) => void;

function setClock(stage: Stage, by: number): void {
  stage.time.setWallBy(by);
  stage.checks.onUnsteady();
  // Whoever ticks every 30 s sees the new time within them.
  stage.program.lookWithin(stage.chance() * 30 * SECOND_MS);
}

function setSettings(stage: Stage): void {
  const id = aCampaign(stage);
  const known = stage.promised.campaigns.get(id);
  if (!known) return;
  const limits = pickCampaignLimits(stage.chance);
  const send_window =
    stage.chance() < 0.3 ? pickWindow(stage.chance, stage.town.start) : known.send_window;
  const done = stage.program.ask((ledger) =>
    changeCampaign(ledger, id, { ...limits, send_window } as Parameters<typeof changeCampaign>[2]),
  );
  if (done) stage.promised.campaigns.set(id, { ...known, ...limits, send_window });
}

function setInboxLimits(stage: Stage): void {
  const email = anInbox(stage);
  const limits = pickInboxLimits(stage.chance);
  const done = stage.program.ask((ledger) =>
    ledger.write((tx) => {
      const inbox = findInboxByEmail(tx, email);
      if (inbox) updateInbox(tx, inbox.id, { ...inbox, ...limits });
    }),
  );
  if (done) stage.promised.inboxes.set(email, { email, ...limits });
}

function suppressOne(stage: Stage): void {
  const email = anEmail(stage);
  const kind = stage.chance() < 0.8 ? "address" : "domain";
  const value = kind === "address" ? email : (email.split("@")[1] ?? "");
  const order = { kind, value, reason: "manual", source: "api", evidence: null } as const;
  if (stage.program.ask((ledger) => ledger.write((tx) => suppress(ledger, tx, order))))
    stage.checks.opted_out.add(value);
}

function archiveOne(stage: Stage): void {
  if (stage.chance() < 0.7) return;
  const id = aCampaign(stage);
  void stage.program.ask((ledger) => {
    archiveCampaign(ledger, id).catch(() => undefined);
  });
}

/** Paused, and after a while resumed. */
function pauseFor(stage: Stage, pause: () => void, resume: () => void): void {
  stage.program.ask(pause);
  stage.time.after(anyLength(stage.chance), () => void stage.program.ask(resume));
}

function fillDisk(stage: Stage): void {
  stage.program.setDiskFull(oneOf(stage.chance, [0.3, 0.8, 1]));
  stage.time.after(Math.min(DAY_MS, anyLength(stage.chance)), () => {
    stage.program.setDiskFull(0);
    stage.program.look();
  });
}

function startKill(stage: Stage): void {
  const { chance, program } = stage;
  program.killAt(Math.ceil(chance() * 12), oneOf(chance, POINTS), anyLength(chance));
}

function stopProgram(stage: Stage): void {
  stage.time.pauseProgram(anyLength(stage.chance));
  stage.checks.onUnsteady();
}

function breakSmtp({ office, time, chance }: Stage): void {
  office.weather.smtp = oneOf(chance, [0.3, 0.7, 1]);
  time.after(anyLength(chance) / 4, () => void (office.weather.smtp = 0.05));
}

function breakImap({ office, time, chance }: Stage): void {
  office.weather.imap = oneOf(chance, [0.1, 0.5, 1]);
  time.after(anyLength(chance) / 4, () => void (office.weather.imap = 0));
}

/** Every mail of a mailbox stands in it a second time. */
function doubleMails(stage: Stage): void {
  const email = anInbox(stage);
  for (const { bytes } of stage.world.folderOf(email, "INBOX").mails.slice(-5))
    stage.office.deliver(email, bytes);
}

function pauseOneLead(stage: Stage): void {
  const { id } = leadOf(stage);
  const aim = { lead_id: id, campaign_id: null };
  const { program } = stage;
  program.ask((ledger) => pauseLead(ledger, aim));
  stage.time.after(anyLength(stage.chance), () => void program.ask((l) => resumeOne(stage, l, id)));
}

function resumeOne({ checks }: Stage, ledger: Parameters<typeof resumeLead>[0], lead_id: number) {
  const before = ledger.db
    .query<{ id: number; campaign_id: number }, [number]>(
      "SELECT id, campaign_id FROM enrollments WHERE lead_id = ? AND state = 'paused'",
    )
    .all(lead_id);
  for (const { id, campaign_id } of before) {
    resumeLead(ledger, { lead_id, campaign_id });
    checks.forgetEnd(id);
  }
}

/** By name, with how often each comes beside the others. */
export const NEMESES: Record<string, { weight: number; play: Play }> = {
  kill9: { weight: 6, play: startKill },
  sigterm: { weight: 2, play: (stage) => stage.program.terminate(anyLength(stage.chance)) },
  sigstop: { weight: 2, play: stopProgram },
  clock_fwd: { weight: 1, play: (stage) => setClock(stage, anyLength(stage.chance) / 3) },
  clock_back: { weight: 1, play: (stage) => setClock(stage, -anyLength(stage.chance) / 3) },
  diskfull: { weight: 2, play: fillDisk },
  smtp_storm: { weight: 4, play: breakSmtp },
  imap_storm: { weight: 3, play: breakImap },
  imap_uidvalidity: {
    weight: 1,
    play: (stage) => stage.world.resetUids(anInbox(stage), "INBOX"),
  },
  imap_dup: { weight: 1, play: doubleMails },
  imap_huge: {
    weight: 0.5,
    play: (stage) => {
      const text = `From: <a@b.test>\r\nSubject: big\r\n\r\n${"x".repeat(30_000)}\r\n`;
      stage.office.deliver(anInbox(stage), Buffer.from(text));
    },
  },
  pause_campaign: {
    weight: 2,
    play: (stage) => {
      const id = aCampaign(stage);
      const { program } = stage;
      pauseFor(
        stage,
        () => program.ask((ledger) => pauseCampaign(ledger, id)),
        () => program.ask((ledger) => resumeCampaign(ledger, id)),
      );
    },
  },
  pause_inbox: {
    weight: 2,
    play: (stage) => {
      const id = inboxId(stage);
      const { program } = stage;
      pauseFor(
        stage,
        () => program.ask((ledger) => pauseInboxByRequest(ledger, id)),
        () => program.ask((ledger) => resumeInboxByRequest(ledger, id)),
      );
    },
  },
  pause_lead: { weight: 2, play: pauseOneLead },
  stop_lead: {
    weight: 0.7,
    play: (stage) => {
      const { id } = leadOf(stage);
      stage.program.ask((ledger) => stopLeadIn(ledger, { lead_id: id, campaign_id: null }));
    },
  },
  suppress: { weight: 0.7, play: suppressOne },
  erase_lead: {
    weight: 0.5,
    play: (stage) => {
      const { id, email } = leadOf(stage);
      if (stage.program.ask((ledger) => eraseLead(ledger, id))) stage.checks.opted_out.add(email);
    },
  },
  archive_campaign: { weight: 0.3, play: archiveOne },
  change_campaign: { weight: 1.5, play: setSettings },
  change_inbox: { weight: 1, play: setInboxLimits },
  add_lead: {
    weight: 2,
    play: (stage) =>
      void stage.program.ask((ledger) => addLead(ledger, stage.promised, stage.chance)),
  },
  /** A tick that nobody ordered. */
  look: { weight: 2, play: (stage) => stage.program.look() },
};

const TOTAL = Object.values(NEMESES).reduce((sum, { weight }) => sum + weight, 0);

/** One of them, by weight. */
export function pickNemesis(chance: Chance): string {
  let left = chance() * TOTAL;
  for (const [name, { weight }] of Object.entries(NEMESES)) if ((left -= weight) < 0) return name;
  return "look";
}

/** Somebody looks after everything that waits for a person. */
export function tidyUp(stage: Stage): void {
  const { program, office, promised } = stage;
  office.weather.smtp = 0;
  office.weather.imap = 0;
  program.setDiskFull(0);
  for (const id of promised.campaigns.keys()) program.ask((ledger) => resumeCampaign(ledger, id));
  for (const email of promised.inboxes.keys())
    program.ask((ledger) => {
      const inbox = findInboxByEmail(ledger, email);
      if (inbox && findInbox(ledger, inbox.id)?.state === "paused")
        resumeInboxByRequest(ledger, inbox.id);
    });
}
