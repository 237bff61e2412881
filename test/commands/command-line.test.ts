import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { type Ended, runProgram, temporaryDirectory } from "../world/program.ts";

let place: ReturnType<typeof temporaryDirectory>;
let dir: string;

beforeEach(() => {
  place = temporaryDirectory();
  dir = join(place.path, "data");
});

afterEach(() => {
  place.remove();
});

const run = (args: string[], stdin = ""): Promise<Ended> =>
  runProgram(args, { cwd: place.path, stdin });

const errorOf = ({ stderr }: Ended): { code: string; message: string } => JSON.parse(stderr).error;

test("it says which version it is, as JSON where nobody watches", async () => {
  const { exit_code, stdout } = await run(["version"]);
  expect(exit_code).toBe(0);
  expect(JSON.parse(stdout).version).toMatch(/^\d+\.\d+\.\d+$/);
});

test("help is no error", async () => {
  const { exit_code, stdout, stderr } = await run(["--help"]);
  expect(exit_code).toBe(0);
  expect(stdout).toContain("serve");
  expect(stderr).toBe("");
});

test("a wrong command line is told as JSON on stderr, with exit code 2", async () => {
  const wrong = [
    ["nonsense"],
    ["serve", "--nonsense"],
    ["keys", "create"],
    ["keys", "create", "--mode", "both"],
    ["setup"],
  ];
  for (const args of wrong) {
    // oxlint-disable-next-line no-await-in-loop -- few processes at a time
    const ended = await run(args);
    expect([ended.exit_code, errorOf(ended).code, ended.stdout]).toEqual([2, "usage", ""]);
  }
});

test("a setting that cannot be used is a usage error that names its place", async () => {
  const ended = await run(["config", "show", "--port", "100000"]);
  expect(ended.exit_code).toBe(2);
  expect(errorOf(ended)).toMatchObject({ code: "invalid_setting" });
  expect(errorOf(ended).message).toContain("--port");
});

test("what is not there is exit code 4", async () => {
  const ended = await run(["keys", "revoke", "key_00000000000", "--dir", dir]);
  expect(ended.exit_code).toBe(4);
  expect(errorOf(ended)).toMatchObject({ code: "not_found" });
});

test("a scope that does not exist is refused, with those that do", async () => {
  const ended = await run([
    "keys",
    "create",
    "--mode",
    "live",
    "--scopes",
    "everything",
    "--dir",
    dir,
  ]);
  expect(ended.exit_code).toBe(2);
  expect(errorOf(ended).message).toContain("campaigns:read");
});

test("the list of keys never shows a secret", async () => {
  const made = await run(["keys", "create", "--mode", "live", "--dir", dir]);
  const [public_id, secret] = JSON.parse(made.stdout).key.split(".");
  const { stdout } = await run(["keys", "list", "--dir", dir]);
  expect(stdout).toContain(public_id);
  expect(stdout).not.toContain(secret);
});

test("setup makes an account from a password on stdin, and never a second one for the same address", async () => {
  const args = ["setup", "--email", "Ana@example.com", "--password-file", "-", "--dir", dir];
  const first = await run(args, "correct horse battery\n");
  expect(first.exit_code).toBe(0);
  expect(JSON.parse(first.stdout).email).toBe("ana@example.com");
  const second = await run(args, "correct horse battery\n");
  expect(second.exit_code).toBe(2);
  expect(`${first.stdout}${second.stderr}`).not.toContain("correct horse");
});

test("two first uses at once make one installation", async () => {
  const both = await Promise.all(
    [1, 2].map(() => run(["keys", "create", "--mode", "live", "--dir", dir])),
  );
  expect(both.map(({ exit_code }) => exit_code)).toEqual([0, 0]);
  const { stdout } = await run(["keys", "list", "--dir", dir]);
  const keys: { workspace_id: string }[] = JSON.parse(stdout);
  expect(keys).toHaveLength(2);
  expect(new Set(keys.map(({ workspace_id }) => workspace_id)).size).toBe(1);
});

test("showing the settings makes no data directory", async () => {
  const { stdout } = await run(["config", "show", "--dir", dir]);
  expect(JSON.parse(stdout)).toContainEqual({
    name: "host",
    value: "127.0.0.1",
    source: "default",
  });
  expect(existsSync(dir)).toBe(false);
});

test("a workspace changes in what is named and keeps the rest", async () => {
  const set = await run([
    "workspaces",
    "set",
    "--tier",
    "velocity",
    "--zone",
    "Asia/Tokyo",
    "--dir",
    dir,
  ]);
  expect(JSON.parse(set.stdout)).toMatchObject({
    tier: "velocity",
    zone: "Asia/Tokyo",
    name: "My workspace",
  });
  const { stdout } = await run(["workspaces", "list", "--dir", dir]);
  expect(JSON.parse(stdout)).toEqual([JSON.parse(set.stdout)]);
  const wrong = await run(["workspaces", "set", "--zone", "Europe/Nowhere", "--dir", dir]);
  expect([wrong.exit_code, errorOf(wrong).code]).toEqual([2, "invalid_field"]);
});

test("a workspace starts in the zone of this machine", async () => {
  const { stdout } = await run(["workspaces", "list", "--dir", dir]);
  expect(JSON.parse(stdout)).toMatchObject([{ zone: "Europe/Berlin", tier: "surge" }]);
});
