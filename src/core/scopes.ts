// The words of what a key may do.

export const SCOPES = [
  "campaigns:read",
  "campaigns:write",
  "leads:read",
  "leads:write",
  "inboxes:read",
  "inboxes:write",
  "replies:read",
  "replies:write",
  "webhooks:read",
  "webhooks:write",
  "analytics:read",
  "keys:write",
  "mcp",
] as const;
export type Scope = (typeof SCOPES)[number];

/** Whether scopes that are held allow what is needed: `write` implies `read`. */
export function mayDo(held: readonly string[], needed: Scope): boolean {
  return (
    held.includes(needed) ||
    (needed.endsWith(":read") && held.includes(needed.replace(/:read$/, ":write")))
  );
}
