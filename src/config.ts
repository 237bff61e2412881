// Every setting: name, default, one line of meaning. Read once at the start, then frozen. Flag before environment before
// imail.toml before default, and each value knows where it came from.

import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

import type { OAuthClient, OAuthProvider } from "./core/oauth-port.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  readonly dir: string;
  readonly host: string;
  /** Null: 7070, or the next free port above it. */
  readonly port: number | null;
  readonly allow_host: readonly string[];
  readonly log_level: LogLevel;
  /** How many automatic backups stay; null: none are made. */
  readonly backups: { readonly daily: number; readonly weekly: number } | null;
  /** 32 bytes, or null: the key lies in the data directory. */
  readonly master_key: Uint8Array | null;
  /** An OpenAI-compatible endpoint for replies that imail is unsure of. Null or left out: none is asked. */
  readonly classifier_url?: string | null;
  readonly classifier_key?: string | null;
  readonly classifier_model?: string | null;
  /** What tier Apex may do. Null or left out: what the contract says. */
  readonly apex_rate?: number | null;
  readonly apex_burst?: number | null;
  readonly apex_daily_limit?: number | null;
  /** The user's own OAuth clients. Null or left out: nobody signs in with that provider. */
  readonly google_client_id?: string | null;
  readonly google_client_secret?: string | null;
  readonly microsoft_client_id?: string | null;
  readonly microsoft_client_secret?: string | null;
  readonly microsoft_tenant?: string | null;
}

export type SettingName = keyof Config;

interface Setting {
  name: SettingName;
  /** As commander takes it; null where a command line would show a secret to every user of the machine. */
  flag: string | null;
  env: string;
  /** In words, for README. */
  default: string;
  meaning: string;
  secret: boolean;
}

const setting = (name: SettingName, flag: string | null, rest: [string, string]): Setting => ({
  name,
  flag,
  env: `IMAIL_${name.toUpperCase()}`,
  default: rest[0],
  meaning: rest[1],
  secret: flag === null,
});

/** The one table of settings: command line, environment, imail.toml and README are made from it. */
export const SETTINGS: readonly Setting[] = [
  setting("dir", "--dir <path>", [
    "./imail_data if it exists, else the user's data directory",
    "where everything is kept: databases, master key, imail.toml",
  ]),
  setting("host", "--host <address>", [
    "127.0.0.1",
    "the address to listen on; any other than loopback needs a key or an account first",
  ]),
  setting("port", "--port <number>", [
    "7070, or the next free one up to 7080",
    "the port to listen on; 0 takes any free one",
  ]),
  setting("allow_host", "--allow-host <name...>", [
    "none",
    "further host names under which requests may come in, beside loopback",
  ]),
  setting("log_level", "--log-level <level>", [
    "info",
    `how much is logged: ${LOG_LEVELS.join(", ")}`,
  ]),
  setting("backups", "--backups <kept>", [
    "7+4",
    "how many daily and weekly backups are kept, or off: then none is made, not before an upgrade either",
  ]),
  setting("master_key", null, [
    "secret.key in the data directory",
    "32 bytes in hex or base64 that seal the logins of the inboxes",
  ]),
  setting("classifier_url", "--classifier-url <url>", [
    "none: replies are judged on this machine only",
    "an OpenAI-compatible endpoint (`http://127.0.0.1:11434/v1`) that is asked about replies imail is unsure of; it gets their text without addresses and names",
  ]),
  setting("classifier_key", null, ["none", "the key of that endpoint"]),
  setting("classifier_model", "--classifier-model <name>", [
    "none",
    "the model that it is asked for; without one nothing is asked",
  ]),
  setting("apex_rate", "--apex-rate <number>", [
    "6000",
    "requests a minute that a key of a workspace of tier Apex may make",
  ]),
  setting("apex_burst", "--apex-burst <number>", [
    "12000",
    "requests that it may make at once after a rest",
  ]),
  setting("apex_daily_limit", "--apex-daily-limit <number>", [
    "100000",
    "the highest daily_limit of a campaign in a workspace of tier Apex",
  ]),
  setting("google_client_id", "--google-client-id <id>", [
    "none",
    "your own OAuth client at Google, for Gmail without app passwords",
  ]),
  setting("google_client_secret", null, ["none", "its secret"]),
  setting("microsoft_client_id", "--microsoft-client-id <id>", [
    "none",
    "your own app registration at Microsoft, for Outlook and Microsoft 365",
  ]),
  setting("microsoft_client_secret", null, ["none", "its secret; a public client has none"]),
  setting("microsoft_tenant", "--microsoft-tenant <name>", [
    "common",
    "whose accounts may sign in: common, organizations, consumers, a domain or a directory's id",
  ]),
];

const DEFAULT_BACKUPS = { daily: 7, weekly: 4 } as const;

