// An inbox that is there: changed, paused, reconnected, deleted.
import { afterEach, describe, expect, test } from "bun:test";

import { parseId } from "../../../src/core/ids.ts";
import type { MailAccount, MailPort } from "../../../src/core/mail-port.ts";
import type { Campaign } from "../../../src/resources/campaigns/schema.ts";
import { listEnrollmentsOfLead } from "../../../src/resources/enrollments/store.ts";
import { accountOf } from "../../../src/resources/inboxes/actions.ts";
import { findLiveMailbox } from "../../../src/resources/inboxes/live-mailboxes.store.ts";
import type { Inbox } from "../../../src/resources/inboxes/schema.ts";
import { disconnectInbox, findInbox } from "../../../src/resources/inboxes/store.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import type { Message } from "../../../src/resources/messages/schema.ts";
import type { SandboxMail } from "../../../src/resources/test/schema.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import {
  mailThatRefusesLogin,
  mailThatTakesEveryLogin,
} from "../../world/mail-that-fails-logins.ts";
import { makeCampaign, makeSandbox } from "../../world/make-campaign.ts";

const open: TestHouse[] = [];
afterEach(async () => {
  for (const house of open.splice(0)) await house.close();
});

const PASSWORD = "correct horse battery staple";
const mailbox = {
  email: "ada@example.com",
  smtp: { host: "smtp.example.com", port: 587, password: PASSWORD },
  imap: { host: "imap.example.com" },
};

/** A live inbox whose servers take every login until `refuse` is called. */
async function openLive() {
  const taking = mailThatTakesEveryLogin();
  const refusing = mailThatRefusesLogin();
  let answers: MailPort = taking;
  const logins: MailAccount[] = taking.logins;
  const mail: MailPort = {
    ...taking,
    check: (account, signal) => answers.check(account, signal),
  };
  const house = await openTestHouse({ mail });
  open.push(house);
  const ask = askWith(house, "live");
  const made = await ask<Inbox>("POST", "/inboxes", mailbox);
  const id = parseId("inb", made.data.id) ?? 0;
  const login = () => accountOf(house.ledger, findInbox(house.ledger, id)!);
  return {
    house,
    ask,
    id,
    path: `/inboxes/${made.data.id}`,
    logins,
    login,
    refuse: () => void (answers = refusing),
  };
}

async function openTest(): Promise<{ house: TestHouse; ask: Ask }> {
  const house = await openTestHouse();
  open.push(house);
  return { house, ask: askWith(house, "test") };
}

