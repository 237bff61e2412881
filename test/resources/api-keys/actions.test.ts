import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { AppError } from "../../../src/core/faults.ts";
import { formatId } from "../../../src/core/ids.ts";
import {
  authenticate,
  createKey,
  listKeys,
  revokeKey,
} from "../../../src/resources/api-keys/actions.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";

let house: TestHouse;
beforeEach(async () => {
  house = await openTestHouse();
});
afterEach(() => house.close());

const make = (scopes: string[] = ["all"]) =>
  createKey(house.control, {
    workspace_id: house.workspace_id,
    mode: "live",
    scopes,
    name: " CI ",
  });

describe("an API key", () => {
  test("is shown once and kept as a hash", () => {
    const { key, public_id, name } = make();
    expect(key).toMatch(/^imk_live_[0-9a-z]{16}\.[A-Za-z0-9_-]{43}$/);
    expect(key).toStartWith(`${public_id}.`);
    expect(name).toBe("CI");
    const secret = key.split(".")[1] ?? "";
    const dump = Buffer.from(house.control.db.serialize());
    expect(dump.includes(public_id)).toBe(true);
    expect(dump.includes(secret)).toBe(false);
    expect(dump.includes(Buffer.from(secret, "base64url"))).toBe(false);
    expect(JSON.stringify(listKeys(house.control))).not.toContain(secret);
  });

  test("has the scopes that were asked for, each once", () => {
    expect(make(["leads:write", "leads:read", "leads:write"]).scopes).toEqual([
      "leads:read",
      "leads:write",
    ]);
    expect(make(["all"]).scopes).toContain("mcp");
    expect(() => make(["leads:delete"])).toThrow(AppError);
    expect(() => make([])).toThrow(AppError);
    expect(() =>
      createKey(house.control, { workspace_id: 1, mode: "live", scopes: ["all"], name: "" }),
    ).toThrow("workspace");
  });

  test("acts in one workspace and one mode", () => {
    const { key, id } = make(["leads:read"]);
    const caller = authenticate(house.control, key);
    expect(caller).toMatchObject({
      key_id: id,
      workspace_id: house.workspace_id,
      mode: "live",
      scopes: ["leads:read"],
    });
    expect(authenticate(house.control, key.replace("imk_live", "imk_test"))).toBeNull();
  });

  test("is revoked by its id, its outside id or its public part, at its first instant", () => {
    const [one, two, three] = [make(), make(), make()];
    const first = revokeKey(house.control, one.id);
    revokeKey(house.control, formatId("key", two.id));
    revokeKey(house.control, three.public_id);
    for (const { key } of [one, two, three]) expect(authenticate(house.control, key)).toBeNull();
    expect(revokeKey(house.control, one.id).revoked_at).toBe(first.revoked_at);
    expect(() => revokeKey(house.control, "key_x")).toThrow(AppError);
  });

  test("notes its use at most once a minute, and works when that cannot be written", () => {
    const { key, id } = make();
    const usedAt = () => listKeys(house.control).find((row) => row.id === id)?.last_used_at ?? null;
    expect(usedAt()).toBeNull();
    authenticate(house.control, key);
    const first = usedAt();
    expect(first).not.toBeNull();
    authenticate(house.control, key);
    expect(usedAt()).toBe(first);
    const other = make();
    house.control.db.run("PRAGMA query_only = ON");
    expect(authenticate(house.control, other.key)).not.toBeNull();
    house.control.db.run("PRAGMA query_only = OFF");
  });
});
