// `imail status`: how the server and everything in it is. A running server is asked; without one the data directory is
// read, and nothing in it is changed.

import type { Config } from "../config.ts";
import { findServer } from "../installation.ts";
import { systemClock } from "../ledger/clock.ts";
import { type Control, openControl } from "../ledger/control.ts";
import { isFounded } from "../ledger/founded.ts";
import { holderOf, isDirectoryHeld } from "../ledger/lock.ts";
import { systemRandom } from "../ledger/random.ts";
import { formatInstant } from "../ledger/row.ts";
import {
  makeLocalKey,
  readWorkspaceStatus,
  type WorkspaceStatus,
} from "../resources/status/actions.ts";
import { listWorkspaces } from "../resources/workspaces/store.ts";
import { askServer } from "./ask-server.ts";
import { CommandError, EXIT, formatTable, PROGRAM, say, sayJson, wantsJson } from "./output.ts";
import { openLedgerToRead } from "./read-ledger.ts";

interface ServerStatus {
  up: boolean;
  url: string | null;
  version: string | null;
  started_at: string | null;
  last_tick_at: string | null;
}

export interface Status {
  dir: string;
  server: ServerStatus;
  workspaces: WorkspaceStatus[];
}

const NO_SERVER: ServerStatus = {
  up: false,
  url: null,
  version: null,
  started_at: null,
  last_tick_at: null,
};

/** `status`. Exit 4 where there is no data directory, 5 where a server holds it and does not answer. */
export async function showStatus(config: Config, json: boolean | undefined): Promise<void> {
  const status = await readStatus(config);
  if (wantsJson(json)) sayJson(status);
  else tell(status);
}

async function readStatus(config: Config): Promise<Status> {
  const { dir } = config;
  const control = openFounded(config);
  try {
    const is_held = isDirectoryHeld(dir);
    const url = is_held ? findServer(dir) : null;
    if (url !== null) return { dir, ...(await askStatus(url, makeLocalKey(control))) };
    if (is_held) {
      const message = `Another imail uses ${dir} (${holderOf(dir)}) and does not listen. Try again in a moment.`;
      throw new CommandError("unreachable", EXIT.unreachable, message);
    }
    const workspaces = listWorkspaces(control).map((workspace) => {
      const ledger = openLedgerToRead(dir, workspace.id, "live");
      try {
        return readWorkspaceStatus(ledger, workspace, systemClock.now());
      } finally {
        ledger.close();
      }
    });
    return { dir, server: NO_SERVER, workspaces };
  } finally {
    control.close();
  }
}

/** control.db of an installation that is there: looking makes none. */
export function openFounded({ dir }: Config): Control {
  if (!isFounded(dir)) {
    const message = `There is no imail in ${dir}. Start one with ${PROGRAM} serve, or name another directory with --dir.`;
    throw new CommandError("not_found", EXIT.not_found, message);
  }
  return openControl({ dir, random: systemRandom, onError: () => undefined });
}

async function askStatus(url: string, key: string): Promise<Omit<Status, "dir">> {
  const { status, text } = await askServer(url, "/local/status", {
    authorization: `Bearer ${key}`,
  });
  if (status !== 200) {
    const message = `The server at ${url} answers ${status}. Is it of another version? This is the program that asks; restart the server with it.`;
    throw new CommandError("unreachable", EXIT.unreachable, message);
  }
  // oxlint-disable-next-line no-unsafe-type-assertion -- the server of this very program made it
  const { data } = JSON.parse(text) as {
    data: { server: Omit<ServerStatus, "up" | "url">; workspaces: WorkspaceStatus[] };
  };
  return { server: { up: true, url, ...data.server }, workspaces: data.workspaces };
}

function tell({ dir, server, workspaces }: Status): void {
  say(
    server.up
      ? `imail ${server.version} runs at ${server.url} since ${server.started_at}, and looked last at ${server.last_tick_at}`
      : `No server runs: nothing is sent and nothing is read. Start it with ${PROGRAM} serve`,
  );
  say(`Data in ${dir}, at ${formatInstant(systemClock.now())}`);
  for (const workspace of workspaces) tellWorkspace(workspace);
}

function tellWorkspace(workspace: WorkspaceStatus): void {
  const { id, name, tier, zone, sent_today, waiting, campaigns, inboxes, clock_frozen } = workspace;
  const states = Object.entries(campaigns).map(([state, count]) => `${count} ${state}`);
  const others = (["blocked", "held", "retries", "uncertain", "under_way"] as const)
    .filter((kind) => waiting[kind] > 0)
    .map((kind) => `${waiting[kind]} ${kind.replace("_", " ")}`);
  const next = waiting.next_at === null ? "" : ` (the next at ${waiting.next_at})`;
  say(`
${name} (${id}), ${tier}, ${zone}
  sent today  ${sent_today}
  waiting     ${[`${waiting.due} due now`, `${waiting.later} later${next}`, ...others].join(", ")}
  campaigns   ${states.join(", ")}`);
  if (clock_frozen !== null)
    say(
      `  NOTHING IS SENT: the clock is behind ${clock_frozen.highest_seen}, which it has shown before. Set it right; else it is believed at ${clock_frozen.believed_at}.`,
    );
  const rows = [...workspace.active, ...workspace.paused];
  if (rows.length > 0) say(`\n${formatTable(rows)}`);
  if (inboxes.length > 0) say(`\n${formatTable(inboxes)}`);
}