describe("a change", () => {
  test("of what was read is refused where somebody else changed it while the servers were asked", async () => {
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const taking = mailThatTakesEveryLogin();
    let waits = false;
    const house = await openTestHouse({
      mail: {
        ...taking,
        async check(account, signal) {
          if (waits) asked.resolve();
          if (waits) await answered.promise;
          return taking.check(account, signal);
        },
      },
    });
    open.push(house);
    const ask = askWith(house, "live");
    const made = await ask<Inbox>("POST", "/inboxes", mailbox);
    const path = `/v1/inboxes/${made.data.id}`;
    const authorization = `Bearer ${house.key.key}`;
    const read = await house.request(path, { headers: { authorization } });
    waits = true;
    const slow = house.request(path, {
      method: "PATCH",
      headers: {
        authorization,
        "content-type": "application/json",
        "if-match": read.headers.get("etag") ?? "",
      },
      body: JSON.stringify({ name: "Late", smtp: { password: "another one" } }),
    });
    await asked.promise;
    await ask("PATCH", `/inboxes/${made.data.id}`, { name: "Early" });
    answered.resolve();
    expect((await slow).status).toBe(412);
    const id = parseId("inb", made.data.id) ?? 0;
    const kept = findInbox(house.ledger, id)!;
    expect(kept.name).toBe("Early");
    expect(accountOf(house.ledger, kept)?.smtp?.password).toBe(PASSWORD);
  });

  test("sets what it names and leaves the rest", async () => {
    const { ask, path, logins } = await openLive();
    const changed = await ask<Inbox>("PATCH", path, {
      name: "Ada L.",
      daily_limit: 20,
      reply_to: "desk@example.com",
      save_sent: "never",
    });
    expect(changed.status).toBe(200);
    expect(changed.data).toMatchObject({
      name: "Ada L.",
      daily_limit: 20,
      hourly_limit: 10,
      reply_to: "desk@example.com",
      save_sent: "never",
      smtp: { host: "smtp.example.com" },
    });
    expect((await ask<Inbox>("PATCH", path, { reply_to: null })).data.reply_to).toBeNull();
    // Nothing of it concerns the servers, so they are not asked.
    expect(logins).toHaveLength(1);
  });

  test("of the address is refused, its own spelling is not", async () => {
    const { ask, path } = await openLive();
    const other = await ask("PATCH", path, { email: "eve@example.com" });
    expect(other.error).toMatchObject({ code: "invalid_field", field: "email" });
    expect((await ask("PATCH", path, { email: "ADA@example.com" })).status).toBe(200);
    expect((await ask("PATCH", path, { provider: "gmail" })).error.code).toBe("unknown_field");
  });

  test("of a login is tried before it is kept", async () => {
    const { ask, path, login, refuse } = await openLive();
    refuse();
    const refused = await ask("PATCH", path, { daily_limit: 5, smtp: { password: "new" } });
    expect(refused.error).toMatchObject({ code: "smtp_auth_failed", field: "smtp.password" });
    expect(login()?.smtp.password).toBe(PASSWORD);
    expect((await ask<Inbox>("GET", path)).data.daily_limit).toBe(50);
  });

  test("of the password is for both servers where one password was", async () => {
    const { ask, path, logins, login } = await openLive();
    expect((await ask("PATCH", path, { smtp: { password: "rotated" } })).status).toBe(200);
    expect(logins.at(-1)).toMatchObject({
      smtp: { password: "rotated", host: "smtp.example.com", port: 587, security: "starttls" },
      imap: { password: "rotated", host: "imap.example.com" },
    });
    expect(login()?.imap.password).toBe("rotated");
    await ask("PATCH", path, { imap: { password: "of its own" } });
    await ask("PATCH", path, { smtp: { password: "again" } });
    expect(login()).toMatchObject({
      smtp: { password: "again" },
      imap: { password: "of its own" },
    });
  });

  test("of the host never takes a stored password along", async () => {
    const { ask, path, logins } = await openLive();
    for (const change of [
      { smtp: { host: "smtp.evil.test" } },
      { imap: { host: "imap.evil.test" } },
      { smtp: { username: "eve@evil.test" } },
      { imap: { ca: "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----" } },
    ]) {
      const [part = ""] = Object.keys(change);
      const answer = await ask("PATCH", path, change);
      expect(answer.error).toMatchObject({ code: "invalid_field", field: `${part}.password` });
    }
    expect(logins).toHaveLength(1);
    const moved = await ask<Inbox>("PATCH", path, { smtp: { port: 465 } });
    expect(moved.data.smtp).toMatchObject({ port: 465, security: "tls" });
  });

  test("that works brings a lost inbox back", async () => {
    const { house, ask, path, id } = await openLive();
    house.ledger.write((tx) => disconnectInbox(tx, id, { state: "needs_login", reason: "535" }));
    await ask("PATCH", path, { smtp: { password: "rotated" } });
    expect((await ask<Inbox>("GET", path)).data).toMatchObject({
      status: "active",
      status_reason: null,
    });
    const events = await ask<{ event: string }[]>("GET", "/events");
    expect(events.data.map(({ event }) => event)).toEqual(["inbox.reconnected"]);
  });

  test("that gives a sandbox a server is refused", async () => {
    const { ask } = await openTest();
    const { id } = await makeSandbox(ask);
    const answer = await ask("PATCH", `/inboxes/${id}`, { smtp: { host: "smtp.example.com" } });
    expect(answer.error).toMatchObject({ code: "invalid_field", field: "smtp" });
    expect((await ask("PATCH", `/inboxes/${id}`, { daily_limit: 3 })).status).toBe(200);
  });
});

