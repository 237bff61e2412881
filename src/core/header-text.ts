// Text of header fields: RFC 2047 encoded-words where ASCII will not do, and folds at 78 (RFC 5322 2.2.3).

const LINE = 76;
/** 75 characters an encoded-word, 12 of them `=?UTF-8?B?` and `?=`: 45 bytes make 60 of base64. */
const WORD_BYTES = 45;

/** Unstructured text after a field name of `used` characters: as it is where that is safe, else as encoded-words. */
export function encodeText(text: string, used: number): string {
  return mayStandAsIs(text) ? foldItems(text.split(" "), " ", used) : encodedWords(text, used);
}

/** A display name: as it is, as a quoted string, or as encoded-words (RFC 5322 3.2.5, RFC 2047 5). */
export function encodePhrase(name: string, used: number): string {
  if (!mayStandAsIs(name) || name.length > LINE - used) return encodedWords(name, used);
  if (/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+$/.test(name)) return name;
  return `"${name.replace(/["\\]/g, "\\$&")}"`;
}

/** Items joined, with a fold before each that would pass the line end. `used` is what stands before on the first line. */
export function foldItems(items: readonly string[], separator: string, used: number): string {
  let out = "";
  let column = used;
  for (const [index, item] of items.entries()) {
    const glue = index === 0 ? "" : separator;
    const width = (item.split("\r\n", 1)[0] ?? "").length;
    // No fold before the first item: some servers lose the value when the first line is empty.
    if (index > 0 && column + glue.length + width > LINE) {
      out += `${glue.trimEnd()}\r\n ${item}`;
      column = 1;
    } else {
      out += glue + item;
      column += glue.length;
    }
    column = item.includes("\r\n")
      ? item.length - item.lastIndexOf("\n") - 1
      : column + item.length;
  }
  return out;
}

/** Printable ASCII with single spaces, no word too long to fold, nothing that reads as an encoded-word. */
function mayStandAsIs(text: string): boolean {
  if (!/^[ -~]*$/.test(text) || text.includes("=?") || text.includes("  ")) return false;
  if (text.startsWith(" ") || text.endsWith(" ")) return false;
  return text.split(" ").every((word) => word.length <= LINE - 10);
}

/** Whole characters only in each word (RFC 2047 5 rule 3), the first one shorter by what stands before it. */
function encodedWords(text: string, used: number): string {
  const words: string[] = [];
  let bytes: number[] = [];
  let room = Math.min(WORD_BYTES, Math.floor((LINE - used - 12) / 4) * 3);
  for (const character of text) {
    const next = Buffer.from(character);
    if (bytes.length + next.length > room && bytes.length > 0) {
      words.push(encodedWord(bytes));
      bytes = [];
      room = WORD_BYTES;
    }
    bytes.push(...next);
  }
  words.push(encodedWord(bytes));
  return words.join("\r\n ");
}

function encodedWord(bytes: readonly number[]): string {
  return `=?UTF-8?B?${Buffer.from(bytes).toString("base64")}?=`;
}
