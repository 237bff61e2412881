// What may be done to an inbox: connected after its logins were tried, and opened for mail.

import { isControlFree, parseAddress } from "../../core/address.ts";
import type { DnsPort } from "../../core/dns-port.ts";
import { AppError, type FaultDetail, notFound } from "../../core/faults.ts";
import { formatId } from "../../core/ids.ts";
import { issue, refuseIssues } from "../../core/issues.ts";
import type { MailAccount, MailPort, MailServer } from "../../core/mail-port.ts";
import { isOAuthProvider } from "../../core/oauth-port.ts";
import type { Mode } from "../../core/states.ts";
import type { BegunCode, SignIns } from "../../http/sign-ins.ts";
import type { Control } from "../../ledger/control.ts";
import type { Reading } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { findServers, nothingFound } from "./find-servers.ts";
import { claimLiveMailbox, findLiveMailbox, releaseLiveMailbox } from "./live-mailboxes.store.ts";
import { sealLogin, tryLogins, withoutPassword } from "./logins.ts";
import type { InboxDraft } from "./schema.ts";
import { readServers } from "./servers.ts";
import {
  findInbox,
  findInboxByEmail,
  type InboxRow,
  insertInbox,
  type StoredServer,
} from "./store.ts";

type Provider = MailAccount["provider"];

/** What connecting needs of the house. */
export interface Connecting {
  control: Control;
  mail(ledger: Ledger): MailPort;
  names: DnsPort;
  sign_ins: SignIns;
}

const NO_SERVER: MailServer = {
  host: "sandbox.invalid",
  port: 0,
  security: "none",
  username: "",
  password: "",
  ca: null,
};

export function getInbox(reading: Reading, id: number): InboxRow {
  const inbox = findInbox(reading, id);
  if (!inbox) throw notFound("inbox");
  return inbox;
}

/**
 * The logins in clear, for the mail port, which fetches tokens by itself where there is no password; null when the
 * master key does not open them.
 */
export function accountOf(ledger: Pick<Ledger, "vault">, inbox: InboxRow): MailAccount | null {
  const { id, email, provider } = inbox;
  const open = (column: "smtp_password" | "imap_password", server: StoredServer | null) => {
    const sealed = inbox[column];
    if (!server || !sealed) return null;
    const password = ledger.vault.unseal({ table: "inboxes", row: id, column }, sealed);
    return password === null ? null : { ...server, password };
  };
  if (provider === "sandbox")
    return { inbox_id: id, email, provider, smtp: NO_SERVER, imap: NO_SERVER };
  if (inbox.auth === "oauth" && inbox.smtp && inbox.imap) {
    const [smtp, imap] = [noPassword(inbox.smtp), noPassword(inbox.imap)];
    return { inbox_id: id, email, provider, auth: "oauth", smtp, imap };
  }
  const smtp = open("smtp_password", inbox.smtp);
  const imap = open("imap_password", inbox.imap);
  return smtp && imap ? { inbox_id: id, email, provider, smtp, imap } : null;
}

const noPassword = (server: StoredServer): MailServer => ({ ...server, password: "" });

/** Checks everything of a mailbox and logs into both servers. What it gives saves the inbox and answers its id. */
export async function prepareInbox(
  ledger: Ledger,
  house: Connecting,
  draft: InboxDraft,
  signal: AbortSignal,
): Promise<() => number> {
  const provider = draft.provider ?? "smtp";
  refuseProvider(provider, ledger.mode);
  const { reply_to, issues } = readTexts(draft);
  const email = readEmail(draft.email, issues);
  const has_password = draft.smtp?.password !== undefined || draft.imap?.password !== undefined;
  const auth = draft.auth ?? (isOAuthProvider(provider) && !has_password ? "oauth" : "password");
  if (auth !== "password") {
    return prepareSignIn(ledger, house, { draft, provider, email, reply_to, auth, issues });
  }
  const login =
    provider === "sandbox"
      ? null
      : readServers(draft, await lookUp(draft, { provider, email, names: house.names }), email);
  refuseIssues([...issues, ...(login ? login.issues : sandboxIssues(draft))]);
  refuseConnected(ledger, house.control, email);
  const servers = login?.servers ?? null;
  if (servers) {
    await tryLogins(house.mail(ledger), { inbox_id: 0, email, provider, ...servers }, signal);
  }
  return () => saveInbox(ledger, house.control, { draft, provider, email, reply_to, servers });
}