describe("reconnect", () => {
  test("logs in with what is stored, and what was lost is active again", async () => {
    const { house, ask, path, id, logins } = await openLive();
    house.ledger.write((tx) => disconnectInbox(tx, id, { state: "disconnected", reason: "gone" }));
    const back = await ask<Inbox>("POST", `${path}/reconnect`);
    expect(back.data.status).toBe("active");
    expect(logins.at(-1)).toMatchObject({ inbox_id: id, smtp: { password: PASSWORD } });
  });

  test("answers the server's refusal and changes nothing", async () => {
    const { house, ask, path, id, refuse } = await openLive();
    house.ledger.write((tx) => disconnectInbox(tx, id, { state: "needs_login", reason: "535" }));
    refuse();
    const answer = await ask("POST", `${path}/reconnect`);
    expect(answer.status).toBe(400);
    expect(answer.error).toMatchObject({ code: "smtp_auth_failed" });
    expect((await ask<Inbox>("GET", path)).data.status).toBe("needs_login");
  });
});

describe("a paused inbox", () => {
  test("sends nothing until it is resumed", async () => {
    const { ask } = await openTest();
    const campaign = await makeCampaign(ask, { status: "active" });
    const path = `/inboxes/${campaign.inbox_ids[0]}`;
    const paused = await ask<Inbox>("POST", `${path}/pause`);
    expect(paused.data).toMatchObject({
      status: "paused",
      status_reason: "api: paused by a request",
    });
    await ask("POST", "/leads", { email: "lea@lead.test", campaign_id: campaign.id });
    await ask("POST", "/test/clock/advance", { by: "P2D" });
    expect((await ask<SandboxMail[]>("GET", "/test/mailbox")).data).toEqual([]);
    expect((await ask<Inbox>("POST", `${path}/resume`)).data.status).toBe("active");
    await ask("POST", "/test/clock/advance", { by: "P1D" });
    expect((await ask<SandboxMail[]>("GET", "/test/mailbox")).data).toHaveLength(1);
  });

  test("stays paused when it is reconnected; one that is lost is not resumed but reconnected", async () => {
    const { house, ask, path, id } = await openLive();
    await ask("POST", `${path}/pause`);
    expect((await ask<Inbox>("POST", `${path}/reconnect`)).data.status).toBe("paused");
    await ask("POST", `${path}/resume`);
    house.ledger.write((tx) => disconnectInbox(tx, id, { state: "needs_login", reason: "535" }));
    const answer = await ask("POST", `${path}/resume`);
    expect(answer.status).toBe(409);
    expect(answer.error.message).toContain("reconnect");
  });
});

/** One mail has gone out, two more are to come. */
async function halfway() {
  const { house, ask } = await openTest();
  const campaign = await makeCampaign(ask, {
    status: "active",
    steps: [
      { subject: "Hello", body: "One" },
      { delay: "P3D", body: "Two" },
      { delay: "P3D", body: "Three" },
    ],
  });
  await ask("POST", "/leads", { email: "lea@lead.test", campaign_id: campaign.id });
  await ask("POST", "/test/clock/advance", { by: "P1D" });
  return { house, ask, campaign, path: `/inboxes/${campaign.inbox_ids[0]}` };
}

const messageIdIn = (mail = "") => /^Message-ID: (.+)\r$/m.exec(mail)?.[1];

