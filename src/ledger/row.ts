// Between rows and the wire: instants, booleans, JSON columns.

/** ms UTC as RFC 3339 with Z. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString();
}

/** As formatInstant, for what may not be there. */
export function formatInstantOrNull(ms: number | null): string | null {
  return ms === null ? null : formatInstant(ms);
}

/** A JSON column that our own code wrote. */
// oxlint-disable-next-line no-unnecessary-type-parameters -- the caller names the type of its own column
export function readJson<T>(text: string): T {
  // oxlint-disable-next-line no-unsafe-type-assertion -- only our own stores write these columns
  return JSON.parse(text) as T;
}
