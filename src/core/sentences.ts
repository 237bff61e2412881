// The sentences of a text and where they stand in it: evidence is shown as a part of what the person wrote. Linear.

/** Places in a text, in UTF-16 units: `text.slice(start, end)`. */
export interface Span {
  start: number;
  end: number;
}

/** A line that is shorter ended on purpose; longer ones were wrapped by a mail client. */
const WRAPPED_FROM = 56;
const MOST = 200;
const ABBREVIATION =
  /(?:^|[\s.(])(?:\p{L}|\d{1,2}|Mr|Mrs|Ms|Dr|Hr|Fr|St|Nr|Herr|bzw|ca|dl|sig|Sra?)$/u;

/** The sentences of a text, without the blanks around them; at most 200, the last of which takes the rest. */
export function splitSentences(text: string): Span[] {
  const spans: Span[] = [];
  let start = 0;
  let line_start = 0;
  for (let at = 0; at < text.length && spans.length < MOST - 1; at++) {
    const isBreak = text[at] === "\n" && endsLine(text, line_start, at);
    if (text[at] === "\n") line_start = at + 1;
    if (!isBreak && !endsSentence(text, at)) continue;
    push(spans, text, start, at + 1);
    start = at + 1;
  }
  push(spans, text, start, text.length);
  return spans;
}

function endsLine(text: string, line_start: number, at: number): boolean {
  return at - line_start < WRAPPED_FROM || text[at + 1] === "\n" || text[at + 1] === undefined;
}

function endsSentence(text: string, at: number): boolean {
  const char = text[at] ?? "";
  if ("。！？".includes(char)) return true;
  if (!".!?…;".includes(char)) return false;
  const next = text[at + 1];
  if (next !== undefined && !/\s/.test(next)) return false;
  // "Mr. Olsen", "z. B.", "12. Mai": a full stop after so little ends an abbreviation.
  return char !== "." || !ABBREVIATION.test(text.slice(Math.max(0, at - 7), at));
}

function push(spans: Span[], text: string, from: number, to: number): void {
  let start = from;
  let end = to;
  while (start < end && /\s/.test(text[start] ?? "")) start++;
  while (end > start && /\s/.test(text[end - 1] ?? "")) end--;
  if (end > start) spans.push({ start, end });
}
