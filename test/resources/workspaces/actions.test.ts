import { afterEach, beforeEach, expect, test } from "bun:test";

import { AppError } from "../../../src/core/faults.ts";
import {
  changeWorkspace,
  createWorkspace,
  getWorkspace,
  openDataKey,
} from "../../../src/resources/workspaces/actions.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";

let house: TestHouse;
beforeEach(async () => {
  house = await openTestHouse();
});
afterEach(() => house.close());

test("each workspace has a data key of its own, which opens with the master key only", () => {
  const { control, workspace_id, master_key } = house;
  const other = createWorkspace(control, { name: "Other", zone: "UTC" }, master_key);
  const key = openDataKey(control, workspace_id, master_key);
  expect(key).toHaveLength(32);
  expect(openDataKey(control, other, master_key)).not.toEqual(key);
  expect(openDataKey(control, workspace_id, new Uint8Array(32))).toBeNull();
  expect(openDataKey(control, workspace_id, null)).toBeNull();
  control.db.run(
    "UPDATE workspaces SET data_key = (SELECT data_key FROM workspaces WHERE id = ?) WHERE id = ?",
    [workspace_id, other],
  );
  expect(openDataKey(control, other, master_key)).toBeNull();
});

test("a workspace begins at tier surge, and what is changed is read at the next use", () => {
  const { control, workspace_id, ledger } = house;
  expect(ledger.workspace()).toMatchObject({
    name: "Test",
    zone: "Europe/Berlin",
    tier: "surge",
    postal_address: null,
  });
  changeWorkspace(control, workspace_id, { tier: "velocity", zone: "america/new_york" });
  expect(ledger.workspace()).toMatchObject({
    name: "Test",
    zone: "America/New_York",
    tier: "velocity",
  });
});

test("a name that is empty, a zone that is none and a workspace that is not there are faults", () => {
  const { control, workspace_id, master_key } = house;
  expect(() => createWorkspace(control, { name: " ", zone: "UTC" }, master_key)).toThrow(AppError);
  expect(() => changeWorkspace(control, workspace_id, { zone: "+02:00" })).toThrow("IANA");
  expect(() => getWorkspace(control, 1)).toThrow(AppError);
});
