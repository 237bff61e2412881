// What "now" is: one interface, so that the engine can be told the time.

export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /**
   * Milliseconds since some instant, never set: what tells a jump of `now` from time that has passed. A clock that is only
   * moved by hand (test mode, simulations) has none, and never jumps.
   */
  mono?(): number;
}
