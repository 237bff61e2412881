// So many at once, and all others in the order in which they came: logins at the start, and inboxes with much to catch up.

export interface Turns {
  /** Does the work when it is its turn. */
  take<T>(work: () => Promise<T>): Promise<T>;
}

export function openTurns(at_once: number): Turns {
  const waiting: (() => void)[] = [];
  let free = at_once;
  return {
    async take(work) {
      if (free > 0) free--;
      else {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.push(resolve);
        await promise;
      }
      try {
        return await work();
      } finally {
        // Handed on, not given back: nobody who comes now gets in between.
        const next = waiting.shift();
        if (next) next();
        else free++;
      }
    },
  };
}
