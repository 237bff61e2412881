// Makes and changes workspaces. Each has a data key of its own, sealed with the master key: without the master key
// a workspace lives on, only its logins cannot be read.
import { notFound } from "../../core/faults.ts";
import { invalidField } from "../../core/issues.ts";
import { seal, type SealedPlace, unseal } from "../../core/sealing.ts";
import { findZone } from "../../core/zones.ts";
import type { Control } from "../../ledger/control.ts";
import {
  findSealedDataKey,
  findWorkspace,
  insertWorkspace,
  type Tier,
  updateWorkspace,
  type Workspace,
} from "./store.ts";

/** What a tier allows. `label` is its name in messages; `daily_limit` the most that one campaign sends a day. */
export const TIER_LIMITS: Record<Tier, { label: string; daily_limit: number }> = {
  spark: { label: "Spark", daily_limit: 5000 },
  surge: { label: "Surge", daily_limit: 5000 },
  velocity: { label: "Velocity", daily_limit: 25_000 },
  apex: { label: "Apex", daily_limit: 100_000 },
};

const MAX_NAME = 120;
const MAX_ADDRESS = 500;
const DATA_KEY_BYTES = 32;

const placeOf = (id: number): SealedPlace => ({ table: "workspaces", row: id, column: "data_key" });

/** A new workspace of tier `surge`; answers its id. */
export function createWorkspace(
  control: Control,
  order: { name: string; zone: string },
  master_key: Uint8Array,
): number {
  const { name, zone } = checked(order);
  return control.write((tx) => {
    const id = tx.id();
    const data_key = seal(
      master_key,
      placeOf(id),
      control.random.bytes(DATA_KEY_BYTES),
      control.random,
    );
    insertWorkspace(tx, { id, name, zone, tier: "surge", data_key });
    return id;
  });
}

/** The key that seals the logins of a workspace, or null when the master key is missing or another one. */
export function openDataKey(
  control: Control,
  workspace_id: number,
  master_key: Uint8Array | null,
): Uint8Array | null {
  const sealed = findSealedDataKey(control, workspace_id);
  return sealed && master_key ? unseal(master_key, placeOf(workspace_id), sealed) : null;
}

/** The workspace as it is set now; anything that names one that is not there is a 404. */
export function getWorkspace(control: Control, id: number): Workspace {
  const workspace = findWorkspace(control, id);
  if (!workspace) throw notFound("workspace");
  return workspace;
}

/** Changes what is named and leaves the rest. */
export function changeWorkspace(
  control: Control,
  id: number,
  changes: Partial<Omit<Workspace, "id" | "created_at" | "updated_at">>,
): Workspace {
  return control.write((tx) => {
    const workspace = findWorkspace(tx, id);
    if (!workspace) throw notFound("workspace");
    const changed = { ...workspace, ...changes };
    const next = { ...changed, ...checked(changed) };
    if (!Object.hasOwn(TIER_LIMITS, next.tier)) {
      throw invalidField("tier", `tier must be one of ${Object.keys(TIER_LIMITS).join(", ")}`);
    }
    if ((next.postal_address ?? "").length > MAX_ADDRESS) {
      throw invalidField(
        "postal_address",
        `postal_address must have at most ${MAX_ADDRESS} characters`,
      );
    }
    updateWorkspace(tx, next);
    return { ...next, updated_at: tx.now };
  });
}

function checked(order: { name: string; zone: string }): { name: string; zone: string } {
  const name = order.name.trim();
  if (name === "" || name.length > MAX_NAME)
    throw invalidField("name", `name must have 1 to ${MAX_NAME} characters`);
  const zone = findZone(order.zone);
  if (zone === null)
    throw invalidField("zone", "zone must be an IANA time zone such as Europe/Berlin");
  return { name, zone };
}
