// `imail keys`: makes, lists and revokes API keys in the data directory, whether the server runs or not.

import type { Config } from "../config.ts";
import { formatId } from "../core/ids.ts";
import type { Mode } from "../core/states.ts";
import { formatInstant, formatInstantOrNull } from "../ledger/row.ts";
import { createKey, listKeys, revokeKey } from "../resources/api-keys/actions.ts";
import type { KeyRow } from "../resources/api-keys/store.ts";
import { withControl } from "./beside-server.ts";
import { type Row, show } from "./output.ts";
import { pickWorkspace } from "./workspaces.ts";

interface KeyOrder {
  mode: Mode;
  /** `all`, or scopes with commas between. */
  scopes: string;
  workspace?: string;
  name: string;
  json?: boolean;
}

/** `keys create`: the only time that the key is shown. */
export async function createKeys(config: Config, order: KeyOrder): Promise<void> {
  await withControl(config, (control) => {
    const { id, key, mode, scopes } = createKey(control, {
      workspace_id: pickWorkspace(control, order.workspace),
      mode: order.mode,
      scopes: order.scopes
        .split(",")
        .map((scope) => scope.trim())
        .filter((scope) => scope !== ""),
      name: order.name,
    });
    show({ id: formatId("key", id), key, mode, scopes }, order.json);
  });
}

/** `keys list`: newest first, never a secret. */
export async function listAllKeys(config: Config, json: boolean | undefined): Promise<void> {
  await withControl(config, (control) => {
    show(listKeys(control).map(rowOf), json);
  });
}

/** `keys revoke`: acts on the next request of a running server. */
export async function revokeOneKey(
  config: Config,
  named: string,
  json: boolean | undefined,
): Promise<void> {
  await withControl(config, (control) => {
    show(rowOf(revokeKey(control, named)), json);
  });
}

function rowOf(key: KeyRow): Row {
  return {
    id: formatId("key", key.id),
    public_id: key.public_id,
    workspace_id: formatId("ws", key.workspace_id),
    mode: key.mode,
    name: key.name,
    scopes: key.scopes,
    created_at: formatInstant(key.created_at),
    last_used_at: formatInstantOrNull(key.last_used_at),
    expires_at: formatInstantOrNull(key.expires_at),
    revoked_at: formatInstantOrNull(key.revoked_at),
  };
}
