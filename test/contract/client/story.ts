// A program that somebody else might write: it knows the API by its generated types only, and plays a whole campaign in
// test mode. What the types do not have, it cannot name; what they promise, it uses without a check.
import createClient from "openapi-fetch";

import type { paths } from "./api-types.ts";

/** What the program has seen in the end. */
export interface Seen {
  lead_ended_by: string | null;
  subjects: (string | null)[];
  events: string[];
  states: string[];
  /** The code of the error that a bad limit ends in. */
  refusal: string | undefined;
}

/** Connects an inbox, writes a campaign, adds leads, starts it, lets a week pass and looks what has come of it. */
export async function playCampaign(url: string, key: string): Promise<Seen> {
  const api = createClient<paths>({
    baseUrl: url,
    headers: { authorization: `Bearer ${key}` },
  });

  const inbox = await api.POST("/v1/inboxes", {
    body: { email: "ada@client.test", name: "Ada", provider: "sandbox", min_gap_seconds: 60 },
  });
  const inbox_id = named(inbox.data?.data.id);
  const campaign = await api.POST("/v1/campaigns", {
    body: {
      name: "By a generated client",
      inbox_ids: [inbox_id],
      steps: [
        { subject: "Hello {{ first_name }}", body: "Hello {{ first_name }}, a question." },
        { delay: "P2D", body: "And again." },
      ],
      send_window: {
        timezone: "UTC",
        days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        start: "00:00",
        end: "24:00",
      },
    },
  });
  const id = named(campaign.data?.data.id);
  const refused = await api.PATCH("/v1/campaigns/{id}", {
    params: { path: { id } },
    body: { daily_limit: 0 },
  });

  await api.POST("/v1/leads", {
    body: { email: "reply+interested@shop.test", first_name: "Bo", campaign_id: id },
  });
  await api.POST("/v1/leads/bulk", {
    body: { campaign_id: id, leads: [{ email: "cy@store.test", first_name: "Cy" }] },
  });
  await api.POST("/v1/campaigns/{id}/resume", { params: { path: { id } } });
  await api.POST("/v1/test/clock/advance", { body: { by: "P7D" } });

  const found = await api.GET("/v1/leads", {
    params: { query: { email: "reply+interested@shop.test" } },
  });
  const [lead] = found.data?.data ?? [];
  const messages = await api.GET("/v1/messages", { params: { query: { campaign_id: id } } });
  const events = await api.GET("/v1/events", {
    params: { query: { campaign_id: id, limit: 100 } },
  });
  const mails = await api.GET("/v1/test/mailbox", { params: { query: { to: "cy@store.test" } } });
  return {
    lead_ended_by: lead?.campaigns[0]?.ended_by ?? null,
    subjects: (mails.data?.data ?? []).map((mail) => mail.subject),
    events: (events.data?.data ?? []).map((one) => one.event),
    states: (messages.data?.data ?? []).map((one) => one.state),
    refusal: refused.error?.error.code,
  };
}

function named<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the server answered an error");
  return value;
}
