// A restore of an old backup with real servers: the program sends, its data goes back to before, and nobody gets a mail twice.
// What went out since is in doubt, and is settled by the copies in Sent.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";

import { mailLabMissing } from "../world/mail-lab-missing.ts";
import { until } from "../world/mail-lab-process.ts";
import { type MailLab, openMailLab } from "../world/mail-lab.ts";
import { runProgram, startProgram } from "../world/program.ts";
import { ALWAYS, headerOf, labInbox, openRig, type Rig } from "./rig.ts";

const missing = mailLabMissing();
const LEADS = 12;
const SETUP_MS = 30_000;

interface Message {
  id: string;
  state: string;
  step_id: string;
  lead_id: string;
}
interface Campaign {
  id: string;
  status: string;
  paused: { by: string; reason: string } | null;
}

describe.skipIf(missing !== null)("a backup of an hour ago, restored", () => {
  let lab: MailLab;
  let rig: Rig;
  beforeAll(async () => {
    lab = await openMailLab({ user_count: LEADS + 4 });
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
  /** Who got which step: the steps say their number. */
  const arrived = () =>
    leads().flatMap((email) =>
      lab.mailsIn(email).map((mail) => `${email} ${/This is mail \d/.exec(mail)?.[0]}`),
    );
  const ids = () =>
    leads().flatMap((email) => lab.mailsIn(email).map((mail) => headerOf(mail, "X-Imail-Id")));
  const messages = () => rig.all<Message>("/v1/messages");

  test("sends nothing again, over the same directory; nor does a copy of it beside it", async () => {
    const { id: inbox } = await rig.call<{ id: string }>(
      "POST",
      "/v1/inboxes",
      labInbox(lab, "s1@sender.test", {
        min_gap_seconds: 1,
        hourly_limit: 5000,
        daily_limit: 5000,
      }),
    );
    const campaign = await rig.call<Campaign>("POST", "/v1/campaigns", {
      name: "Restored",
      inbox_ids: [inbox],
      send_window: ALWAYS,
      steps: [
        { subject: "Hello", body: "This is mail 1." },
        { delay: "PT2S", body: "This is mail 2." },
      ],
    });
    const [late = "", ...first] = leads();
    const enroll = (emails: readonly string[]) =>
      rig.call("POST", "/v1/leads/bulk", {
        campaign_id: campaign.id,
        leads: emails.map((email) => ({ email })),
      });
    await enroll(first);
    await rig.call("POST", `/v1/campaigns/${campaign.id}/resume`);
    await until("some mails", 60_000, async () => (arrived().length >= 4 ? true : null));

    // A copy beside the running server: of the directory as it is, too, for later.
    const file = join(rig.dir, "..", "old.tar");
    const made = await runProgram(["backup", "create", "--out", file, "--dir", rig.dir]);
    expect(made.exit_code).toBe(0);
    const before = arrived().length;
    await enroll([late]);
    await until("all mails", 90_000, async () => (arrived().length >= 2 * LEADS ? true : null));
    expect(before).toBeLessThan(2 * LEADS);
    await rig.stop();
    // The provider's copies: what imail files itself may come a minute later than this test waits.
    for (const mail of leads().flatMap((email) => lab.mailsIn(email))) {
      await lab.save("s1@sender.test", mail, "Sent");
    }

    const restored = await runProgram(["backup", "restore", file, "--dir", rig.dir]);
    expect(restored).toMatchObject({ exit_code: 0, stderr: "" });
    await rig.start();
    const paused = await rig.call<Campaign>("GET", `/v1/campaigns/${campaign.id}`);
    expect(paused.status).toBe("paused");
    expect(JSON.stringify(paused)).toContain("restored from a backup of");
    await until("the doubts to be settled by Sent", 60_000, async () =>
      (await messages()).every(({ state }) => state === "sent") ? true : null,
    );
    await enroll([late]);
    await rig.call("POST", `/v1/campaigns/${campaign.id}/resume`);
    await until("every step of every lead to be accounted for", 60_000, async () =>
      (await messages()).filter(({ state }) => state === "sent" || state === "uncertain").length ===
      2 * LEADS
        ? true
        : null,
    );
    const all = arrived();
    expect(all.filter((one, at) => all.indexOf(one) !== at)).toEqual([]);
    expect(all).toHaveLength(2 * LEADS);
    expect(new Set(ids()).size).toBe(2 * LEADS);
    const known = await messages();
    process.stderr.write(
      `${2 * LEADS} mails at the MTA, ${before} of them before the backup, ${2 * LEADS - before} after it, 0 again; ` +
        `${known.filter(({ state }) => state === "uncertain").length} still in doubt\n`,
    );
    await startCopy();
  }, 300_000);

  /** A copy of the directory that is started while the original runs. */
  async function startCopy(): Promise<void> {
    const copy = join(rig.dir, "..", "copy");
    cpSync(rig.dir, copy, { recursive: true });
    const program = await startProgram(["--dir", copy]);
    expect(program.banner).toContain("was copied");
    const status = await runProgram(["status", "--json", "--dir", copy]);
    expect(status.stdout).not.toContain('"active_campaigns": 1');
    const sent = arrived().length;
    await program.end();
    expect(arrived()).toHaveLength(sent);
    const [campaign] = await rig.all<Campaign>("/v1/campaigns");
    expect(campaign?.status).toBe("active");
  }
});
