// What may be done to an inbox: connected after its logins were tried, and opened for mail.
import { isControlFree, parseAddress } from "../../core/address.ts";
import { AppError, type FaultCode, type FaultDetail, notFound } from "../../core/faults.ts";
import { formatId } from "../../core/ids.ts";
import { issue, refuseIssues } from "../../core/issues.ts";
import type {
  CheckOutcome,
  LoginFault,
  MailAccount,
  MailPort,
  MailServer,
} from "../../core/mail-port.ts";
import type { SealedPlace } from "../../core/sealing.ts";
import type { Mode } from "../../core/states.ts";
import type { Control } from "../../ledger/control.ts";
import type { Reading } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { InboxDraft } from "./schema.ts";
import { readServers } from "./servers.ts";
import {
  claimLiveMailbox,
  findInbox,
  findInboxByEmail,
  findLiveMailbox,
  type InboxRow,
  insertInbox,
  type NewInbox,
  releaseLiveMailbox,
  type StoredServer,
} from "./store.ts";

type Provider = MailAccount["provider"];

/** What connecting needs of the house. */
export interface Connecting {
  control: Control;
  mail(ledger: Ledger): MailPort;
}

/** The longest that two logins may take before the request is answered. */
const CHECK_TIMEOUT_MS = 60_000;

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

/** The logins in clear, for the mail port; null when the master key does not open them. */
export function accountOf(ledger: Ledger, inbox: InboxRow): MailAccount | null {
  const { id, email, provider } = inbox;
  const open = (column: "smtp_password" | "imap_password", server: StoredServer | null) => {
    const sealed = inbox[column];
    if (!server || !sealed) return null;
    const password = ledger.vault.unseal({ table: "inboxes", row: id, column }, sealed);
    return password === null ? null : { ...server, password };
  };
  if (provider === "sandbox")
    return { inbox_id: id, email, provider, smtp: NO_SERVER, imap: NO_SERVER };
  const smtp = open("smtp_password", inbox.smtp);
  const imap = open("imap_password", inbox.imap);
  return smtp && imap ? { inbox_id: id, email, provider, smtp, imap } : null;
}

/** Connects a mailbox: everything is checked and both servers are logged into before anything is saved. Its id. */
export async function connectInbox(
  ledger: Ledger,
  house: Connecting,
  draft: InboxDraft,
  signal: AbortSignal,
): Promise<number> {
  const provider = draft.provider ?? "smtp";
  refuseProvider(provider, ledger.mode);
  const { email, reply_to, issues } = readAddresses(draft);
  const login = provider === "sandbox" ? null : readServers(draft, provider, email);
  refuseIssues([...issues, ...(login ? login.issues : sandboxIssues(draft))]);
  refuseConnected(ledger, house.control, email);
  const servers = login?.servers ?? null;
  if (servers) {
    const account = { inbox_id: 0, email, provider, ...servers };
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]);
    refuseFailed(await house.mail(ledger).check(account, deadline), servers);
  }
  return saveInbox(ledger, house.control, { draft, provider, email, reply_to, servers });
}

function refuseProvider(provider: Provider, mode: Mode): void {
  if ((provider === "sandbox") === (mode === "test")) return;
  const message =
    mode === "test"
      ? 'provider must be "sandbox" with a test key: nothing in test mode reaches a mail server'
      : 'provider "sandbox" is for test keys: use smtp, gmail or microsoft with a live key';
  throw new AppError("provider_mode", message, { field: "provider" });
}

function readAddresses(draft: InboxDraft): {
  email: string;
  reply_to: string | null;
  issues: FaultDetail[];
} {
  const rule = "must be one e-mail address such as ada@example.com";
  const email = parseAddress(draft.email);
  const wanted = draft.reply_to ?? null;
  const reply_to = wanted === null ? null : parseAddress(wanted);
  const issues: FaultDetail[] = [];
  if (email === null) issues.push(issue("email", rule));
  if (!isControlFree(draft.name ?? "")) {
    issues.push(issue("name", "must be one line without line breaks or other control characters"));
  }
  if (!isControlFree((draft.signature ?? "").replace(/[\t\n\r]/g, ""))) {
    issues.push(
      issue("signature", "must not hold control characters other than line breaks and tabs"),
    );
  }
  if (wanted !== null && reply_to === null) issues.push(issue("reply_to", rule));
  return { email: email ?? "", reply_to, issues };
}

function sandboxIssues(draft: InboxDraft): FaultDetail[] {
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

/** Which field is to be looked at, and which code says what is wrong. */
const FAILURES: Record<
  LoginFault,
  { code: FaultCode | "auth_failed" | "unreachable"; field: string }
> = {
  auth: { code: "auth_failed", field: "password" },
  connect: { code: "unreachable", field: "host" },
  timeout: { code: "unreachable", field: "host" },
  greeting: { code: "unreachable", field: "host" },
  limit: { code: "unreachable", field: "host" },
  protocol: { code: "unreachable", field: "host" },
  tls_untrusted: { code: "tls_untrusted", field: "host" },
  tls_mismatch: { code: "tls_mismatch", field: "security" },
  no_starttls: { code: "tls_mismatch", field: "security" },
};

const SENTENCES: Record<LoginFault, string> = {
  auth: "refused the login",
  connect: "cannot be reached",
  timeout: "did not answer in time",
  greeting: "does not greet like a mail server",
  limit: "takes no login at the moment",
  protocol: "does not speak as expected",
  tls_untrusted: "has a certificate that is not trusted",
  tls_mismatch: "does not speak TLS in the way that was asked for",
  no_starttls: "does not offer STARTTLS",
};

function refuseFailed(
  outcome: CheckOutcome,
  servers: { smtp: MailServer; imap: MailServer },
): void {
  if (outcome.outcome === "ok") return;
  const { server, fault, response } = outcome;
  const failure = FAILURES[fault];
  const code: FaultCode =
    failure.code === "auth_failed" || failure.code === "unreachable"
      ? `${server}_${failure.code}`
      : failure.code;
  const { host, port } = servers[server];
  const field = `${server}.${failure.field}`;
  const message = `The ${server.toUpperCase()} server ${host}:${port} ${SENTENCES[fault]}: ${response}`;
  throw new AppError(code, message, { field, details: [{ field, message, code }] });
}

interface Found {
  draft: InboxDraft;
  provider: Provider;
  email: string;
  reply_to: string | null;
  servers: { smtp: MailServer; imap: MailServer } | null;
}

/**
 * Two files, so the claim in control.db comes first: a crash in between leaves a claim of this workspace without an
 * inbox, which the next try of this workspace takes over, and never a mailbox that is live twice.
 */
function saveInbox(ledger: Ledger, control: Control, found: Found): number {
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

function newInbox(ledger: Ledger, id: number, found: Found): NewInbox {
  const { draft, email, provider, reply_to, servers } = found;
  const seal = (column: "smtp_password" | "imap_password", server: MailServer | undefined) =>
    server ? sealLogin(ledger, { table: "inboxes", row: id, column }, server.password) : null;
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
  };
}

function sealLogin(ledger: Ledger, place: SealedPlace, password: string): Uint8Array {
  try {
    return ledger.vault.seal(place, password);
  } catch {
    const message =
      "The master key is missing, so no login can be kept. Put secret.key back into the data directory and start again.";
    throw new AppError("unavailable", message);
  }
}

function withoutPassword({ host, port, security, username, ca }: MailServer): StoredServer {
  return { host, port, security, username, ca };
}
