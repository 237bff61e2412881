// Reads the rows of an import that have nothing unusual in one pass, for there are 5,000 in a call: all types, limits and
// characters at once. What it does not take it says nothing about: such a row is read by schema.ts and fields.ts, which
// word what is wrong. Invariant: a row that is taken here is stored as those two would store it.

import { companyDomain, isControlFree, parseAddress } from "../../core/address.ts";
import { findZone } from "../../core/zones.ts";
import { isRecord } from "../../http/json-body.ts";
import { CUSTOM_KEY_LENGTH, CUSTOM_KEYS_MOST } from "./fields.ts";
import type { LeadDraft } from "./schema.ts";
import type { WrittenFields } from "./store.ts";

/** A row that can be taken: as it came, and as it is stored. */
export interface PlainRow {
  draft: LeadDraft;
  fields: WrittenFields;
}

/** So many UTF-16 units of JSON are 8 KB of UTF-8 at the most. */
const CUSTOM_UNITS = 2730;
const TAGS_MOST = 50;
const TAG_LENGTH = 64;
const ZONE_LENGTH = 64;
const EMAIL_LENGTH = 254;

/** The longest text of each field (schema.ts). */
const LINES = new Map<string, number>([
  ["first_name", 200],
  ["last_name", 200],
  ["company", 200],
  ["title", 200],
  ["phone", 50],
  ["website", 500],
  ["country", 100],
  ["source", 200],
]);

type Line = Exclude<keyof WrittenFields, "email" | "timezone" | "tags" | "custom">;
// oxlint-disable-next-line no-unsafe-type-assertion -- the names of LINES are these
const isLine = (name: string): name is Line => LINES.has(name);

/** What a reader gives for what it does not take; null is an empty field. */
const UNUSUAL = undefined;

/** Opens a reader for the rows of one call: they share their zones. */
export function openPlainReader(): (row: unknown) => PlainRow | null {
  const zones = new Map<string, string | null>();
  const readZone = (value: unknown) => {
    const text = readLine(value, ZONE_LENGTH);
    if (text === null || text === UNUSUAL) return text;
    const known = zones.get(text);
    const zone = known === undefined ? findZone(text) : known;
    zones.set(text, zone);
    return zone ?? UNUSUAL;
  };
  return (row) => {
    if (!isRecord(row)) return null;
    const fields = nobody();
    for (const name of Object.keys(row)) if (!take(fields, name, row[name], readZone)) return null;
    if (fields.email === "") return null;
    fields.company_domain = companyDomain(fields.email);
    if (fields.country?.length === 2) fields.country = fields.country.toUpperCase();
    return { draft: row, fields };
  };
}

const nobody = (): WrittenFields => ({
  email: "",
  first_name: null,
  last_name: null,
  company: null,
  title: null,
  phone: null,
  website: null,
  country: null,
  timezone: null,
  tags: "[]",
  source: null,
  custom: "{}",
  company_domain: null,
});

type ReadZone = (value: unknown) => string | null | undefined;

/** Puts one field where it belongs. False for one that is not taken. */
function take(fields: WrittenFields, name: string, value: unknown, readZone: ReadZone): boolean {
  if (isLine(name)) {
    const line = readLine(value, LINES.get(name) ?? 0);
    if (line !== UNUSUAL) fields[name] = line;
    return line !== UNUSUAL;
  }
  switch (name) {
    case "email": {
      fields.email =
        typeof value === "string" && value.length <= EMAIL_LENGTH
          ? (parseAddress(value) ?? "")
          : "";
      return fields.email !== "";
    }
    case "timezone": {
      const zone = readZone(value);
      fields.timezone = zone ?? null;
      return zone !== UNUSUAL;
    }
    case "tags": {
      const tags = writeTags(value);
      fields.tags = tags ?? "";
      return tags !== UNUSUAL;
    }
    case "custom": {
      const custom = writeCustom(value);
      fields.custom = custom ?? "";
      return custom !== UNUSUAL;
    }
    default:
      return false;
  }
}

function readLine(value: unknown, most: number): string | null | undefined {
  if (value === null) return null;
  if (typeof value !== "string" || value.length > most || !isControlFree(value)) return UNUSUAL;
  const text = value.trim();
  return text === "" ? null : text;
}

function writeTags(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length > TAGS_MOST) return UNUSUAL;
  const tags = new Set<string>();
  for (const tag of value) {
    const text = readLine(tag, TAG_LENGTH);
    if (text === null || text === UNUSUAL) return UNUSUAL;
    tags.add(text);
  }
  return JSON.stringify([...tags]);
}

function writeCustom(value: unknown): string | undefined {
  if (!isRecord(value)) return UNUSUAL;
  const keys = Object.keys(value);
  if (keys.length > CUSTOM_KEYS_MOST) return UNUSUAL;
  for (const key of keys) {
    if (key.length > CUSTOM_KEY_LENGTH || !isControlFree(key) || !isPlain(value[key]))
      return UNUSUAL;
  }
  const text = JSON.stringify(value);
  return text.length <= CUSTOM_UNITS ? text : UNUSUAL;
}

/** Not null: that would take the key out. */
function isPlain(value: unknown): boolean {
  if (typeof value === "string") return isControlFree(value);
  return typeof value === "number" ? Number.isFinite(value) : typeof value === "boolean";
}
