// A signature without the mark of RFC 3676: the contact block below a sign-off. A line that reads like a sentence is
// never cut, for it may be a wish.

import { foldWords } from "./fold-words.ts";
import { SIGN_OFFS } from "./footer-words.ts";

/** A longer block is a letter. */
const BLOCK_LINES = 15;

/** The lines without the block of titles, numbers and addresses below "Best regards, Anna"; a postscript stays. */
export function cutSignature(lines: readonly string[]): readonly string[] {
  const from = Math.max(0, lines.length - BLOCK_LINES - 8);
  const found = lines.slice(from).findIndex(isSignOff);
  if (found < 0) return lines;
  const name = nextLine(lines, from + found + 1);
  const block = lines.slice(name + 1);
  const postscript = block.findIndex((line) => /^\s*p\.?\s?s\b/i.test(line.slice(0, 20)));
  const contact = (postscript < 0 ? block : block.slice(0, postscript)).filter(
    (line) => line !== "",
  );
  if (contact.length > BLOCK_LINES || contact.some(isProse) || !contact.some(isContact))
    return lines;
  return [...lines.slice(0, name + 1), ...(postscript < 0 ? [] : ["", ...block.slice(postscript)])];
}

function isSignOff(line: string): boolean {
  return line.length <= 60 && SIGN_OFFS.has(foldWords(line).trim());
}

function nextLine(lines: readonly string[], at: number): number {
  let next = at;
  while (next < lines.length && lines[next] === "") next++;
  return next;
}

/** A number to call, a mailbox or a page. */
function isContact(line: string): boolean {
  const text = line.slice(0, 200);
  const digits = text.replace(/\D/g, "").length;
  return digits >= 7 || text.includes("@") || /www\.|https?:/i.test(text);
}

/** Words with a small letter, several of them: somebody is saying something. */
function isProse(line: string): boolean {
  const small = line
    .slice(0, 998)
    .split(/\s+/)
    .filter((word) => /^\p{Ll}/u.test(word) && !/[@/.]\w/.test(word));
  return small.length >= 4 || /[?!]$/.test(line);
}
