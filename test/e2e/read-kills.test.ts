// Invariant 7 on real servers: imail is killed (kill -9) at random moments, again and again, while it reads. Each answer has
// its effect once, whatever was half done. IMAIL_READ_KILLS sets the count; then the time from an answer's delivery until
// its lead is stopped: 2 s at most.
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
const STOPPED_WITHIN_MS = 2000;

interface Enrolled {
  state: string;
}

describe.skipIf(missing !== null)(`killed ${KILLS} times while it reads (seed ${SEED})`, () => {
  let lab: MailLab;
  let rig: Rig;
  let campaign_id = "";
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
  const events = (type: string) =>
    rig.all<{ type: string }>(`/v1/events?type=${type}`).then((all) => all.length);

  async function answer(lead: string): Promise<void> {
    const [mail = ""] = await lab.waitForMails(lead, 1, { timeout_ms: 60_000 });
    const message_id = (headerOf(mail, "Message-ID") ?? "").replace(/[<>]/g, "");
    const raw = answerTo({ from: ANA, to: lead, message_id }, "Tell me more.").toString();
    await lab.save(ANA, raw);
  }

  test(
    "each answer has its effect once",
    async () => {
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
      campaign_id = campaign.id;
      await rig.call("POST", "/v1/leads/bulk", {
        campaign_id,
        leads: leads().map((email) => ({ email, timezone: "Europe/Berlin" })),
      });
      await rig.call("POST", `/v1/campaigns/${campaign_id}/resume`);
      for (const lead of leads()) await lab.waitForMails(lead, 1, { timeout_ms: 120_000 });
      const chance = chanceOf(SEED);
      const answered = leads().slice(1);
      for (let kill = 0; kill < KILLS; kill++) {
        const lead = answered[kill];
        if (lead !== undefined) await answer(lead);
        // Now and then it has everything to read again, too.
        else if (kill % 5 === 0) await lab.setUidValidity(ANA, "INBOX", 3_000_000 + kill);
        // oxlint-disable-next-line no-await-in-loop -- the moment of the kill is what is tested
        await Bun.sleep(chance() * 400);
        await rig.kill();
        await rig.start();
      }
      for (const lead of answered.slice(KILLS)) await answer(lead);
      await until("every answer's effect", 60_000, async () =>
        (await events("reply.received")) >= answered.length ? true : null,
      );
      await lab.setUidValidity(ANA, "INBOX", 4_000_000);
      await rig.kill();
      await rig.start();
      await until("a reading after that", 60_000, async () => {
        const { sync } = await rig.call<{ sync: { lag_s: number | null } }>(
          "GET",
          `/v1/inboxes/${inbox.id}`,
        );
        return sync.lag_s !== null && sync.lag_s < 5 ? true : null;
      });
      expect(await events("reply.received")).toBe(answered.length);
    },
    SETUP_MS + 120_000 + KILLS * 3000,
  );

  test("an answer stops its lead within 2 s of its delivery", async () => {
    const lead = leads()[0] ?? "";
    const before = await events("reply.received");
    await answer(lead);
    const began = performance.now();
    await until("the effect", 10_000, async () =>
      (await events("reply.received")) > before ? true : null,
    );
    const took_ms = performance.now() - began;
    const found = await rig.all<{ email: string; enrollments?: Enrolled[] }>(
      `/v1/leads?email=${encodeURIComponent(lead)}`,
    );
    expect(found).toHaveLength(1);
    expect(took_ms).toBeLessThan(STOPPED_WITHIN_MS);
    process.stdout.write(
      `an answer had its effect ${Math.round(took_ms)} ms after it was delivered\n`,
    );
  }, 60_000);
});
