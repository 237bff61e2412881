// The doctor at the databases and the inboxes: are the files sound, which inboxes stand still and why, and, where it is
// asked for, does every login still work?

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

import type { Config } from "../config.ts";
import { MODES } from "../core/states.ts";
import { readMasterKey } from "../installation.ts";
import type { Control } from "../ledger/control.ts";
import { openVault, type Workspace } from "../ledger/ledger.ts";
import { ledgerFile } from "../ledger/ledgers.ts";
import { systemRandom } from "../ledger/random.ts";
import { checkQuickly, openReadOnly } from "../ledger/read-only.ts";
import { openMailPort } from "../mail/port.ts";
import { accountOf } from "../resources/inboxes/actions.ts";
import { type InboxRow, listInboxes } from "../resources/inboxes/store.ts";
import { countQuarantined } from "../resources/inboxes/unread.store.ts";
import { openDataKey } from "../resources/workspaces/actions.ts";
import { listWorkspaces } from "../resources/workspaces/store.ts";
import { type Finding, fine, warning, wrong } from "./finding.ts";
import { openLedgerToRead } from "./read-ledger.ts";

const LOGIN_TIMEOUT_MS = 60_000;
const MB = 1024 * 1024;

/** control.db and both ledgers of every workspace. */
export function examineDatabases({ dir }: Config, control: Control): Finding[] {
  const ledgers = listWorkspaces(control).flatMap(({ id }) =>
    MODES.map((mode) => ledgerFile(id, mode)),
  );
  return ["control.db", ...ledgers]
    .filter((name) => existsSync(join(dir, name)))
    .map((name) => examineDatabase(dir, name));
}

function examineDatabase(dir: string, name: string): Finding {
  const path = join(dir, name);
  const complaints = readComplaints(path);
  const size = `${Math.ceil(statSync(path).size / MB)} MB`;
  if (complaints.length === 0) return fine("database", `${name} is sound (${size})`);
  return wrong("database", {
    found: `${name} is damaged: ${complaints.join("; ")}`,
    means:
      "The disk or a program that copies files has changed it. Mails could be lost or sent twice.",
    do: "Stop imail, keep a copy of the directory as it is, and restore the newest backup.",
  });
}

function readComplaints(path: string): string[] {
  try {
    const reading = openReadOnly(path);
    try {
      return checkQuickly(reading);
    } finally {
      reading.close();
    }
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** What the inboxes of a workspace say of themselves, and their servers when `logins` is asked for. */
export async function examineInboxes(
  config: Config,
  control: Control,
  logins: boolean,
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const workspace of listWorkspaces(control)) {
    const ledger = openLedgerToRead(config.dir, workspace.id, "live");
    const place = { before: Number.MAX_SAFE_INTEGER, limit: 10_000, offset: 0 };
    const inboxes = listInboxes(ledger, place).toReversed();
    const unread = inboxes.flatMap(({ id, email }) =>
      examineQuarantine(email, countQuarantined(ledger, id)),
    );
    ledger.close();
    found.push(...inboxes.map(examineState), ...unread);
    // oxlint-disable-next-line no-await-in-loop -- one after the other: providers count logins
    if (logins) found.push(...(await tryAll(config, control, workspace, inboxes)));
  }
  return found;
}

const TROUBLES: Partial<Record<InboxRow["state"], { means: string; do: string }>> = {
  needs_login: {
    means: "Its server takes the login no more: nothing is sent from it and no reply is read.",
    do: "Give it the new password: PATCH /v1/inboxes/{id}.",
  },
  disconnected: {
    means: "Its server could not be reached again and again: nothing is sent from it.",
    do: "Look at the server's words; then POST /v1/inboxes/{id}/reconnect.",
  },
  pending_auth: {
    means: "Nobody has signed in yet: nothing is sent from it.",
    do: "Open the setup_url of GET /v1/inboxes/{id} and sign in.",
  },
};

const SIGN_IN_OVER = {
  means: "Its provider wants a new sign-in: nothing is sent from it and no reply is read.",
  do: "Sign in at the setup_url of GET /v1/inboxes/{id}.",
};

function examineState({ email, auth, state, state_reason, read_fault }: InboxRow): Finding {
  const words = state_reason === null ? "" : `: ${state_reason}`;
  const trouble = state === "needs_login" && auth === "oauth" ? SIGN_IN_OVER : TROUBLES[state];
  if (trouble) return wrong("inbox", { found: `${email} is ${state}${words}`, ...trouble });
  if (read_fault !== null && state === "active") {
    return warning("inbox", {
      found: `${email} cannot be read: ${read_fault}`,
      means: "Follow-ups wait: somebody may have answered.",
      do: "Look at the server's words; imail tries again by itself.",
    });
  }
  return fine("inbox", `${email} is ${state}${words}`);
}

function examineQuarantine(email: string, count: number): Finding[] {
  if (count === 0) return [];
  const mails = count === 1 ? "1 mail" : `${count} mails`;
  return [
    warning("inbox", {
      found: `${mails} of ${email} could not be read and reading went on without them`,
      means: "An answer may be among them; of most the header was judged.",
      do: "Look into the mailbox: the log names the folder and the UID of each.",
    }),
  ];
}

async function tryAll(
  config: Config,
  control: Control,
  workspace: Workspace,
  inboxes: readonly InboxRow[],
): Promise<Finding[]> {
  const { key } = readMasterKey(config, control);
  const data_key = openDataKey(control, workspace.id, key);
  const vault = openVault({ data_key, random: systemRandom });
  const found: Finding[] = [];
  for (const inbox of inboxes) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: providers count logins
    found.push(
      inbox.auth === "oauth"
        ? fine("login", `${inbox.email} is signed in with ${inbox.provider}: the server renews it`)
        : await tryLogin(inbox, accountOf({ vault }, inbox)),
    );
  }
  return found;
}

async function tryLogin(
  { email }: InboxRow,
  account: ReturnType<typeof accountOf>,
): Promise<Finding> {
  if (account === null) {
    return wrong("login", {
      found: `The login of ${email} does not open`,
      means: "The master key is another one than the one that sealed it.",
      do: "Put the right key back, or give the inbox its password anew.",
    });
  }
  const outcome = await openMailPort().check(account, AbortSignal.timeout(LOGIN_TIMEOUT_MS));
  if (outcome.outcome === "ok") return fine("login", `${email} logs in at both servers`);
  const { server, fault, response } = outcome;
  const { host, port } = account[server];
  return wrong("login", {
    found: `${email}: ${server.toUpperCase()} at ${host}:${port} failed (${fault}): ${response}`,
    means: server === "smtp" ? "Nothing can be sent from it." : "No reply can be read.",
    do:
      fault === "auth"
        ? "Give it the right password: PATCH /v1/inboxes/{id}. Providers with two-factor login want an app password."
        : "Check host, port and security of the inbox, and that this machine may reach them.",
  });
}
