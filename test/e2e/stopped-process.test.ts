// A process that is stopped for a while, as a laptop that sleeps: it reads first, sends what is due, and makes up for nothing.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { mailLabMissing } from "../world/mail-lab-missing.ts";
import { type MailLab, openMailLab } from "../world/mail-lab.ts";
import { ALWAYS, labInbox, openRig, type Rig } from "./rig.ts";

const missing = mailLabMissing();
/** Longer than a look may take, and than three gaps of the pace. */
const STOPPED_MS = 66_000;

describe.skipIf(missing !== null)("a process that is stopped for 66 s", () => {
  let lab: MailLab;
  let rig: Rig;
  beforeAll(async () => {
    lab = await openMailLab();
    rig = await openRig();
    await rig.start();
  }, 30_000);
  afterAll(async () => {
    await rig.close();
    await lab.close();
  }, 30_000);

  test("stops at an answer that came in meanwhile, and sends no burst afterwards", async () => {
    const server = labInbox(lab, "s1@sender.test", { min_gap_seconds: 20, hourly_limit: 100 });
    const inbox = await rig.call<{ id: string }>("POST", "/v1/inboxes", server);
    const campaign = await rig.call<{ id: string }>("POST", "/v1/campaigns", {
      name: "Stopped",
      inbox_ids: [inbox.id],
      send_window: ALWAYS,
      steps: [
        { subject: "Hello", body: "Hi" },
        { delay: "PT30S", body: "Again" },
      ],
    });
    const leads = ["lead1@lead.test", "lead2@other.test", "lead3@lead.test"].map((email) => ({
      email,
    }));
    await rig.call("POST", "/v1/leads/bulk", { campaign_id: campaign.id, leads });
    await rig.call("POST", `/v1/campaigns/${campaign.id}/resume`);
    await lab.waitForMails("lead1@lead.test", 1, { timeout_ms: 15_000 });
    const [first = ""] = lab.mailsIn("lead1@lead.test");
    const id = /^Message-ID: (.+)$/im.exec(first)?.[1] ?? "";

    rig.signal("SIGSTOP");
    await lab.inject({
      from: "lead1@lead.test",
      to: "s1@sender.test",
      raw: `From: <lead1@lead.test>\r\nTo: s1@sender.test\r\nSubject: Re: Hello\r\nMessage-ID: <answer-1@lead.test>\r\nIn-Reply-To: ${id}\r\nDate: ${new Date().toUTCString()}\r\n\r\nYes, tell me more.\r\n`,
    });
    const sent = () => leads.reduce((n, { email }) => n + lab.mailsIn(email).length, 0);
    await Bun.sleep(STOPPED_MS);
    const before = sent();
    rig.signal("SIGCONT");
    await Bun.sleep(12_000);
    // One slot, whatever was missed; and the follow-up that was due in the meantime is not to the one who answered.
    expect(sent() - before).toBe(1);
    await Bun.sleep(50_000);
    expect(sent() - before).toBeGreaterThanOrEqual(2);
    expect(
      lab.mailsIn("lead1@lead.test").filter((mail) => !mail.includes("answer-1")),
    ).toHaveLength(1);
  }, 180_000);
});
