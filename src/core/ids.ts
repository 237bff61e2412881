// Ids: 53-bit time-ordered integers inside (41 bits of ms since 2024, 12 bits of sequence),
// `prefix_` and 11 Crockford base32 characters outside. Integer keys take 2.3-2.8x less disk than text.

const EPOCH = Date.UTC(2024, 0, 1);
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH = 11;

export type IdPrefix =
  | "cmp"
  | "stp"
  | "lead"
  | "inb"
  | "enr"
  | "msg"
  | "rpl"
  | "evt"
  | "whk"
  | "dlv"
  | "sup"
  | "imp"
  | "key"
  | "ws"
  | "req"
  | "usr"
  | "bks";

/** The next id at `now` (ms UTC): above `last`, and not below the instant. Monotonic over a clock that goes back. */
export function nextId(last: number, now: number): number {
  const floor = idFloor(now);
  return floor > last ? floor : last + 1;
}

/** Below every id that a clock gives after this instant (ms UTC). */
export function idFloor(now: number): number {
  return Math.max(0, now - EPOCH) * 4096;
}

/** When an id was given, ms UTC (to the precision of its sequence). */
export function idTime(id: number): number {
  return Math.floor(id / 4096) + EPOCH;
}

// Two characters at once: a page of a list writes a hundred ids.
const PAIRS = Array.from(
  { length: 1024 },
  (_, i) => `${ALPHABET[i >>> 5] ?? ""}${ALPHABET[i & 31] ?? ""}`,
);
const LOW_BITS = 2 ** 25;
const pair = (bits: number) => PAIRS[bits & 1023] ?? "";

// Ids of the same eight seconds begin with the same six characters.
let last = { high: -1, text: "" };

function writeHigh(high: number): string {
  if (high !== last.high)
    last = { high, text: `_${pair(high >>> 20)}${pair(high >>> 10)}${pair(high)}` };
  return last.text;
}

/** `formatId("lead", 7)` = `lead_00000000007`. */
export function formatId(prefix: IdPrefix, id: number): string {
  // Bit operations take 32 bits: the id is cut into its upper 30 and its lower 25.
  const high = Math.floor(id / LOW_BITS);
  const low = id % LOW_BITS;
  return `${prefix}${writeHigh(high)}${pair(low >>> 15)}${pair(low >>> 5)}${ALPHABET[low & 31] ?? ""}`;
}

/** The integer of an outside id, or null when it is not one of this prefix. Crockford's i, l and o are read as 1, 1 and 0. */
export function parseId(prefix: IdPrefix, text: string): number | null {
  if (!text.startsWith(`${prefix}_`)) return null;
  const body = text.slice(prefix.length + 1).toLowerCase();
  if (body.length !== LENGTH) return null;
  let id = 0;
  for (const character of body) {
    const digit = ALPHABET.indexOf(
      character === "i" || character === "l" ? "1" : character === "o" ? "0" : character,
    );
    if (digit < 0) return null;
    id = id * 32 + digit;
  }
  return Number.isSafeInteger(id) ? id : null;
}