describe("deleting an inbox", () => {
  test("wipes its logins and gives the mailbox back", async () => {
    const { house, ask, path, id } = await openLive();
    expect((await ask("DELETE", path)).status).toBe(204);
    expect((await ask("GET", path)).status).toBe(404);
    expect((await ask("DELETE", path)).status).toBe(404);
    expect((await ask<Inbox[]>("GET", "/inboxes")).data).toEqual([]);
    expect(findLiveMailbox(house.control, mailbox.email)).toBeNull();
    const row = house.ledger.db
      .query<{ smtp_password: null; imap_password: null }, [number]>(
        "SELECT smtp_password, imap_password FROM inboxes WHERE id = ?",
      )
      .get(id);
    expect(row).toEqual({ smtp_password: null, imap_password: null });
    expect((await ask("POST", "/inboxes", mailbox)).status).toBe(201);
  });

  test("is refused with the number of leads that wait for it", async () => {
    const { ask, campaign, path } = await halfway();
    await ask("POST", "/leads", { email: "bob@lead.test", campaign_id: campaign.id });
    const answer = await ask("DELETE", path);
    expect(answer.status).toBe(409);
    expect(answer.error).toMatchObject({ code: "inbox_in_use", waiting: 2 });
    expect((await ask("GET", path)).status).toBe(200);
  });

  test("hands its leads to another inbox, where the thread starts anew", async () => {
    const { house, ask, campaign, path } = await halfway();
    const other = await makeSandbox(ask, "other@company.example");
    expect((await ask("DELETE", `${path}?reassign_to=${other.id}`)).status).toBe(204);
    expect((await ask<Campaign>("GET", `/campaigns/${campaign.id}`)).data.inbox_ids).toEqual([
      other.id,
    ]);
    await ask("POST", "/test/clock/advance", { by: "P10D" });
    const mails = (await ask<SandboxMail[]>("GET", "/test/mailbox")).data.toReversed();
    expect(mails.map(({ from, subject }) => [from, subject])).toEqual([
      ["sender@company.example", "Hello"],
      ["other@company.example", "Hello"],
      ["other@company.example", "Re: Hello"],
    ]);
    expect(mails[1]?.raw).not.toContain("In-Reply-To");
    expect(mails[2]?.raw).toContain(`In-Reply-To: ${messageIdIn(mails[1]?.raw)}`);
    expect(mails[2]?.raw).not.toContain(messageIdIn(mails[0]?.raw) ?? "?");
    // What was sent from it still says so.
    const messages = await ask<Message[]>("GET", "/messages");
    expect(messages.data.at(-1)?.inbox_id).toBe(campaign.inbox_ids[0]);
    const lead = (await ask<Lead[]>("GET", "/leads")).data[0];
    expect(lead?.campaigns[0]).toMatchObject({ state: "completed" });
    const [row] = listEnrollmentsOfLead(house.test_ledger, parseId("lead", lead!.id) ?? 0);
    expect(row?.inbox_id).toBe(parseId("inb", other.id));
  });

  test("needs an active inbox to hand over to", async () => {
    const { ask, path, campaign } = await halfway();
    const other = await makeSandbox(ask, "other@company.example");
    await ask("POST", `/inboxes/${other.id}/pause`);
    for (const to of [other.id, campaign.inbox_ids[0], "inb_00000000007"]) {
      const answer = await ask("DELETE", `${path}?reassign_to=${to}`);
      expect(answer.status).toBe(400);
      expect(answer.error.field).toBe("reassign_to");
    }
    expect((await ask("GET", path)).status).toBe(200);
  });

  test("pauses a campaign that has no other and nobody waiting, and lets others go on without it", async () => {
    const { ask } = await openTest();
    const campaign = await makeCampaign(ask, { status: "active" });
    const [first = ""] = campaign.inbox_ids;
    const other = await makeSandbox(ask, "other@company.example");
    const both = await makeCampaign(ask, { inbox_ids: [first, other.id], status: "active" });
    expect((await ask("DELETE", `/inboxes/${first}`)).status).toBe(204);
    expect((await ask<Campaign>("GET", `/campaigns/${campaign.id}`)).data.status).toBe("paused");
    const kept = (await ask<Campaign>("GET", `/campaigns/${both.id}`)).data;
    expect([kept.status, kept.inbox_ids]).toEqual(["active", [other.id]]);
    const resumed = await ask("POST", `/campaigns/${campaign.id}/resume`);
    expect(resumed.error.code).toBe("not_ready");
  });
});
