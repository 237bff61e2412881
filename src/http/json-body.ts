// Reads a JSON body: bounded in depth and keys, without the keys that reach for prototypes (reliability.md A2),
// without bytes and characters that no database or mail can carry.
import { AppError } from "../core/faults.ts";

const MAX_DEPTH = 32;
const MAX_KEYS = 1000;
const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

const malformed = (message: string) => new AppError("malformed_json", message);

/** The object of a body; an empty body is an empty object. */
export function parseBody(bytes: Uint8Array): Record<string, unknown> {
  if (bytes.length === 0) return {};
  const text = decode(bytes);
  checkDepth(bytes);
  const value = parse(text);
  if (!isRecord(value)) {
    throw malformed('The body must be one JSON object, such as {"name": "Spring"}.');
  }
  checkParts(value, MAY_HIDE.test(text));
  return value;
}

/** An object with keys: neither null nor a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed("The body is not UTF-8.");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message quotes the input, so it stays here.
    throw malformed("The body is not valid JSON.");
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** With this bit both kinds of brackets are one. */
const CASE_BIT = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/** Before parsing, because a deep body costs most while it is parsed. On the bytes: of UTF-8 no other is any of these. */
function checkDepth(bytes: Uint8Array): void {
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at] ?? 0;
    if (code === QUOTE) at = endOfText(bytes, at + 1);
    else if ((code | CASE_BIT) === OPENING) depth++;
    else if ((code | CASE_BIT) === CLOSING) depth--;
    if (depth > MAX_DEPTH)
      throw malformed(`The body is nested more than ${MAX_DEPTH} levels deep.`);
  }
}

/** Where the closing quote stands, or the end. */
function endOfText(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === QUOTE) return at;
    if (bytes[at] === BACKSLASH) at++;
  }
  return bytes.length;
}

/** Text that is UTF-8 can hold a NUL or half a pair only as an escape, and a forbidden key only in these letters or as one. */
const MAY_HIDE = /\\u|__proto__|constructor|prototype/;

/** Counts the keys of all objects; looks at keys and texts where the body `may_hide` what must not be in it. */
function checkParts(top: object, may_hide: boolean): void {
  const waiting: unknown[] = [top];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === "string") checkText(value);
    else if (Array.isArray(value)) {
      for (const item of value) if (may_hide || isInner(item)) waiting.push(item);
    } else if (isRecord(value)) {
      const keys = Object.keys(value);
      if (keys.length > MAX_KEYS)
        throw malformed(`An object of the body has more than ${MAX_KEYS} keys.`);
      for (const key of keys) {
        if (may_hide) checkKey(key);
        const item = value[key];
        if (may_hide || isInner(item)) waiting.push(item);
      }
    }
  }
}

const isInner = (value: unknown) => typeof value === "object" && value !== null;

function checkKey(key: string): void {
  if (FORBIDDEN.has(key)) throw malformed(`The key ${key} is not allowed anywhere in a body.`);
  checkText(key);
}

function checkText(text: string): void {
  if (text.includes("\0")) throw malformed("A text of the body holds a NUL character.");
  if (!text.isWellFormed()) throw malformed("A text of the body holds half of a surrogate pair.");
}
