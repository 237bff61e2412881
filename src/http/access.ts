// Which route takes which key: one table (app.ts) that the gate reads before anything else happens. A route that
// is missing in it refuses to start, and what it does not name never reaches a route.
import type { Scope } from "../core/scopes.ts";
import { routeSince } from "../core/versions.ts";

const MB = 1024 * 1024;

/** The most bytes that any body may have: the cap of the socket, and of the bulk routes. */
export const BULK_BYTES = 8 * MB;

/**
 * `open` takes no key; `test` takes any key of test mode; `session` takes people who are signed in and no key; else the
 * scope that the key must have. Sessions have all scopes.
 */
export type Need = Scope | "open" | "test" | "session";

interface Entry {
  need: Need;
  /** The largest body in bytes, 1 MB when left out. */
  max_bytes?: number;
  /** The content types of its body, application/json when left out. */
  takes?: readonly string[];
  /** Where what it changes stands, for answers that are stored with it: `ledger` when left out. */
  changes?: "ledger" | "control";
  /** Answers say so in `Deprecation` and `Sunset`, at least 12 months ahead (days, YYYY-MM-DD). */
  deprecated?: Deprecation;
}

/** From when on a route should not be used any more, and from when on it cannot. */
export interface Deprecation {
  since: string;
  sunset: string;
}

/** `"GET /v1/leads/:id": "leads:read"` */
export type AccessTable = Record<string, Need | Entry>;

export interface Access {
  /** `GET /v1/leads/:id` */
  route: string;
  need: Need;
  max_bytes: number;
  takes: readonly string[];
  in_control: boolean;
  /** Headers that every answer of the route has. */
  headers: Record<string, string>;
}

interface Row extends Access {
  method: string;
  segments: string[];
  /** The snapshot of the API that added it; "" outside of the API. */
  since: string;
}

export interface Door {
  /**
   * The entry of a method and a path in a snapshot of the API, or the methods that the path takes ([] when there is no
   * such path).
   */
  find(method: string, pathname: string, version: string): Access | { allow: string[] };
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
    in_control: entry.changes === "control",
    headers: entry.deprecated ? deprecationHeaders(route, entry.deprecated) : {},
    since: path.startsWith("/v1/") ? routeSince(route) : "",
  };
}

/** RFC 9745 and RFC 8594. Throws where there are less than 12 months between the two: the contract promises them. */
function deprecationHeaders(route: string, { since, sunset }: Deprecation): Record<string, string> {
  const [from, to] = [Date.parse(since), Date.parse(sunset)];
  const [year = "", ...day] = since.split("-");
  const a_year_on = Date.parse([Number(year) + 1, ...day].join("-"));
  if (!(to >= a_year_on)) throw new Error(`${route} must live for 12 months after its deprecation`);
  return {
    deprecation: `@${from / 1000}`,
    sunset: new Date(to).toUTCString(),
    link: '</docs/changelog>; rel="deprecation"; type="text/html"',
  };
}

/** Of as many segments. Like the router: a fixed segment goes before a parameter, a slash at the end is nothing, parameters are not empty. */
function fits({ segments }: Row, parts: string[]): boolean {
  return segments.every((segment, at) =>
    segment.startsWith(WILD) ? parts[at] !== "" : segment === parts[at],
  );
}

const wildness = ({ segments }: Row) =>
  segments.filter((segment) => segment.startsWith(WILD)).length;

/** Reads the table once. */
export function openDoor(table: AccessTable): Door {
  const by_length = Map.groupBy(
    Object.entries(table)
      .map(readRow)
      .toSorted((one, other) => wildness(one) - wildness(other)),
    ({ segments }) => segments.length,
  );
  return {
    find(method, pathname, version) {
      const parts = trimmed(pathname).split("/");
      const rows = by_length.get(parts.length) ?? [];
      const here = rows.filter((row) => row.since <= version && fits(row, parts));
      const asked = method === "HEAD" ? "GET" : method;
      const row = here.find((one) => one.method === asked);
      if (row) return row;
      const methods = here.map((one) => one.method);
      if (methods.length === 0) return { allow: [] };
      const implied = methods.includes("GET") ? ["HEAD", "OPTIONS"] : ["OPTIONS"];
      return { allow: [...methods, ...implied].toSorted() };
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
