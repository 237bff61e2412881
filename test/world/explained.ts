// Holds what `explain` says against what happens: a witness that asks at every stop and remembers, until somebody acts.

import type { EnrollmentExplanation } from "../../src/core/explanation.ts";
import { explainCampaign } from "../../src/engine/explain/campaign.ts";
import { explainLead } from "../../src/engine/explain/lead.ts";
import { openScene } from "../../src/engine/explain/scene.ts";
import type { EngineRoom } from "./engine-room.ts";

const signsOf = ({ desk }: EngineRoom) => ({
  disk_level: null,
  is_stuck: desk.isStuck(),
  mayStart: (inbox_id: number) => desk.mayStart(inbox_id),
});

/** The scene of a room as it is now. */
export const sceneOf = (room: EngineRoom) => openScene(room.ledger, signsOf(room));

/** What `explain` says of every campaign that a lead is in. */
export const explainedOf = (room: EngineRoom, lead_id: number): EnrollmentExplanation[] =>
  explainLead(sceneOf(room), lead_id)?.enrollments ?? [];

/** What it says of a campaign. */
export function campaignOf(room: EngineRoom, campaign_id: number) {
  const told = explainCampaign(sceneOf(room), campaign_id);
  if (!told) throw new Error("there is no such campaign");
  return told;
}

export type Teller = (room: EngineRoom, lead_id: number) => EnrollmentExplanation[];

const shown = (at: number | null) => (at === null ? "never" : new Date(at).toISOString());
const UNSENT = new Set(["mail_server", "imail"]);

/** Asks at every stop; `lies` are the sentences about what was not true. */
export function openWitness(room: EngineRoom, lead_ids: readonly number[], teller: Teller) {
  const lies: string[] = [];
  let told = new Map<number, EnrollmentExplanation>();
  let seen = 0;

  const readMails = () => {
    const mails = room.ledger.db
      .query<{ enrollment_id: number; claimed_at: number; id: number; attempts: number }, []>(
        "SELECT enrollment_id, claimed_at, id, attempts FROM messages WHERE attempts > 0",
      )
      .all();
    return new Map(mails.map((mail) => [`${mail.id}|${mail.attempts}`, mail]));
  };
  let known = readMails();

  /** A mail that was begun before the instant that was told, or against a person's word. */
  const checkMails = () => {
    const now = readMails();
    for (const [key, { enrollment_id, claimed_at }] of now) {
      const before = told.get(enrollment_id);
      if (known.has(key) || !before) continue;
      const { next_at, gates } = before;
      const may_come = gates.some(({ waits_for }) => UNSENT.has(waits_for));
      if (next_at === null ? !may_come : claimed_at < next_at)
        lies.push(
          `${enrollment_id} was mailed at ${shown(claimed_at)}, not before ${shown(next_at)} was told`,
        );
    }
    known = now;
  };

  /** Told to pass by now, and still there with the same instant. */
  const checkGates = (one: EnrollmentExplanation) => {
    const now = room.clock.now();
    for (const gate of one.gates) {
      if (gate.next_at !== null && gate.next_at <= now)
        lies.push(
          `${one.enrollment_id}: ${gate.code} fails still at ${shown(now)}, told was ${shown(gate.next_at)}`,
        );
    }
    // The window is in it: when the instant that was told has come, it is open.
    const before = told.get(one.enrollment_id);
    if (before?.next_at === now && one.gates.some(({ code }) => code === "outside_window"))
      lies.push(`${one.enrollment_id} was to go at ${shown(now)}, and the window is closed`);
    if (one.next_at !== null && one.next_at <= now && one.verdict !== "ended")
      lies.push(`${one.enrollment_id} may go at ${shown(now)} and does not: ${one.verdict}`);
  };

  return {
    lies,
    /** How many times something was explained. */
    count: () => seen,
    /** What happened since the last look is held against what was told then; then it is told anew. */
    look() {
      checkMails();
      const anew = new Map<number, EnrollmentExplanation>();
      for (const lead_id of lead_ids) {
        for (const one of teller(room, lead_id)) {
          seen++;
          if (one.gates.length === 0)
            lies.push(`${one.enrollment_id} is not mailed, without a reason`);
          if (one.verdict !== "ended") checkGates(one);
          anew.set(one.enrollment_id, one);
        }
      }
      told = anew;
    },
    /** Somebody acts: what was told holds no more. */
    forget() {
      told = new Map();
      known = readMails();
    },
    /** The next instant that was told, after now. */
    nextTold(): number | null {
      const now = room.clock.now();
      const all = [...told.values()]
        .flatMap(({ next_at, gates }) => gates.map((gate) => gate.next_at).concat(next_at))
        .filter((at): at is number => at !== null && at > now);
      return all.length === 0 ? null : Math.min(...all);
    },
  };
}

export type Witness = ReturnType<typeof openWitness>;

const STOPS_MOST = 5000;

/** Plays on as the engine would, and looks at every instant at which something falls due or was told to. */
export async function playWatched(
  room: EngineRoom,
  witness: Witness,
  until: number,
): Promise<void> {
  for (let stops = 0; ; stops++) {
    if (stops > STOPS_MOST) throw new Error("too many stops: a hot loop?");
    const due = await room.run();
    witness.look();
    const instants = [due, room.world.nextArrivalAt(), witness.nextTold()];
    const next = Math.min(
      ...instants.map((at) => (at === null || at <= room.clock.now() ? Infinity : at)),
    );
    if (next > until) break;
    room.clock.moveTo(next);
  }
  room.clock.moveTo(Math.max(until, room.clock.now()));
}
