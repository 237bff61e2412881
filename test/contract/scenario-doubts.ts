// The scenario's mails in doubt: how they come about, and what a person says about them.

import type { Play } from "./player.ts";

/** Whose mail is taken, and whose server then says nothing. */
export const doubtful = (email: string, save: Record<string, string>): Play => ({
  operation: "POST /v1/leads",
  body: { email, first_name: "Ida", company: "Depot", campaign_id: "$campaign" },
  save,
  hidden: true,
});

export const doubts: Play[] = [
  {
    operation: "GET /v1/messages",
    query: { lead_id: "$doubtful_lead" },
    save: { doubtful_message: "data.0.id" },
    hidden: true,
  },
  {
    operation: "GET /v1/messages",
    query: { lead_id: "$rival_lead" },
    save: { rival_message: "data.0.id" },
    hidden: true,
  },
  {
    operation: "POST /v1/messages/:id/resolve",
    path: { id: "$doubtful_message" },
    body: { as: "sent" },
  },
  {
    operation: "POST /v1/messages/:id/resolve",
    path: { id: "$doubtful_message" },
    body: { as: "failed" },
    fails: "not_uncertain",
  },
];

/** Once the rival's whole domain is suppressed nothing more goes there. */
export const sendAgainToRival: Play = {
  operation: "POST /v1/messages/:id/resolve",
  path: { id: "$rival_message" },
  body: { as: "send_again" },
  fails: "cannot_send_again",
};
