// `imail workspaces`: lists, makes and changes workspaces in the data directory. A running server sees it at once.

import type { Config } from "../config.ts";
import { AppError } from "../core/faults.ts";
import { formatId, parseId } from "../core/ids.ts";
import { readMasterKey } from "../installation.ts";
import type { Control } from "../ledger/control.ts";
import { changeWorkspace, createWorkspace } from "../resources/workspaces/actions.ts";
import { listWorkspaces, type Tier, type Workspace } from "../resources/workspaces/store.ts";
import { withControl } from "./beside-server.ts";
import { CommandError, EXIT, type Row, show } from "./output.ts";

interface Order {
  name: string;
  zone: string;
  tier?: Tier;
  postalAddress?: string;
  json?: boolean;
}

interface Changes {
  workspace?: string;
  name?: string;
  zone?: string;
  tier?: Tier;
  postalAddress?: string;
  json?: boolean;
}

/** `workspaces list`: oldest first. */
export async function listAllWorkspaces(config: Config, json: boolean | undefined): Promise<void> {
  await withControl(config, (control) => {
    show(listWorkspaces(control).map(rowOf), json);
  });
}

/** `workspaces create`: a running server takes it up within a second. */
export async function addWorkspace(config: Config, order: Order): Promise<void> {
  const { name, zone, tier, postalAddress, json } = order;
  await withControl(config, (control) => {
    const { key, problem } = readMasterKey(config, control);
    if (key === null) throw new AppError("unavailable", problem);
    const id = createWorkspace(control, { name, zone }, key);
    const made = changeWorkspace(control, id, {
      ...(tier === undefined ? {} : { tier }),
      ...(postalAddress === undefined ? {} : { postal_address: postalAddress || null }),
    });
    show(rowOf(made), json);
  });
}

/** `workspaces set`: changes what is named and leaves the rest. */
export async function setWorkspace(config: Config, changes: Changes): Promise<void> {
  const { workspace, name, zone, tier, postalAddress, json } = changes;
  await withControl(config, (control) => {
    const changed = changeWorkspace(control, pickWorkspace(control, workspace), {
      ...(name === undefined ? {} : { name }),
      ...(zone === undefined ? {} : { zone }),
      ...(tier === undefined ? {} : { tier }),
      ...(postalAddress === undefined ? {} : { postal_address: postalAddress || null }),
    });
    show(rowOf(changed), json);
  });
}

function rowOf({ id, name, zone, tier, postal_address }: Workspace): Row {
  return { id: formatId("ws", id), name, zone, tier, postal_address };
}

/** The id of the workspace that was named, or of the only one. */
export function pickWorkspace(control: Control, named: string | undefined): number {
  const workspaces = listWorkspaces(control);
  if (named !== undefined) {
    const id = parseId("ws", named);
    if (id === null || !workspaces.some((workspace) => workspace.id === id)) {
      throw new AppError("not_found", `There is no workspace ${named}.`);
    }
    return id;
  }
  const [only, ...others] = workspaces;
  if (only && others.length === 0) return only.id;
  const names = workspaces.map(({ id, name }) => `${formatId("ws", id)} (${name})`).join(", ");
  throw new CommandError("usage", EXIT.usage, `Say which workspace with --workspace: ${names}.`);
}
