// A mailbox without a password on real servers: its owner signs in at a real OpenID provider, Postfix and Dovecot take the
// token over XOAUTH2 and OAUTHBEARER, and the token ends while mail is under way.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { openMailPort } from "../../src/mail/port.ts";
import type { Inbox } from "../../src/resources/inboxes/schema.ts";
import { findInboxByEmail } from "../../src/resources/inboxes/store.ts";
import { ALWAYS, headerOf } from "../e2e/rig.ts";
import { type Ask, askWith } from "../world/ask.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";
import { mailLabMissing } from "../world/mail-lab-missing.ts";
import { until } from "../world/mail-lab-process.ts";
import { type Endpoint, type MailLab, openMailLab } from "../world/mail-lab.ts";
import { CLIENT, type OAuthWorld, openOAuthWorld, signIn } from "../world/oauth-provider.ts";

const CALLBACK = "http://127.0.0.1:7070/oauth/callback";
const ADA = "s1@sender.test";
const BOB = "lead1@lead.test";
const missing = mailLabMissing();

interface Lead {
  campaigns: { state: string; ended_by: string | null }[];
}

describe.skipIf(missing !== null)("a mailbox that is signed in, on real servers", () => {
  let lab: MailLab;
  let world: OAuthWorld;
  let house: TestHouse;
  let ask: Ask;
  beforeAll(async () => {
    lab = await openMailLab();
    const server = (endpoint: Endpoint) => ({ ...endpoint, ca: lab.ca_pem });
    const servers = { smtp: server(lab.smtp.starttls), imap: server(lab.imap.tls) };
    world = await openOAuthWorld(CALLBACK, servers);
    lab.oauth.trust((token) => world.lookUp(token));
    house = await openTestHouse({
      mail: openMailPort(),
      oauth: { providers: world.facts },
      settings: { microsoft_client_id: CLIENT.id, microsoft_client_secret: CLIENT.secret },
    });
    ask = askWith(house, "live");
  }, 60_000);
  afterAll(async () => {
    await house.close();
    await world.close();
    await lab.close();
  }, 60_000);

  const visit = (url: string) => {
    const { pathname, search } = new URL(url);
    return house.request(`${pathname}${search}`, { headers: { authorization: "" } });
  };
  const signInAs = async (setup_url: string | null, email: string) => {
    const begun = await visit(setup_url ?? "");
    const back = await signIn(begun.headers.get("location") ?? "", email, CALLBACK);
    const page = await visit(back);
    return { status: page.status, text: await page.text() };
  };
  const inboxOf = async (id: string) => (await ask<Inbox>("GET", `/inboxes/${id}`)).data;
  const eventsNamed = async (name: string) =>
    (await ask<object[]>("GET", `/events?event=${name}`)).data.length;

  async function connect(): Promise<Inbox> {
    const { data } = await ask<Inbox>("POST", "/inboxes", {
      email: ADA,
      provider: "microsoft",
      min_gap_seconds: 0,
    });
    expect(data.status).toBe("pending_auth");
    // The provider does not tell Microsoft's addresses: the servers decide, and nothing is saved.
    const wrong = await signInAs(data.setup_url, "s2@sender.test");
    expect(wrong.status).toBe(400);
    expect(wrong.text).toMatch(/another account/);
    expect((await inboxOf(data.id)).status).toBe("pending_auth");
    expect((await signInAs(data.setup_url, ADA)).status).toBe(200);
    return inboxOf(data.id);
  }

  async function sendFirst(inbox: Inbox): Promise<string> {
    const campaign = await ask<{ id: string }>("POST", "/campaigns", {
      name: "Signed in",
      inbox_ids: [inbox.id],
      send_window: ALWAYS,
      status: "active",
      steps: [
        { subject: "A question", body: "Do you have a minute?" },
        { delay: "P3D", body: "?" },
      ],
    });
    const lead = await ask<{ id: string }>("POST", "/leads", {
      email: BOB,
      campaign_id: campaign.data.id,
    });
    await lab.waitForMails(BOB, 1, { timeout_ms: 60_000 });
    return lead.data.id;
  }

  /** As Gmail does after an hour: the token is over, and so are the sessions. */
  async function endTokens(): Promise<void> {
    for (const token of world.tokens) await world.endToken(token);
    await lab.kick(ADA);
  }

  async function answer(): Promise<void> {
    const [first = ""] = lab.mailsIn(BOB);
    const id = headerOf(first, "Message-ID") ?? "";
    const raw = `From: ${BOB}\r\nTo: ${ADA}\r\nSubject: Re: A question\r\nMessage-ID: <yes@lead.test>\r\nIn-Reply-To: ${id}\r\nReferences: ${id}\r\nDate: ${new Date().toUTCString()}\r\n\r\nYes, tell me more.\r\n`;
    await lab.inject({ from: BOB, to: ADA, raw });
  }

  const stateIs = (state: Inbox["status"]) =>
    until(`the inbox to be ${state}`, 90_000, async () => {
      const inbox = findInboxByEmail(house.ledger, ADA);
      return inbox?.state === state || null;
    });

  test("sends, reads the reply after its token has ended, and comes back after a new sign-in", async () => {
    const inbox = await connect();
    expect(inbox.status).toBe("active");
    house.engine.start();
    const lead_id = await sendFirst(inbox);

    await endTokens();
    const renewed = () => world.asked.get("refresh_token") ?? 0;
    await until("the token to be renewed", 30_000, async () => renewed() > 0 || null);
    await answer();
    // From the ledger: what asks often over the API is told to wait.
    await until("the lead to be stopped", 90_000, async () => {
      const [row] = house.ledger.db
        .query<{ ended_by: string | null }, []>("SELECT ended_by FROM enrollments")
        .all();
      return row?.ended_by === "replied" || null;
    });
    const { data: lead } = await ask<Lead>("GET", `/leads/${lead_id}`);
    expect(lead.campaigns[0]).toMatchObject({ state: "stopped", ended_by: "replied" });
    expect(await eventsNamed("inbox.disconnected")).toBe(0);

    await world.revoke(ADA);
    await endTokens();
    await stateIs("needs_login");
    const lost = await inboxOf(inbox.id);
    expect(lost.status_reason).toContain("invalid_grant");
    expect(await eventsNamed("inbox.disconnected")).toBe(1);

    const { data } = await ask<Inbox>("POST", `/inboxes/${inbox.id}/reconnect`);
    expect((await signInAs(data.setup_url, ADA)).status).toBe(200);
    await stateIs("active");
    expect(await eventsNamed("inbox.reconnected")).toBe(1);
    const told = JSON.stringify(house.lines);
    for (const token of world.tokens) expect(told.includes(token)).toBe(false);
  }, 240_000);
});
