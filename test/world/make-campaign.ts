// Makes what most tests begin with, through the API: a sandbox inbox, and a campaign that sends from it.
import type { Campaign } from "../../src/resources/campaigns/schema.ts";
import type { Inbox } from "../../src/resources/inboxes/schema.ts";
import type { Ask } from "./ask.ts";

/** A sandbox inbox with a pace that does not stand in the way. Needs a test key. */
export async function makeSandbox(ask: Ask, email = "sender@company.example"): Promise<Inbox> {
  const made = await ask<Inbox>("POST", "/inboxes", {
    email,
    provider: "sandbox",
    daily_limit: 1000,
    hourly_limit: 1000,
    min_gap_seconds: 0,
  });
  if (made.status !== 201) throw new Error(made.text);
  return made.data;
}

/** A draft of two steps from a sandbox inbox of its own, open at all hours, unless told otherwise. */
export async function makeCampaign(ask: Ask, changes: object = {}): Promise<Campaign> {
  const list = await ask<Inbox[]>("GET", "/inboxes");
  const inbox = list.data[0] ?? (await makeSandbox(ask));
  const made = await ask<Campaign>("POST", "/campaigns", {
    name: "Spring",
    inbox_ids: [inbox.id],
    send_window: {
      timezone: "UTC",
      days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
      start: "00:00",
      end: "24:00",
    },
    steps: [
      { subject: "Hello", body: "Hi {{ first_name | default: 'there' }}" },
      { body: "Just asking again" },
    ],
    ...changes,
  });
  if (made.status !== 201) throw new Error(made.text);
  return made.data;
}
