// What chance is: one interface, so that a simulation can replay it from a seed.

export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** Unguessable bytes. */
  bytes(length: number): Uint8Array;
}