interface Wanted extends Omit<CheckedInbox, "servers"> {
  auth: "oauth" | "device";
  issues: FaultDetail[];
}

/** An inbox whose owner has to sign in before anything can be tried. What it gives saves it as `pending_auth`. */
async function prepareSignIn(
  ledger: Ledger,
  { control, sign_ins }: Connecting,
  { auth, issues, ...wanted }: Wanted,
): Promise<() => number> {
  const { draft, provider, email } = wanted;
  const is_known = isOAuthProvider(provider);
  refuseIssues([...issues, ...oauthIssues(draft, is_known)]);
  if (!is_known) throw new AppError("invalid_field");
  refuseConnected(ledger, control, email);
  sign_ins.assertClient(provider);
  const servers = sign_ins.serversOf(provider, email);
  const code: BegunCode | null =
    auth === "device" ? await sign_ins.askCode(ledger, provider) : null;
  return () => {
    const id = saveInbox(ledger, control, { ...wanted, servers, is_pending: true });
    if (code) sign_ins.keepCode(ledger, id, code);
    return id;
  };
}

/** A token opens the whole mailbox: it goes to its provider's servers only, so none can be named. */
function oauthIssues(draft: InboxDraft, is_known: boolean): FaultDetail[] {
  const why = is_known
    ? "must be left out where the mailbox is signed in with its provider: its servers are known. With smtp.password, leave out auth"
    : "";
  const named = (["smtp", "imap"] as const).filter((part) => is_known && draft[part] !== undefined);
  const issues = named.map((part) => issue(part, why));
  if (is_known) return issues;
  const only =
    'must be "password" or left out: only gmail and microsoft mailboxes are signed in with their provider';
  return [issue("auth", only)];
}

function refuseProvider(provider: Provider, mode: Mode): void {
  if ((provider === "sandbox") === (mode === "test")) return;
  const message =
    mode === "test"
      ? 'provider must be "sandbox" with a test key: nothing in test mode reaches a mail server'
      : 'provider "sandbox" is for test keys: use smtp, gmail or microsoft with a live key';
  throw new AppError("provider_mode", message, { field: "provider" });
}

/** DNS is asked only where a host was left out, and never in test mode. */
function lookUp(draft: InboxDraft, asked: Parameters<typeof findServers>[0]) {
  const is_named = draft.smtp?.host !== undefined && draft.imap?.host !== undefined;
  return is_named || asked.email === "" ? nothingFound() : findServers(asked);
}

const ADDRESS_RULE = "must be one e-mail address such as ada@example.com";

function readEmail(text: string, issues: FaultDetail[]): string {
  const email = parseAddress(text);
  if (email === null) issues.unshift(issue("email", ADDRESS_RULE));
  return email ?? "";
}

/** The texts that recipients see, and the address that answers go to: what is wrong with them. */
export function readTexts(draft: Pick<InboxDraft, "name" | "signature" | "reply_to">): {
  reply_to: string | null;
  issues: FaultDetail[];
} {
  const wanted = draft.reply_to ?? null;
  const reply_to = wanted === null ? null : parseAddress(wanted);
  const issues: FaultDetail[] = [];
  if (!isControlFree(draft.name ?? "")) {
    issues.push(issue("name", "must be one line without line breaks or other control characters"));
  }
  if (!isControlFree((draft.signature ?? "").replace(/[\t\n\r]/g, ""))) {
    issues.push(
      issue("signature", "must not hold control characters other than line breaks and tabs"),
    );
  }
  if (wanted !== null && reply_to === null) issues.push(issue("reply_to", ADDRESS_RULE));
  return { reply_to, issues };
}

