// Writes and reads tar files (POSIX ustar) with plain files in them, a piece at a time: a backup is one file that any tar
// opens, and no part of it has to fit into memory.

import { createHash } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";

const BLOCK = 512;
const CHUNK_BYTES = 1024 * 1024;
/** Above this an octal size has no room: GNU and BSD tar write it in base 256 then. */
const OCTAL_MOST = 8 ** 11;

export interface TarPart {
  name: string;
  bytes: number;
  /** Hex. */
  sha256: string;
}

export interface TarEntry {
  name: string;
  bytes: number;
  /** Where its content begins in the file. */
  offset: number;
}

/** The file is no tar of ours, or ends before it should. */
export class TarError extends Error {}

export interface TarWriter {
  addFile(name: string, path: string): TarPart;
  addText(name: string, text: string): TarPart;
  /** Ends the tar; it is on the disk when this returns. */
  finish(): void;
  /** Closes it as it is. */
  abandon(): void;
}

/** Begins a tar at `path`, for its owner only. `mtime_s`: seconds since 1970, of all entries. */
export function writeTar(path: string, mtime_s: number): TarWriter {
  const file = openSync(path, "w", 0o600);
  const write = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
  };
  const pad = (bytes: number) => write(Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK));
  return {
    addFile(name, from) {
      const source = openSync(from, "r");
      try {
        const bytes = fstatSync(source).size;
        write(header(name, bytes, mtime_s));
        const sha256 = eachChunk(source, { offset: 0, bytes }, write);
        pad(bytes);
        return { name, bytes, sha256 };
      } finally {
        closeSync(source);
      }
    },
    addText(name, text) {
      const content = Buffer.from(text, "utf8");
      write(header(name, content.length, mtime_s));
      write(content);
      pad(content.length);
      const sha256 = createHash("sha256").update(content).digest("hex");
      return { name, bytes: content.length, sha256 };
    },
    finish() {
      write(Buffer.alloc(2 * BLOCK));
      fsyncSync(file);
      closeSync(file);
    },
    abandon: () => closeSync(file),
  };
}

function header(name: string, bytes: number, mtime_s: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, "ascii");
  block.write("0000600\0", 100, "ascii");
  block.write("0000000\0", 108, "ascii");
  block.write("0000000\0", 116, "ascii");
  if (bytes < OCTAL_MOST) block.write(`${bytes.toString(8).padStart(11, "0")} `, 124, "ascii");
  else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(bytes), 128);
  }
  block.write(`${Math.max(0, mtime_s).toString(8).padStart(11, "0")} `, 136, "ascii");
  block.write("        ", 148, "ascii");
  block.write("0", 156, "ascii");
  block.write("ustar\u000000", 257, "ascii");
  block.write(`${sumOf(block).toString(8).padStart(6, "0")}\0 `, 148, "ascii");
  return block;
}

/** The sum of all bytes, those of the sum itself as spaces. */
function sumOf(block: Buffer): number {
  return block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

/** What is in a tar, in its order. Throws TarError. */
export function listTar(path: string): TarEntry[] {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const entries: TarEntry[] = [];
    const block = Buffer.alloc(BLOCK);
    for (let at = 0; ;) {
      if (readSync(file, block, 0, BLOCK, at) < BLOCK) throw new TarError("it ends too early");
      if (block.every((byte) => byte === 0)) return entries;
      const entry = readHeader(block, at);
      at = entry.offset + Math.ceil(entry.bytes / BLOCK) * BLOCK;
      if (at > size) throw new TarError(`${entry.name} is cut off`);
      entries.push(entry);
    }
  } finally {
    closeSync(file);
  }
}

function readHeader(block: Buffer, at: number): TarEntry {
  const text = (from: number, length: number) =>
    block.toString("latin1", from, from + length).replace(/[\0 ].*$/s, "");
  if (text(257, 5) !== "ustar" || Number.parseInt(text(148, 8), 8) !== sumOf(block)) {
    throw new TarError("it is no backup, or it is damaged");
  }
  const bytes =
    block[124] === 0x80 ? Number(block.readBigUInt64BE(128)) : Number.parseInt(text(124, 12), 8);
  const name = text(0, 100);
  // No name of a file ever comes from outside: only a plain one is taken.
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name) || !Number.isSafeInteger(bytes)) {
    throw new TarError("it holds what no backup of imail holds");
  }
  return { name, bytes, offset: at + BLOCK };
}

/** Copies an entry out, for its owner only; the SHA-256 of what was there. With null for `to` it is only read. */
export function readEntry(path: string, entry: TarEntry, to: string | null): string {
  const file = openSync(path, "r");
  const target = to === null ? null : openSync(to, "wx", 0o600);
  try {
    const sha256 = eachChunk(file, entry, (chunk) => {
      if (target === null) return;
      for (let done = 0; done < chunk.length;) done += writeSync(target, chunk, done);
    });
    if (target !== null) fsyncSync(target);
    return sha256;
  } finally {
    closeSync(file);
    if (target !== null) closeSync(target);
  }
}

/** A small entry as text. */
export function readText(path: string, { offset, bytes }: TarEntry): string {
  if (bytes > CHUNK_BYTES) throw new TarError("it holds what no backup of imail holds");
  const file = openSync(path, "r");
  try {
    const content = Buffer.alloc(bytes);
    readSync(file, content, 0, bytes, offset);
    return content.toString("utf8");
  } finally {
    closeSync(file);
  }
}

function eachChunk(
  file: number,
  { offset, bytes }: Pick<TarEntry, "offset" | "bytes">,
  take: (chunk: Uint8Array) => void,
): string {
  const hash = createHash("sha256");
  const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(1, bytes)));
  for (let done = 0; done < bytes;) {
    const length = readSync(file, chunk, 0, Math.min(chunk.length, bytes - done), offset + done);
    if (length === 0) throw new TarError("it ends too early");
    hash.update(chunk.subarray(0, length));
    take(chunk.subarray(0, length));
    done += length;
  }
  return hash.digest("hex");
}
