// What "now" is: one interface, so that the engine can be told the time.

export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
}