/** A sandbox has no servers: naming one is a mistake. */
export function sandboxIssues(draft: Pick<InboxDraft, "smtp" | "imap">): FaultDetail[] {
  return (["smtp", "imap"] as const)
    .filter((part) => draft[part] !== undefined)
    .map((part) => issue(part, "must be left out: a sandbox inbox has no servers"));
}

function refuseConnected(ledger: Ledger, control: Control, email: string): void {
  const there = findInboxByEmail(ledger, email);
  if (there) {
    throw new AppError("inbox_exists", undefined, {
      field: "email",
      conflict: { inbox_id: formatId("inb", there.id) },
    });
  }
  if (ledger.mode !== "live") return;
  const live = findLiveMailbox(control, email);
  if (live && live.workspace_id !== ledger.workspace_id) refuseElsewhere();
}

function refuseElsewhere(): never {
  const message =
    "This mailbox is connected in another workspace of this server. A live mailbox belongs to one workspace only, else its limits would count twice.";
  throw new AppError("inbox_exists", message, { field: "email" });
}

/** A mailbox whose logins work. */
interface CheckedInbox {
  draft: InboxDraft;
  provider: Provider;
  email: string;
  reply_to: string | null;
  servers: { smtp: MailServer; imap: MailServer } | null;
  /** Nobody has signed in yet. */
  is_pending?: boolean;
}

/**
 * Saves a checked mailbox; its id. Two files, so the claim in control.db comes first: a crash in between leaves a claim
 * of this workspace without an inbox, which the next try of this workspace takes over, and never a mailbox that is live
 * twice.
 */
function saveInbox(ledger: Ledger, control: Control, found: CheckedInbox): number {
  const is_live = ledger.mode === "live";
  return ledger.write((tx) => {
    // Another request may have connected it while the servers were asked.
    refuseConnected(ledger, control, found.email);
    const id = tx.id();
    const { workspace_id } = ledger;
    if (is_live && !claimLiveMailbox(control, { email: found.email, workspace_id, inbox_id: id }))
      refuseElsewhere();
    try {
      insertInbox(tx, newInbox(ledger, id, found));
    } catch (error) {
      if (is_live) releaseLiveMailbox(control, found.email, id);
      throw error;
    }
    tx.nudge("read");
    return id;
  });
}

function newInbox(
  ledger: Ledger,
  id: number,
  found: CheckedInbox,
): Parameters<typeof insertInbox>[1] {
  const { draft, email, provider, reply_to, servers } = found;
  const is_pending = found.is_pending ?? false;
  const seal = (column: "smtp_password" | "imap_password", server: MailServer | undefined) =>
    server && !is_pending
      ? sealLogin(ledger, { table: "inboxes", row: id, column }, server.password)
      : null;
  return {
    id,
    email,
    name: draft.name?.trim() ?? "",
    provider,
    smtp: servers && withoutPassword(servers.smtp),
    imap: servers && withoutPassword(servers.imap),
    smtp_password: seal("smtp_password", servers?.smtp),
    imap_password: seal("imap_password", servers?.imap),
    daily_limit: draft.daily_limit ?? 50,
    hourly_limit: draft.hourly_limit ?? 10,
    min_gap_seconds: draft.min_gap_seconds ?? 600,
    signature: draft.signature ?? "",
    reply_to,
    save_sent: draft.save_sent ?? "auto",
    ...(is_pending ? { state: "pending_auth", auth: "oauth" } : {}),
  };
}

export { openSignIns } from "./sign-ins.ts";
export { withTokens } from "./tokens.ts";
