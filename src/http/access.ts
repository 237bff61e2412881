// Which route takes which key: one table (app.ts) that the gate reads before anything else happens. A route that
// is missing in it refuses to start, and what it does not name never reaches a route.
import type { Scope } from "../core/scopes.ts";

const MB = 1024 * 1024;

/** The most bytes that any body may have: the cap of the socket, and of the bulk routes. */
export const BULK_BYTES = 8 * MB;

/** `open` takes no key; `test` takes any key of test mode; else the scope that the key must have. */
export type Need = Scope | "open" | "test";

interface Entry {
  need: Need;
  /** The largest body in bytes, 1 MB when left out. */
  max_bytes?: number;
  /** The content types of its body, application/json when left out. */
  takes?: readonly string[];
}

/** `"GET /v1/leads/:id": "leads:read"` */
export type AccessTable = Record<string, Need | Entry>;

export interface Access {
  /** `GET /v1/leads/:id` */
  route: string;
  need: Need;
  max_bytes: number;
  takes: readonly string[];
}

interface Row extends Access {
  method: string;
  segments: string[];
}

export interface Door {
  /** The entry of a method and a path, or the methods that the path takes ([] when there is no such path). */
  find(method: string, pathname: string): Access | { allow: string[] };
}

const WILD = ":";

/** One spelling per path: no slash at the end. */
const trimmed = (path: string) => (path.length > 1 ? path.replace(/\/$/, "") : path);

function readRow([route, value]: [string, Need | Entry]): Row {
  const [method = "", path = ""] = route.split(" ");
  const entry: Entry = typeof value === "string" ? { need: value } : value;
  return {
    route,
    method,
    segments: path.split("/"),
    need: entry.need,
    max_bytes: entry.max_bytes ?? MB,
    takes: entry.takes ?? ["application/json"],
  };
}

/** Like the router: a fixed segment goes before a parameter, a slash at the end is nothing, parameters are not empty. */
function fits(row: Row, parts: string[]): boolean {
  return (
    row.segments.length === parts.length &&
    row.segments.every((segment, at) =>
      segment.startsWith(WILD) ? parts[at] !== "" : segment === parts[at],
    )
  );
}

const wildness = ({ segments }: Row) =>
  segments.filter((segment) => segment.startsWith(WILD)).length;

/** Reads the table once. */
export function openDoor(table: AccessTable): Door {
  const rows = Object.entries(table)
    .map(readRow)
    .toSorted((one, other) => wildness(one) - wildness(other));
  return {
    find(method, pathname) {
      const parts = trimmed(pathname).split("/");
      const here = rows.filter((row) => fits(row, parts));
      const asked = method === "HEAD" ? "GET" : method;
      const row = here.find((one) => one.method === asked);
      if (row) return row;
      const methods = here.map((one) => one.method);
      return {
        allow: methods.includes("GET") ? ["HEAD", ...methods].toSorted() : methods.toSorted(),
      };
    },
  };
}

/** Throws at the start when the table and the routes are not the same list. */
export function assertAccess(
  routes: readonly { method: string; path: string }[],
  table: AccessTable,
): void {
  const known = new Set(routes.map(({ method, path }) => `${method} ${trimmed(path)}`));
  const missing = [...known].filter((route) => !(route in table));
  const stale = Object.keys(table).filter((route) => !known.has(route));
  if (missing.length > 0) throw new Error(`routes without an access entry: ${missing.join(", ")}`);
  if (stale.length > 0) throw new Error(`access entries without a route: ${stale.join(", ")}`);
}

/** The table's name of a route that the router matched. */
export function routeName(method: string, path: string): string {
  return `${method === "HEAD" ? "GET" : method} ${trimmed(path)}`;
}
