// What the disk may hold after the power fails at one instant of a recording: what was synced is there; of what was not,
// nothing, some writes, or parts of them in sectors of 512 bytes. The shared memory of SQLite is gone.

import { type Chance, oneOf } from "../../test/world/chance.ts";
import type { Change, Recording } from "./recording.ts";

export const FATES = ["dropped", "subset", "torn", "kept"] as const;
export type Fate = (typeof FATES)[number];

const SECTOR = 512;

/** Files by their name. */
export type Image = Map<string, Buffer>;

export interface Crash {
  at: number;
  fate: Fate;
  image: Image;
}

/** So many crashes of one recording, earliest first. Half of them strike just after a dot. */
export function* crashes(
  recording: Recording,
  base: ReadonlyMap<string, Buffer>,
  { count, chance }: { count: number; chance: Chance },
): Generator<Crash> {
  const instants = Array.from({ length: count }, (_, i) =>
    i % 2 === 0
      ? Math.floor(chance() * recording.length)
      : oneOf(chance, recording.dots).at + Math.floor(chance() * 4),
  ).toSorted((one, other) => one - other);
  const disk = new Disk(recording, base);
  for (const at of instants) {
    const fate = oneOf(chance, FATES);
    yield { at, fate, image: disk.crash(at, fate, chance) };
  }
}

/** Everything that was recorded, done to `base`: what the files hold, unless the recorder has missed a call. */
export function replayed({ changes }: Recording, base: ReadonlyMap<string, Buffer>): Image {
  const image = new Map([...base].map(([file, bytes]) => [file, Buffer.from(bytes)]));
  for (const change of changes) apply(image, change);
  return image;
}

/** The disk as time goes on: what is surely there, and what is on its way. */
class Disk {
  readonly #recording: Recording;
  readonly #sure: Image;
  #pending: Change[] = [];
  #next = 0;
  #next_sync = 0;

  constructor(recording: Recording, base: ReadonlyMap<string, Buffer>) {
    this.#recording = {
      ...recording,
      changes: recording.changes.toSorted((one, other) => one.at - other.at),
      syncs: recording.syncs.toSorted((one, other) => one.done - other.done),
    };
    this.#sure = new Map(base);
  }

  /** `at` never goes back. */
  crash(at: number, fate: Fate, chance: Chance): Image {
    this.#goTo(at);
    const image = new Map([...this.#sure].map(([file, bytes]) => [file, Buffer.from(bytes)]));
    for (const change of this.#pending) {
      if (fate === "kept" || (fate === "subset" && chance() < 0.5)) apply(image, change);
      if (fate === "torn") tear(image, change, chance);
    }
    return image;
  }

  #goTo(at: number): void {
    const { changes, syncs } = this.#recording;
    for (let sync = syncs[this.#next_sync]; sync && sync.done <= at;) {
      this.#take(sync.done);
      const { file, at: begun } = sync;
      // Only what had come back before the sync began is surely in it.
      const isIn = (change: Change) => change.file === file && change.done <= begun;
      for (const change of this.#pending.filter(isIn)) apply(this.#sure, change);
      this.#pending = this.#pending.filter((change) => !isIn(change));
      sync = syncs[++this.#next_sync];
    }
    if (this.#next < changes.length) this.#take(at);
  }

  #take(at: number): void {
    const { changes } = this.#recording;
    for (
      let change = changes[this.#next];
      change && change.at <= at;
      change = changes[++this.#next]
    )
      this.#pending.push(change);
  }
}

function apply(image: Image, { file, kind, offset, bytes }: Change): void {
  if (kind === "remove") image.delete(file);
  else if (kind === "truncate") image.set(file, sized(image.get(file), offset));
  else write(image, file, offset, bytes);
}

function write(image: Image, file: string, offset: number, bytes: Buffer): void {
  const before = image.get(file);
  const place = offset < 0 ? (before?.length ?? 0) : offset;
  const size = Math.max(before?.length ?? 0, place + bytes.length);
  const grown = before?.length === size ? before : sized(before, size);
  bytes.copy(grown, place);
  image.set(file, grown);
}

function sized(bytes: Buffer | undefined, size: number): Buffer {
  const result = Buffer.alloc(size);
  bytes?.copy(result, 0, 0, size);
  return result;
}

/** Every sector of it for itself: there or not. */
function tear(image: Image, change: Change, chance: Chance): void {
  if (change.kind !== "write") {
    if (chance() < 0.5) apply(image, change);
    return;
  }
  const start = change.offset < 0 ? (image.get(change.file)?.length ?? 0) : change.offset;
  let at = 0;
  while (at < change.bytes.length) {
    const end = Math.min(change.bytes.length, at + SECTOR - ((start + at) % SECTOR));
    if (chance() < 0.5) write(image, change.file, start + at, change.bytes.subarray(at, end));
    at = end;
  }
}
