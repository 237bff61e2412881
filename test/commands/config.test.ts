import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ConfigError, readConfig, type SettingName } from "../../src/config.ts";

const root = mkdtempSync(join(tmpdir(), "imail-config-"));
afterAll(() => {
  rmSync(root, { recursive: true });
});

/** A data directory with this imail.toml. */
function directory(toml?: string): string {
  const dir = mkdtempSync(join(root, "dir-"));
  if (toml !== undefined) writeFileSync(join(dir, "imail.toml"), toml);
  return dir;
}

function file(text: string): string {
  const path = join(directory(), "value");
  writeFileSync(path, text);
  return path;
}

const sourceOf = (read: ReturnType<typeof readConfig>, name: SettingName) =>
  read.values.find((value) => value.name === name)?.source;

type Flags = Parameters<typeof readConfig>[0];
type Env = Parameters<typeof readConfig>[1];

const hostsFrom = (flags: Flags, env: Env = {}, toml = "") =>
  readConfig({ ...flags, dir: directory(toml) }, env).config.allow_host;

/** The message with which these settings are refused. */
function refusal(flags: Flags, env: Env = {}, toml = ""): string {
  try {
    readConfig({ dir: directory(toml), ...flags }, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "no refusal";
}

test("a flag goes before the environment, the environment before imail.toml, imail.toml before the default", () => {
  const dir = directory('port = 7003\nhost = "127.0.0.3"\nlog_level = "warn"');
  const read = readConfig(
    { dir, port: "7001" },
    { IMAIL_PORT: "7002", IMAIL_HOST: "127.0.0.2", IMAIL_ALLOW_HOST: "" },
  );
  expect(read.config).toMatchObject({
    dir,
    port: 7001,
    host: "127.0.0.2",
    log_level: "warn",
    allow_host: [],
    master_key: null,
  });
  const names = ["port", "host", "log_level", "allow_host"] as const;
  expect(names.map((name) => sourceOf(read, name))).toEqual([
    "flag",
    "environment",
    "imail.toml",
    "default",
  ]);
});

test("a value may come from a file that the environment names, and its line end is no part of it", () => {
  const read = readConfig({ dir: directory() }, { IMAIL_HOST_FILE: file("127.0.0.9\n") });
  expect(read.config.host).toBe("127.0.0.9");
  expect(sourceOf(read, "host")).toBe("file");
});

test("a value and a file for the same setting are refused: nobody knows which one was meant", () => {
  const env = { IMAIL_PORT: "1", IMAIL_PORT_FILE: file("2") };
  expect(() => readConfig({ dir: directory() }, env)).toThrow(
    "Set IMAIL_PORT or IMAIL_PORT_FILE, not both.",
  );
});

test("host names may come as a list from everywhere", () => {
  expect(hostsFrom({ allow_host: ["Mail.Example", "b,c"] })).toEqual(["mail.example", "b", "c"]);
  expect(hostsFrom({}, { IMAIL_ALLOW_HOST: "a, b" })).toEqual(["a", "b"]);
  expect(hostsFrom({}, {}, 'allow_host = ["a", "b"]')).toEqual(["a", "b"]);
});

test("the master key may be written in hex or base64, and is never shown", () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => i * 7);
  const hex = Buffer.from(bytes).toString("hex");
  for (const text of [
    hex,
    Buffer.from(bytes).toString("base64"),
    Buffer.from(bytes).toString("base64url"),
  ]) {
    const read = readConfig({ dir: directory() }, { IMAIL_MASTER_KEY: text });
    expect(read.config.master_key).toEqual(bytes);
    expect(JSON.stringify(read.values)).not.toContain(text);
  }
});

test("a value that cannot be used is refused with the place that it came from", () => {
  expect(refusal({ port: "70000" })).toStartWith("--port must be a port");
  expect(refusal({ port: "0x10" })).toStartWith("--port must be a port");
  expect(refusal({}, { IMAIL_LOG_LEVEL: "loud" })).toStartWith("IMAIL_LOG_LEVEL must be one of");
  expect(refusal({}, { IMAIL_MASTER_KEY: "short" })).toStartWith(
    "IMAIL_MASTER_KEY must be 32 bytes",
  );
  expect(refusal({}, { IMAIL_HOST_FILE: "/nowhere/at/all" })).toContain("cannot be read");
  expect(refusal({}, {}, "prot = 1")).toContain("prot in ");
  expect(refusal({}, {}, "port = [1]")).toContain("must be a text or a number");
  expect(refusal({}, {}, "port = ")).toContain("is not valid TOML");
});

test("settings are frozen once they are read", () => {
  const { config } = readConfig({ dir: directory() }, {});
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.allow_host)).toBe(true);
});

test("without a directory from flag or environment the system's own place is taken", () => {
  expect(readConfig({}, { IMAIL_DIR: root }).config.dir).toBe(root);
  if (process.platform !== "linux") return;
  expect(readConfig({}, { XDG_DATA_HOME: "/somewhere" }).config.dir).toBe("/somewhere/imail");
  expect(readConfig({}, { HOME: "/home/ana" }).config.dir).toBe("/home/ana/.local/share/imail");
});
