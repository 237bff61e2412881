// The trained weights as they lie in the program: one byte for each, written by scripts/train.ts and by nothing else.

import { FEATURES, isHashed } from "./meaning-features.ts";
import { MEANINGS, type Model, type Weights } from "./meaning-model.ts";
import TRAINED from "./meaning-weights.b64" with { type: "text" };

const CLASSES = MEANINGS.length;
/** Temperature and two scales as float32, then a bit for every feature that has a row, then the rows as int8. */
const HEAD = 12;
const BITMAP = Math.ceil(FEATURES / 8);

/** The bytes of a model. A feature whose weights all round to nothing gets no row. */
export function encodeModel(weights: Weights, temperature: number): Uint8Array {
  const scales = [false, true].map((hashed) => largest(weights, hashed) / 127);
  const head = new Uint8Array(HEAD + BITMAP);
  new DataView(head.buffer).setFloat32(0, temperature);
  for (const [at, scale] of scales.entries())
    new DataView(head.buffer).setFloat32(4 + 4 * at, scale);
  const rows: number[] = [];
  for (let id = 0; id < FEATURES; id++) {
    const place = weights.rowOf(id);
    if (place < 0) continue;
    const scale = scales[isHashed(id) ? 1 : 0] ?? 1;
    const row = [...weights.rows.subarray(place * CLASSES, (place + 1) * CLASSES)];
    const bytes = row.map((weight) => Math.round(weight / scale));
    if (bytes.every((byte) => byte === 0)) continue;
    const at = HEAD + (id >> 3);
    head[at] = (head[at] ?? 0) | (1 << (id & 7));
    rows.push(...bytes);
  }
  const whole = new Uint8Array(head.length + rows.length);
  whole.set(head);
  whole.set(new Uint8Array(Int8Array.from(rows).buffer), head.length);
  return whole;
}

function largest(weights: Weights, hashed: boolean): number {
  let most = 1e-6;
  for (let id = 0; id < FEATURES; id++) {
    const place = weights.rowOf(id);
    if (place < 0 || isHashed(id) !== hashed) continue;
    for (let c = 0; c < CLASSES; c++)
      most = Math.max(most, Math.abs(weights.rows[place * CLASSES + c] ?? 0));
  }
  return most;
}

/** The model that the bytes hold. Throws RangeError where they were cut or belong to other features. */
export function decodeModel(bytes: Uint8Array): Model {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const temperature = view.getFloat32(0);
  const scales = [view.getFloat32(4), view.getFloat32(8)];
  const places = new Int32Array(FEATURES).fill(-1);
  const rows = new Float32Array(bytes.length - HEAD - BITMAP);
  let count = 0;
  for (let id = 0; id < FEATURES; id++) {
    if ((((bytes[HEAD + (id >> 3)] ?? 0) >> (id & 7)) & 1) === 0) continue;
    const from = count * CLASSES;
    const scale = scales[isHashed(id) ? 1 : 0] ?? 1;
    for (let c = 0; c < CLASSES; c++)
      rows[from + c] = view.getInt8(HEAD + BITMAP + from + c) * scale;
    places[id] = count++;
  }
  if (rows.length !== count * CLASSES) throw new RangeError("the weights are not whole");
  return { rowOf: (id) => places[id] ?? -1, rows, temperature };
}

let trained: Model | null = null;

/** The model that imail comes with, decoded at its first use. */
export function trainedModel(): Model {
  trained ??= decodeModel(Uint8Array.fromBase64(TRAINED.trim()));
  return trained;
}
