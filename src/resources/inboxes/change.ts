// Changes, pauses and reconnects an inbox. New servers and logins are tried before they are kept: an inbox that works
// goes on working until the new ones do.

import { parseAddress } from "../../core/address.ts";
import { AppError, type FaultDetail } from "../../core/faults.ts";
import { invalidField, issue, refuseIssues } from "../../core/issues.ts";
import type { MailServer } from "../../core/mail-port.ts";
import type { Once } from "../../http/once.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { type Connecting, getInbox, readTexts, sandboxIssues } from "./actions.ts";
import { noteLoginWorks } from "./login-works.ts";
import { sealLogin, tryLogins, withoutPassword } from "./logins.ts";
import type { InboxChange } from "./schema.ts";
import { changeServers } from "./servers.ts";
import { deleteSignIn } from "./sign-ins.store.ts";
import {
  type InboxRow,
  pauseInboxByHand,
  resumeInbox,
  setPasswordAuth,
  updateInbox,
  updateLogins,
} from "./store.ts";

/** Changes what the body names. Servers and logins are logged into first, and nothing is saved unless both work. */
export async function changeInbox(
  ledger: Ledger,
  house: Connecting,
  { id, change, once }: { id: number; change: InboxChange; once: Once },
  signal: AbortSignal,
): Promise<void> {
  const inbox = getInbox(ledger, id);
  refuseOtherEmail(inbox, change.email);
  const { reply_to, issues } = readTexts(change);
  const is_sandbox = inbox.provider === "sandbox";
  const names_servers = change.smtp !== undefined || change.imap !== undefined;
  const changed =
    names_servers && !is_sandbox ? changeServers(change, openServers(ledger, inbox)) : null;
  refuseIssues([
    ...issues,
    ...(is_sandbox ? sandboxIssues(change) : []),
    ...(names_servers && inbox.auth === "oauth" ? passwordIssues(change) : []),
    ...(changed?.issues ?? []),
  ]);
  if (changed) {
    const { email, provider } = inbox;
    const account = { inbox_id: id, email, provider, ...changed.servers };
    await tryLogins(house.mail(ledger), account, signal);
  }
  once.finish(() => {
    ledger.write((tx) => {
      saveChange(ledger, tx, id, { change, reply_to, servers: changed?.servers ?? null });
    });
  });
}

/** Whoever names servers leaves the sign-in: then a password logs in at both. */
function passwordIssues({ smtp }: InboxChange): FaultDetail[] {
  if (smtp?.password !== undefined) return [];
  const why =
    "is required: this inbox is signed in with its provider and has no password. To sign in anew, use POST /v1/inboxes/{id}/reconnect";
  return [issue("smtp.password", why)];
}

interface Save {
  change: InboxChange;
  /** As it was read, where the change names one. */
  reply_to: InboxRow["reply_to"];
  /** With their passwords; null where they stay. */
  servers: { smtp: MailServer; imap: MailServer } | null;
}

function saveChange(ledger: Ledger, tx: Tx, id: number, { change, reply_to, servers }: Save): void {
  // It may have been changed or deleted while the servers were asked.
  const current = getInbox(tx, id);
  updateInbox(tx, id, {
    name: change.name?.trim() ?? current.name,
    daily_limit: change.daily_limit ?? current.daily_limit,
    hourly_limit: change.hourly_limit ?? current.hourly_limit,
    min_gap_seconds: change.min_gap_seconds ?? current.min_gap_seconds,
    signature: change.signature ?? current.signature,
    reply_to: change.reply_to === undefined ? current.reply_to : reply_to,
    save_sent: change.save_sent ?? current.save_sent,
  });
  if (servers) {
    saveLogins(ledger, tx, id, servers);
    noteLoginWorks(ledger, tx, id);
  }
  tx.nudge("send");
}

function refuseOtherEmail(inbox: InboxRow, email: string | undefined): void {
  if (email === undefined || parseAddress(email) === inbox.email) return;
  throw invalidField(
    "email",
    "email cannot change: mails, replies and limits belong to this address. Connect the other mailbox as an inbox of its own and delete this one with ?reassign_to=.",
  );
}

/** Both servers with their passwords; "" for one that the master key does not open. */
function openServers(ledger: Ledger, inbox: InboxRow): { smtp: MailServer; imap: MailServer } {
  const open = (part: "smtp" | "imap"): MailServer => {
    const column = `${part}_password` as const;
    const [server, sealed] = [inbox[part], inbox[column]];
    if (server === null) throw new Error("a real inbox has servers");
    const place = { table: "inboxes", row: inbox.id, column };
    return { ...server, password: (sealed && ledger.vault.unseal(place, sealed)) ?? "" };
  };
  return { smtp: open("smtp"), imap: open("imap") };
}

function saveLogins(
  ledger: Ledger,
  tx: Tx,
  id: number,
  { smtp, imap }: { smtp: MailServer; imap: MailServer },
): void {
  const seal = (column: "smtp_password" | "imap_password", password: string) =>
    sealLogin(ledger, { table: "inboxes", row: id, column }, password);
  setPasswordAuth(tx, id);
  deleteSignIn(tx, id);
  updateLogins(tx, id, {
    smtp: withoutPassword(smtp),
    imap: withoutPassword(imap),
    smtp_password: seal("smtp_password", smtp.password),
    imap_password: seal("imap_password", imap.password),
  });
}

/** Sends nothing until it is resumed; it is still read, for opt-outs and replies come in all the same. */
export function pauseInboxByRequest(ledger: Ledger, id: number): void {
  ledger.write((tx) => {
    refusePending(getInbox(tx, id));
    pauseInboxByHand(tx, id, "api: paused by a request");
  });
}

/** What was paused, by whomever, sends again. */
export function resumeInboxByRequest(ledger: Ledger, id: number): void {
  ledger.write((tx) => {
    const inbox = getInbox(tx, id);
    refusePending(inbox);
    if (inbox.state === "disconnected" || inbox.state === "needs_login") {
      const message = `The inbox is not paused but ${inbox.state}: ${inbox.state_reason ?? "its servers refuse it"}. Reconnect it with POST /v1/inboxes/{id}/reconnect.`;
      throw new AppError("wrong_state", message);
    }
    resumeInbox(tx, id);
    tx.nudge("read");
    tx.nudge("send");
  });
}

function refusePending({ state }: InboxRow): void {
  if (state !== "pending_auth") return;
  throw new AppError(
    "wrong_state",
    "The inbox waits for its owner to sign in with the provider: there is nothing to pause or to resume yet.",
  );
}
