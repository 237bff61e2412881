// Makes rows in any state, straight in the ledger.
import type { Branch } from "../../src/core/sequence.ts";
import type { SendWindow } from "../../src/core/window.ts";
import { DEFAULT_WINDOW } from "../../src/core/window.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { replaceSteps } from "../../src/resources/campaigns/steps.store.ts";
import {
  insertCampaign,
  setCampaignInboxes,
  setCampaignState,
} from "../../src/resources/campaigns/store.ts";
import { enrollLead } from "../../src/resources/enrollments/actions.ts";
import { insertInbox } from "../../src/resources/inboxes/store.ts";
import { insertLead } from "../../src/resources/leads/store.ts";

interface StepDraft {
  delay?: string;
  subject?: string;
  body?: string;
  html?: boolean;
  branches?: Branch[] | ((step_ids: readonly number[]) => Branch[]);
}

interface InboxDraft {
  email?: string;
  provider?: "sandbox" | "smtp" | "microsoft";
  daily_limit?: number;
  hourly_limit?: number;
  min_gap_seconds?: number;
}

interface CampaignDraft {
  inbox_ids: number[];
  steps?: StepDraft[];
  send_window?: Partial<SendWindow>;
  daily_limit?: number;
  daily_new_leads?: number | null;
  lead_cooldown?: string;
  max_per_company_per_day?: number | null;
  stop_on_reply?: boolean;
  stop_for_company?: boolean;
  track_opens?: boolean;
  track_clicks?: boolean;
}

/** What rows of a ledger are made with. */
export function makerOf(ledger: Ledger) {
  return {
    inbox(draft: InboxDraft = {}): number {
      return ledger.write((tx) => {
        const id = tx.id();
        const { provider = "sandbox" } = draft;
        const server = {
          host: "mx.test",
          port: 465,
          security: "tls" as const,
          username: "ana",
          ca: null,
        };
        const seal = (column: string) =>
          ledger.vault.seal({ table: "inboxes", row: id, column }, "secret");
        const logs_in = provider !== "sandbox";
        insertInbox(tx, {
          id,
          email: draft.email ?? `sender${id}@sender.test`,
          name: "Ana Sender",
          provider,
          smtp: logs_in ? server : null,
          imap: logs_in ? server : null,
          smtp_password: logs_in ? seal("smtp_password") : null,
          imap_password: logs_in ? seal("imap_password") : null,
          daily_limit: draft.daily_limit ?? 50,
          hourly_limit: draft.hourly_limit ?? 10,
          min_gap_seconds: draft.min_gap_seconds ?? 600,
          signature: "",
          reply_to: null,
          save_sent: "auto",
        });
        return id;
      });
    },
    campaign(draft: CampaignDraft): { id: number; step_ids: number[] } {
      return ledger.write((tx) => {
        const id = insertCampaign(tx, {
          name: "A campaign",
          daily_limit: draft.daily_limit ?? 5000,
          daily_new_leads: draft.daily_new_leads ?? null,
          send_window: { ...DEFAULT_WINDOW, ...draft.send_window },
          track_opens: draft.track_opens ?? true,
          track_clicks: draft.track_clicks ?? true,
          stop_on_reply: draft.stop_on_reply ?? true,
          stop_for_company: draft.stop_for_company ?? false,
          max_per_company_per_day: draft.max_per_company_per_day ?? null,
          lead_cooldown: draft.lead_cooldown ?? "P1D",
        });
        setCampaignInboxes(tx, id, draft.inbox_ids);
        const drafts = draft.steps ?? [{}];
        const ids = drafts.map(() => tx.id());
        const steps = drafts.map((step, position) => ({
          id: ids[position] ?? 0,
          position,
          delay: step.delay ?? (position === 0 ? "PT0S" : "P3D"),
          subject: step.subject ?? (position === 0 ? "Hello {{ first_name }}" : ""),
          body: step.body ?? `Step ${position + 1} for {{ first_name }}.`,
          html: step.html ?? false,
          variants: [],
          branches:
            typeof step.branches === "function" ? step.branches(ids) : (step.branches ?? []),
        }));
        replaceSteps(tx, id, steps);
        setCampaignState(tx, id, "active", null);
        return { id, step_ids: steps.map((step) => step.id) };
      });
    },
    lead(draft: {
      email: string;
      first_name?: string | null;
      timezone?: string | null;
      country?: string | null;
      phone?: string | null;
      campaign_id?: number;
    }): number {
      return ledger.write((tx) => {
        const id = insertLead(tx, {
          email: draft.email,
          first_name: draft.first_name === undefined ? "Lea" : draft.first_name,
          last_name: null,
          company: null,
          title: null,
          phone: draft.phone ?? null,
          website: null,
          country: draft.country ?? null,
          timezone: draft.timezone === undefined ? "Europe/Berlin" : draft.timezone,
          tags: [],
          source: null,
          custom: {},
        });
        if (draft.campaign_id !== undefined)
          enrollLead(ledger, tx, { campaign_id: draft.campaign_id, lead_id: id });
        return id;
      });
    },
  };
}
