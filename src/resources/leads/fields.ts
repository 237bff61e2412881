// Reads what a caller says about a lead into what is kept: every issue is told, nothing is guessed.
// Invariant: no value that can reach a mail header holds a control character (reliability.md M2).
import { isControlFree, parseAddress } from "../../core/address.ts";
import type { FaultDetail } from "../../core/faults.ts";
import { issue } from "../../core/issues.ts";
import { findZone } from "../../core/zones.ts";
import type { LeadDraft } from "./schema.ts";
import type { LeadFields, Scalar } from "./store.ts";

const LINES = [
  "first_name",
  "last_name",
  "company",
  "title",
  "phone",
  "website",
  "country",
  "source",
] as const;
export const CUSTOM_KEYS_MOST = 64;
export const CUSTOM_KEY_LENGTH = 64;
const CUSTOM_BYTES_MOST = 8 * 1024;

type Report = (field: string, rule: string) => void;

const NOBODY: LeadFields = {
  email: "",
  first_name: null,
  last_name: null,
  company: null,
  title: null,
  phone: null,
  website: null,
  country: null,
  timezone: null,
  tags: [],
  source: null,
  custom: {},
};

/** What a draft makes of a lead (null: of a new one), with everything that is wrong with it. */
export function readFields(
  draft: LeadDraft,
  previous: LeadFields | null,
): { fields: LeadFields; issues: FaultDetail[] } {
  const issues: FaultDetail[] = [];
  const report: Report = (field, rule) => issues.push(issue(field, rule));
  const fields: LeadFields = { ...(previous ?? NOBODY) };
  if (draft.email !== undefined) fields.email = readEmail(draft.email, report);
  for (const name of LINES) {
    const given = draft[name];
    if (given !== undefined) fields[name] = readLine(name, given, report);
  }
  if (fields.country?.length === 2) fields.country = fields.country.toUpperCase();
  if (draft.timezone !== undefined) fields.timezone = readZone(draft.timezone, report);
  if (draft.tags !== undefined) fields.tags = readTags(draft.tags, report);
  if (draft.custom !== undefined) fields.custom = mergeCustom(fields.custom, draft.custom, report);
  return { fields, issues };
}

function readEmail(given: string, report: Report): string {
  const email = parseAddress(given);
  if (email === null) report("email", "must be one e-mail address such as ada@example.com");
  return email ?? "";
}

function readLine(field: string, given: string | null, report: Report): string | null {
  const text = given?.trim() ?? "";
  if (!isControlFree(given ?? "")) {
    report(field, "must be one line without line breaks or other control characters");
  }
  return text === "" ? null : text;
}

function readZone(given: string | null, report: Report): string | null {
  const text = given?.trim() ?? "";
  if (text === "") return null;
  const zone = findZone(text);
  if (zone === null) report("timezone", "must be an IANA time zone such as Europe/Berlin");
  return zone;
}

function readTags(given: readonly string[], report: Report): string[] {
  for (const [i, tag] of given.entries()) {
    if (!isControlFree(tag)) report(`tags[${i}]`, "must be one line without control characters");
    else if (tag.trim() === "") report(`tags[${i}]`, "must not be blank");
  }
  return [...new Set(given.map((tag) => tag.trim()))];
}

function mergeCustom(
  previous: LeadFields["custom"],
  given: Record<string, Scalar>,
  report: Report,
): LeadFields["custom"] {
  for (const [key, value] of Object.entries(given)) {
    if (!isControlFree(key) || key.length > CUSTOM_KEY_LENGTH) {
      report(
        "custom",
        `must have keys of at most ${CUSTOM_KEY_LENGTH} characters without control characters`,
      );
    }
    // Line breaks and tabs may stand in a body; a subject that uses them is made one line.
    else if (typeof value === "string" && !isControlFree(value.replace(/[\t\n\r]/g, ""))) {
      report(`custom.${key}`, "must not hold control characters other than line breaks and tabs");
    }
  }
  const merged = { ...previous, ...given };
  const kept = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
  if (Object.keys(kept).length > CUSTOM_KEYS_MOST) {
    report("custom", `must have at most ${CUSTOM_KEYS_MOST} keys`);
  }
  if (Buffer.byteLength(JSON.stringify(kept)) > CUSTOM_BYTES_MOST) {
    report("custom", "must take at most 8 KB as JSON");
  }
  return kept;
}