/** The OAuth clients of the settings, by provider; null where there is no id. */
export function oauthClients(config: Config): Record<OAuthProvider, OAuthClient | null> {
  const { google_client_id, google_client_secret, microsoft_client_id } = config;
  const secret = config.microsoft_client_secret ?? null;
  const tenant = config.microsoft_tenant ?? null;
  return {
    gmail: google_client_id
      ? { id: google_client_id, secret: google_client_secret ?? null, tenant: null }
      : null,
    microsoft: microsoft_client_id ? { id: microsoft_client_id, secret, tenant } : null,
  };
}

/** A setting that cannot be used: the user's mistake, told with its source. */
export class ConfigError extends Error {}

export type Source = "flag" | "environment" | "file" | "imail.toml" | "default";

export interface SettingValue {
  name: SettingName;
  /** As written, or the default; null where nothing is set. A secret is never shown. */
  value: string | null;
  source: Source;
  secret: boolean;
}

export interface ReadConfig {
  config: Config;
  /** Each setting with where its value came from, in the order of SETTINGS. */
  values: readonly SettingValue[];
}

export type Flags = Partial<Record<SettingName, string | readonly string[]>>;
type Env = Readonly<Record<string, string | undefined>>;

interface Raw {
  words: readonly string[];
  source: Source;
  /** How a complaint names it: `--port`, `IMAIL_PORT`, `port in /…/imail.toml`. */
  place: string;
}

/** Reads all settings. Throws ConfigError, naming the place of the value that cannot be used. */
export function readConfig(flags: Flags, env: Env): ReadConfig {
  const dir = fromFlagOrEnv("dir", flags, env);
  const path = resolve(dir?.words[0] ?? defaultDir(env));
  const file = readToml(join(path, "imail.toml"));
  const found = new Map<SettingName, Raw>();
  for (const { name } of SETTINGS) {
    const raw = name === "dir" ? dir : (fromFlagOrEnv(name, flags, env) ?? file.get(name));
    if (raw) found.set(name, raw);
  }
  const config: Config = Object.freeze({
    dir: path,
    host: one(found.get("host"), parseHost) ?? "127.0.0.1",
    port: one(found.get("port"), parsePort),
    allow_host: Object.freeze((found.get("allow_host")?.words ?? []).map(lowerCase)),
    log_level: one(found.get("log_level"), parseLogLevel) ?? "info",
    backups: found.has("backups") ? one(found.get("backups"), parseBackups) : DEFAULT_BACKUPS,
    master_key: one(found.get("master_key"), parseKey),
    classifier_url: one(found.get("classifier_url"), parseEndpoint),
    classifier_key: one(found.get("classifier_key"), (word) => word),
    classifier_model: one(found.get("classifier_model"), (word) => word),
    apex_rate: one(found.get("apex_rate"), parseCount),
    apex_burst: one(found.get("apex_burst"), parseCount),
    apex_daily_limit: one(found.get("apex_daily_limit"), parseCount),
    google_client_id: one(found.get("google_client_id"), parseWord),
    google_client_secret: one(found.get("google_client_secret"), parseWord),
    microsoft_client_id: one(found.get("microsoft_client_id"), parseWord),
    microsoft_client_secret: one(found.get("microsoft_client_secret"), parseWord),
    microsoft_tenant: one(found.get("microsoft_tenant"), parseTenant),
  });
  const values = SETTINGS.map(({ name, secret }) => {
    const raw = found.get(name);
    const written = name === "dir" ? path : (raw?.words.join(",") ?? textOf(config[name]));
    return {
      name,
      value: secret && raw ? "[set]" : written,
      source: raw?.source ?? "default",
      secret,
    };
  });
  return { config, values };
}

function fromFlagOrEnv(name: SettingName, flags: Flags, env: Env): Raw | undefined {
  const flag = flags[name];
  if (flag !== undefined) {
    const words =
      typeof flag === "string" ? split(name, flag) : flag.flatMap((word) => split(name, word));
    return { words, source: "flag", place: `--${name.replaceAll("_", "-")}` };
  }
  const variable = `IMAIL_${name.toUpperCase()}`;
  const path = env[`${variable}_FILE`] || undefined;
  const value = env[variable] || undefined;
  if (path !== undefined && value !== undefined) {
    throw new ConfigError(`Set ${variable} or ${variable}_FILE, not both.`);
  }
  if (value !== undefined)
    return { words: split(name, value), source: "environment", place: variable };
  if (path === undefined) return undefined;
  const place = `${variable}_FILE (${path})`;
  return { words: split(name, readText(path, place).trim()), source: "file", place };
}

const isList = (name: SettingName) => name === "allow_host";

