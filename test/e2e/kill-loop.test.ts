// Invariant 1 on real servers: imail is killed (kill -9) at random moments, again and again, while it sends. No mail
// reaches the MTA twice, and each (enrollment, step) is there once or shown as uncertain. IMAIL_KILLS sets the count.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { chanceOf } from "../world/chance.ts";
import { mailLabMissing } from "../world/mail-lab-missing.ts";
import { until } from "../world/mail-lab-process.ts";
import { type MailLab, openMailLab } from "../world/mail-lab.ts";
import { ALWAYS, headerOf, labInbox, openRig, type Rig } from "./rig.ts";

const missing = mailLabMissing();
const KILLS = Number(process.env["IMAIL_KILLS"] ?? 50);
const LEADS = Number(process.env["IMAIL_KILL_LEADS"] ?? 60);
const SENDERS = 5;
const SETUP_MS = 30_000;
const SEED = Number(process.env["IMAIL_SEED"] ?? Date.now() % 1_000_000);

interface Message {
  id: string;
  state: string;
  enrollment_id: string;
  step_id: string;
}

describe.skipIf(missing !== null)(`killed ${KILLS} times while it sends (seed ${SEED})`, () => {
  let lab: MailLab;
  let rig: Rig;
  beforeAll(async () => {
    lab = await openMailLab({ user_count: LEADS });
    rig = await openRig();
    await rig.start();
  }, SETUP_MS);
  afterAll(async () => {
    await rig.close();
    await lab.close();
  }, SETUP_MS);

  const leads = () =>
    lab.users
      .filter(({ role }) => role === "lead")
      .map(({ email }) => email)
      .slice(0, LEADS);
  const arrived = () =>
    leads().flatMap((email) =>
      lab.mailsIn(email).map((mail) => headerOf(mail, "X-Imail-Id") ?? ""),
    );

  async function setUp(): Promise<void> {
    const inbox_ids: string[] = [];
    for (let i = 1; i <= SENDERS; i++) {
      const { id } = await rig.call<{ id: string }>(
        "POST",
        "/v1/inboxes",
        labInbox(lab, `s${i}@sender.test`, {
          min_gap_seconds: 1,
          hourly_limit: 5000,
          daily_limit: 5000,
        }),
      );
      inbox_ids.push(id);
    }
    const campaign = await rig.call<{ id: string }>("POST", "/v1/campaigns", {
      name: "Killed again and again",
      inbox_ids,
      send_window: ALWAYS,
      steps: [
        { subject: "Step one", body: "Hello." },
        { delay: "PT2S", body: "Once more." },
      ],
    });
    await rig.call("POST", "/v1/leads/bulk", {
      campaign_id: campaign.id,
      leads: leads().map((email, i) => ({
        email,
        timezone: ["Europe/Berlin", "America/New_York", "Asia/Kolkata"][i % 3],
      })),
    });
    await rig.call("POST", `/v1/campaigns/${campaign.id}/resume`);
  }

  test("no mail twice, and each step is there once or shown as uncertain", async () => {
    const chance = chanceOf(SEED);
    await setUp();
    for (let i = 0; i < KILLS; i++) {
      await Bun.sleep(50 + chance() * 900);
      await rig.kill();
      await rig.start();
    }
    const messages = await until("every lead to be through or in doubt", 120_000, async () => {
      const all = await rig.all<Message>("/v1/messages");
      const doubtful = new Set(
        all.filter(({ state }) => state === "uncertain").map((one) => one.enrollment_id),
      );
      const final = all.filter(({ state }) => state === "sent" || state === "uncertain");
      // A doubt about the first step holds the second one back for an hour.
      const done = final.length >= 2 * LEADS - doubtful.size && final.length === all.length;
      return done ? all : null;
    });
    await until("the MTA's queue to be empty", 30_000, async () =>
      (await lab.queue()).length === 0 ? true : null,
    );
    const ids = arrived();
    expect(ids.length - new Set(ids).size).toBe(0);
    const lost = messages.filter(({ id, state }) => state === "sent" && !ids.includes(id));
    expect(lost).toEqual([]);
    const known = new Set(messages.map(({ id }) => id));
    expect(ids.filter((id) => !known.has(id))).toEqual([]);
    const steps = new Set(
      messages.map(({ enrollment_id, step_id }) => `${enrollment_id} ${step_id}`),
    );
    expect(steps.size).toBe(messages.length);
    const doubts = messages.filter(({ state }) => state === "uncertain");
    process.stderr.write(
      `${KILLS} kills, ${messages.length} mails, ${ids.length} at the MTA, 0 twice, ${doubts.length} uncertain ` +
        `(${doubts.filter(({ id }) => ids.includes(id)).length} of them arrived)\n`,
    );
  }, 600_000);
});
