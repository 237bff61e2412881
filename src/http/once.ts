// What a route that waits (for mail servers, for the test clock) can do so that a retry with the same Idempotency-Key has
// one effect in all, even when the program was killed in between. Routes that do not wait need none of it: they run in one
// transaction with their answer.

export interface Once {
  /**
   * Decides something before the first effect and keeps it: a retry after a crash gets the same again. What it gives is
   * JSON. Without it, running again must find what the first run has done.
   */
  remember<T extends string | number | boolean | null>(decide: () => T): T;
  /** The last write of the effect and the answer, as one transaction. `work` must not wait. */
  finish<T>(work: () => T): T;
}

/** For requests without an Idempotency-Key. */
export const PLAIN_ONCE: Once = {
  remember: (decide) => decide(),
  finish: (work) => work(),
};