function split(name: SettingName, text: string): string[] {
  if (!isList(name)) return [text];
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

function readText(path: string, place: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(`${place} cannot be read.`, { cause: error });
  }
}

function readToml(path: string): Map<SettingName, Raw> {
  const found = new Map<SettingName, Raw>();
  if (!existsSync(path)) return found;
  for (const [key, value] of Object.entries(parseToml(path))) {
    const name = SETTINGS.find((known) => known.name === key && known.name !== "dir")?.name;
    const place = `${key} in ${path}`;
    if (!name) throw new ConfigError(`${place} is not a setting.`);
    const items: unknown[] = Array.isArray(value) && isList(name) ? value : [value];
    const words = items.flatMap((item) => {
      if (typeof item === "string") return split(name, item);
      if (typeof item === "number") return [String(item)];
      throw new ConfigError(`${place} must be a text or a number.`);
    });
    found.set(name, { words, source: "imail.toml", place });
  }
  return found;
}

function parseToml(path: string): object {
  const text = readText(path, path);
  try {
    return Bun.TOML.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${path} is not valid TOML: ${reason}`, { cause: error });
  }
}

function one<T>(raw: Raw | undefined, parse: (word: string, place: string) => T): T | null {
  return raw ? parse(raw.words[0] ?? "", raw.place) : null;
}

/** A default as it would be written; null where there is none to write. */
function textOf(value: Config[SettingName]): string | null {
  if (value === DEFAULT_BACKUPS) return `${DEFAULT_BACKUPS.daily}+${DEFAULT_BACKUPS.weekly}`;
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

const lowerCase = (word: string) => word.toLowerCase();

function parseHost(word: string, place: string): string {
  if (/^[0-9A-Za-z.:-]+$/.test(word)) return word.toLowerCase();
  throw new ConfigError(`${place} must be an IP address or a host name.`);
}

function parsePort(word: string, place: string): number {
  const port = /^\d{1,5}$/.test(word) ? Number(word) : Number.NaN;
  if (port <= 65_535) return port;
  throw new ConfigError(`${place} must be a port between 0 and 65535.`);
}

function parseCount(word: string, place: string): number {
  if (/^[1-9]\d{0,8}$/.test(word)) return Number(word);
  throw new ConfigError(`${place} must be a whole number from 1 to 999999999.`);
}

/** Ids and secrets of clients: what providers give out has no blanks. */
function parseWord(word: string, place: string): string {
  if (/^[\x21-\x7e]{1,512}$/.test(word)) return word;
  throw new ConfigError(`${place} must be one word of at most 512 ASCII characters.`);
}

function parseTenant(word: string, place: string): string {
  if (/^[0-9A-Za-z.-]{1,253}$/.test(word)) return word;
  throw new ConfigError(`${place} must be common, organizations, consumers, a domain or an id.`);
}

function parseEndpoint(word: string, place: string): string {
  const url = URL.parse(word);
  const isPlain = url?.username === "" && url.password === "" && url.search + url.hash === "";
  if (url && isPlain && /^https?:$/.test(url.protocol)) return url.href;
  throw new ConfigError(`${place} must be an http or https URL without user, query and fragment.`);
}

function parseLogLevel(word: string, place: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === word);
  if (level) return level;
  throw new ConfigError(`${place} must be one of ${LOG_LEVELS.join(", ")}.`);
}

function parseBackups(word: string, place: string): Config["backups"] {
  if (word === "off") return null;
  const [, daily, weekly] = /^(\d{1,3})\+(\d{1,3})$/.exec(word) ?? [];
  if (Number(daily) > 0) return { daily: Number(daily), weekly: Number(weekly) };
  throw new ConfigError(`${place} must be off, or daily and weekly backups to keep, such as 7+4.`);
}

/** 32 bytes from 64 hex digits or base64 (with or without padding, either alphabet), or null. */
export function readKeyText(text: string): Uint8Array | null {
  const word = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(word)) return new Uint8Array(Buffer.from(word, "hex"));
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(word)) return null;
  return new Uint8Array(Buffer.from(word, "base64"));
}

function parseKey(word: string, place: string): Uint8Array {
  const key = readKeyText(word);
  if (key) return key;
  throw new ConfigError(`${place} must be 32 bytes, written as 64 hex digits or in base64.`);
}

/** Where data goes when nobody says so: a directory beside us wins, then the place that the system has for it. */
function defaultDir(env: Env): string {
  if (existsSync("imail_data")) return "imail_data";
  const home = env["HOME"] || homedir();
  if (process.platform === "win32") {
    return join(env["LOCALAPPDATA"] || join(home, "AppData", "Local"), "imail");
  }
  if (process.platform === "darwin") return join(home, "Library", "Application Support", "imail");
  return join(env["XDG_DATA_HOME"] || join(home, ".local", "share"), "imail");
}
