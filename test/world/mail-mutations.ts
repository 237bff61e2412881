// Breaks mails as wires, gateways and enemies break them. The same seed makes the same mail.

/** A small generator of chance (mulberry32): 0 <= n < 1. */
export function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Chance = () => number;
type Mutation = (mail: Buffer, chance: Chance, mails: readonly Buffer[]) => Buffer;

const SIZE_CAP = 512 * 1024;
const CHARSETS = ["utf-8", "utf-16", "iso-2022-jp", "gb18030", "koi8-r", "windows-1252", "x-none"];
const ENCODINGS = ["base64", "quoted-printable", "7bit", "8bit", "binary", "uuencode", "?"];
const TYPES = ["text/html", "text/calendar; method=REPLY", "message/rfc822", "multipart/mixed"];
const pick = <T>(chance: Chance, list: readonly T[]): T => {
  const one = list[Math.floor(chance() * list.length)];
  if (one === undefined) throw new RangeError("nothing to pick from");
  return one;
};
const placeIn = (chance: Chance, mail: Buffer): number => Math.floor(chance() * (mail.length + 1));

function flipBytes(mail: Buffer, chance: Chance): Buffer {
  const copy = Buffer.from(mail);
  const flips = 1 + Math.floor(chance() * 20);
  for (let flip = 0; flip < flips && copy.length > 0; flip++)
    copy[Math.floor(chance() * copy.length)] = Math.floor(chance() * 256);
  return copy;
}

function truncate(mail: Buffer, chance: Chance): Buffer {
  return mail.subarray(0, placeIn(chance, mail));
}

function repeatPiece(mail: Buffer, chance: Chance): Buffer {
  const from = placeIn(chance, mail);
  const piece = mail.subarray(from, from + 1 + Math.floor(chance() * 400));
  const times = 1 + Math.floor(chance() ** 4 * 400);
  const pieces = Array.from({ length: times }, () => piece);
  return Buffer.concat([mail.subarray(0, from), ...pieces, mail.subarray(from)]);
}

function swapLines(mail: Buffer, chance: Chance): Buffer {
  const lines = mail.toString("latin1").split("\r\n");
  for (let swap = 0; swap < 4; swap++) {
    const [one, other] = [Math.floor(chance() * lines.length), Math.floor(chance() * lines.length)];
    [lines[one], lines[other]] = [lines[other] ?? "", lines[one] ?? ""];
  }
  return Buffer.from(lines.join("\r\n"), "latin1");
}

/** Another value for every place where these words stand. */
function lie(mail: Buffer, chance: Chance): Buffer {
  const [what, words] = pick(chance, [
    [/charset="?[\w-]+"?/gi, CHARSETS.map((name) => `charset=${name}`)],
    [/(?<=Content-Transfer-Encoding: )[\w-]+/gi, ENCODINGS],
    [/(?<=Content-Type: )[\w/-]+/gi, TYPES],
    [/boundary="?[\w-]+"?/gi, ["boundary=b2", 'boundary=""', "boundary"]],
  ] as const);
  const text = mail.toString("latin1").replace(what, () => pick(chance, words));
  return Buffer.from(text, "latin1");
}

function nest(mail: Buffer, chance: Chance): Buffer {
  let inner = mail;
  const depth = 1 + Math.floor(chance() ** 3 * 120);
  for (let level = 0; level < depth && inner.length < SIZE_CAP / 2; level++) {
    const mark = `n${level}`;
    const type = chance() < 0.5 ? "message/rfc822" : "multipart/mixed";
    const head = `From: a@b.test\r\nContent-Type: multipart/mixed; boundary=${mark}\r\n\r\n--${mark}\r\nContent-Type: ${type}; boundary=${mark}x\r\n\r\n`;
    inner = Buffer.concat([Buffer.from(head), inner, Buffer.from(`\r\n--${mark}--\r\n`)]);
  }
  return inner;
}

function splice(mail: Buffer, chance: Chance, mails: readonly Buffer[]): Buffer {
  const other = pick(chance, mails);
  return Buffer.concat([
    mail.subarray(0, placeIn(chance, mail)),
    other.subarray(placeIn(chance, other)),
  ]);
}

function insertOddities(mail: Buffer, chance: Chance): Buffer {
  const odd = pick(chance, [
    "\0",
    "\u2028",
    "=?utf-8?B?////?=",
    "=?utf-8?Q?=E2=80?=",
    "\r\n\r\n",
    "__proto__: x\r\n",
    "\u0301".repeat(300),
    "<div>".repeat(200),
    "> ".repeat(500),
    "On 1 a@b.test wrote:\r\n",
    "\ud83d",
    "(".repeat(500),
    ",".repeat(2000),
  ]);
  const at = placeIn(chance, mail);
  return Buffer.concat([mail.subarray(0, at), Buffer.from(odd), mail.subarray(at)]);
}

const MUTATIONS: readonly Mutation[] = [
  flipBytes,
  truncate,
  repeatPiece,
  swapLines,
  lie,
  nest,
  splice,
  insertOddities,
];

/** The mutant of this number: one to four mutations of one of the mails, at most 512 KB. */
export function mutantOf(mails: readonly Buffer[], seed: number): Buffer {
  const chance = chanceOf(seed);
  let mail = pick(chance, mails);
  const turns = 1 + Math.floor(chance() * 4);
  for (let turn = 0; turn < turns; turn++)
    mail = pick(chance, MUTATIONS)(mail, chance, mails).subarray(0, SIZE_CAP);
  return mail;
}
