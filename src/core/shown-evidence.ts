// Evidence is somebody else's text: it is shown and logged as one line, short and without controls (M6).

import { isControlFree } from "./address.ts";

/** One line of at most 200 characters. */
export function shownEvidence(text: string): string {
  const line = text.slice(0, 400).toWellFormed().replace(/\s+/g, " ");
  return line
    .split("")
    .filter(isControlFree)
    .join("")
    .replace(/ {2,}/g, " ")
    .trim()
    .slice(0, 200)
    .toWellFormed();
}
