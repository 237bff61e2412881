// Invariant 7 on real servers: imail is killed (kill -9) at random moments, again and again, while it reads. Each answer has
// its effect once, whatever was half done. IMAIL_READ_KILLS sets the count. Then, undisturbed, the time from an answer's
// delivery to its effect: 2 s at most.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { chanceOf } from "../world/chance.ts";
import { answerTo } from "../world/inbound-mails.ts";
import { mailLabMissing } from "../world/mail-lab-missing.ts";
import { until } from "../world/mail-lab-process.ts";
import { type MailLab, openMailLab } from "../world/mail-lab.ts";
import { ALWAYS, headerOf, labInbox, openRig, type Rig } from "./rig.ts";

const missing = mailLabMissing();
const KILLS = Number(process.env["IMAIL_READ_KILLS"] ?? 15);
const SEED = Number(process.env["IMAIL_SEED"] ?? Date.now() % 1_000_000);
const LEADS = 20;
const ANA = "s1@sender.test";
const SETUP_MS = 60_000;
const EFFECT_WITHIN_MS = 2000;

describe.skipIf(missing !== null)(`killed ${KILLS} times while it reads (seed ${SEED})`, () => {
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
  const effects = async () => (await rig.all("/v1/events?event=reply.received")).length;

  async function setUp(): Promise<string> {
    const inbox = await rig.call<{ id: string }>(
      "POST",
      "/v1/inboxes",
      labInbox(lab, ANA, { min_gap_seconds: 1, hourly_limit: 5000, daily_limit: 5000 }),
    );
    const campaign = await rig.call<{ id: string }>("POST", "/v1/campaigns", {
      name: "Answered",
      inbox_ids: [inbox.id],
      send_window: ALWAYS,
      stop_for_company: false,
      steps: [
        { subject: "Hello", body: "Hello." },
        { delay: "P30D", body: "Again." },
      ],
    });
    await rig.call("POST", "/v1/leads/bulk", {
      campaign_id: campaign.id,
      leads: leads().map((email) => ({ email, timezone: "Europe/Berlin" })),
    });
    await rig.call("POST", `/v1/campaigns/${campaign.id}/resume`);
    for (const lead of leads()) await lab.waitForMails(lead, 1, { timeout_ms: 120_000 });
    return inbox.id;
  }

  async function answer(lead: string): Promise<void> {
    const [mail = ""] = await lab.waitForMails(lead, 1);
    const message_id = (headerOf(mail, "Message-ID") ?? "").replace(/[<>]/g, "");
    const raw = answerTo({ from: ANA, to: lead, message_id }, "Tell me more.").toString();
    await lab.save(ANA, raw);
  }

  async function killAgainAndAgain(answering: readonly string[]): Promise<void> {
    const chance = chanceOf(SEED);
    for (let kill = 0; kill < KILLS; kill++) {
      const lead = answering[kill];
      if (lead !== undefined) await answer(lead);
      // Now and then it has everything to read again, too.
      if (kill % 5 === 4) await lab.setUidValidity(ANA, "INBOX", 3_000_000 + kill);
      await Bun.sleep(chance() * 400);
      await rig.kill();
      await rig.start();
    }
    for (const lead of answering.slice(KILLS)) await answer(lead);
  }

  const isRead = async (inbox_id: string) => {
    const { sync } = await rig.call<{ sync: { lag_s: number | null } }>(
      "GET",
      `/v1/inboxes/${inbox_id}`,
    );
    return sync.lag_s !== null && sync.lag_s < 5 ? true : null;
  };

  test(
    "each answer has its effect once, and undisturbed within 2 s",
    async () => {
      const inbox_id = await setUp();
      const [last = "", ...answering] = leads();
      await killAgainAndAgain(answering);
      await until("every answer's effect", 60_000, async () =>
        (await effects()) >= answering.length ? true : null,
      );
      await lab.setUidValidity(ANA, "INBOX", 4_000_000);
      await rig.kill();
      await rig.start();
      await until("a reading after that", 60_000, () => isRead(inbox_id));
      expect(await effects()).toBe(answering.length);

      await answer(last);
      const began = performance.now();
      await until("the effect", 30_000, async () =>
        (await effects()) > answering.length ? true : null,
      );
      const took_ms = performance.now() - began;
      process.stdout.write(`effect ${Math.round(took_ms)} ms after the delivery\n`);
      expect(took_ms).toBeLessThan(EFFECT_WITHIN_MS);
    },
    SETUP_MS + 180_000 + KILLS * 4000,
  );
});
