// What a route may ask of the house. house.ts makes one; tests make one in memory.
import type { AdvanceReport } from "../core/advance-report.ts";
import type { AnswerOrder } from "../core/answer-mail.ts";
import type { DnsPort } from "../core/dns-port.ts";
import type { CampaignExplanation, LeadExplanation } from "../core/explanation.ts";
import type { ForecastWish, MadeForecast } from "../core/forecast.ts";
import type { Log } from "../core/log.ts";
import type { MailPort } from "../core/mail-port.ts";
import type { OpenedMail } from "../core/opened-mail.ts";
import type { Received } from "../core/received-mail.ts";
import type { TestMailOrder } from "../core/test-mail.ts";
import type { Control } from "../ledger/control.ts";
import type { Ledger, Tier } from "../ledger/ledger.ts";
import type { Ledgers } from "../ledger/ledgers.ts";
import { type Auth, openAuth } from "./auth.ts";
import type { Admission, Caller, SessionWish, Visit, Visits } from "./caller.ts";
import { type Rate, RATES } from "./rate-limit.ts";
import type { SignIns } from "./sign-ins.ts";

/** What the house hands over. */
export interface WiringParts {
  control: Control;
  ledgers: Ledgers;
  mail(ledger: Ledger): MailPort;
  /** DNS, for finding a mailbox's servers. */
  names: DnsPort;
  /** Signing in with Google and Microsoft. */
  sign_ins: SignIns;
  advance(ledger: Ledger, until: number): Promise<AdvanceReport>;
  /** Takes a raw mail into a sandbox inbox, as if IMAP had delivered it. */
  receive(ledger: Ledger, inbox_id: number, bytes: Uint8Array): Promise<Received>;
  /** Plays a campaign's coming days on a copy. Throws `forecast_running`, `forecast_too_large`, `unavailable`. */
  forecast(ledger: Ledger, wish: ForecastWish): Promise<MadeForecast>;
  /** Sends one step to its author and waits for the outcome, which stands in its message. */
  sendTestMail(ledger: Ledger, order: TestMailOrder): Promise<void>;
  /** Answers a reply and waits for the outcome, which stands in its message. */
  sendAnswer(ledger: Ledger, order: AnswerOrder): Promise<void>;
  /** The body of an untracked mail, fetched now. Throws `not_found`, `unavailable`. */
  openUntracked(ledger: Ledger, reply_id: number): Promise<OpenedMail>;
  /** Settles a message in doubt as a person says (engine/send/resolve.ts). */
  resolve(
    ledger: Ledger,
    message_id: number,
    resolution: { as: "sent" | "failed" | "send_again"; by: string },
  ): void;
  /** Why a campaign sends nothing now; null where there is no such campaign. */
  explainCampaign(ledger: Ledger, id: number): CampaignExplanation | null;
  /** Why a lead gets no mail now; null where there is no such lead. */
  explainLead(ledger: Ledger, id: number): LeadExplanation | null;
  /** The holder of a key that is good now, or null (api-keys/actions.ts `authenticate`). */
  authenticate(key: string): Caller | null;
  /** Who is signed in with a cookie, or null (auth/actions.ts `admitSession`). */
  admitSession(wish: SessionWish): Promise<Admission | null>;
  /** Signs the tokens of sessions. */
  session_key: Uint8Array;
  /** Makes a workspace and opens its ledgers; answers its id. Throws `unavailable` without the master key. */
  addWorkspace(order: { name: string; zone: string }): number;
  /** When the scheduler last looked at the live ledgers, ms of their clock; null before the first look. */
  last_tick_at(): number | null;
  /** Tells the scheduler that somebody is awake: a request is one of its three nudges. */
  pulse(): void;
  /** Host names beside 127.0.0.1, localhost and [::1] that may be asked for. */
  allowed_hosts: readonly string[];
  log: Log;
  /** ms UTC */
  started_at: number;
  version: string;
  /** What each tier may ask for, where that is not the contract's own. */
  rates?: Partial<Readonly<Record<Tier, Rate>>> | undefined;
}

export interface Wiring extends WiringParts {
  rates: Readonly<Record<Tier, Rate>>;
  /** The plugin whose macro `ledger: true` hands a route `{ ledger, caller }`. */
  auth: Auth;
  /** What the gate knows of a request. */
  visits: Visits;
}

/** Adds what HTTP itself keeps to what the house hands over. */
export function openWiring(parts: WiringParts): Wiring {
  const visits: Visits = new WeakMap<Request, Visit>();
  const rates = { ...RATES, ...parts.rates };
  return { ...parts, rates, visits, auth: openAuth(visits, parts.ledgers) };
}
