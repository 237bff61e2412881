// What happens to a request between the gate and its route: the body is read by our own parser and held, with the
// query, against the schema of the route.
import { AppError, type FaultDetail } from "../core/faults.ts";
import { routeName } from "./access.ts";
import type { Visits } from "./caller.ts";
import { checkBody, checkQuery, type Schema } from "./check.ts";
import { tooLarge } from "./gate.ts";
import { readAsked } from "./idempotency.ts";
import { isRecord, parseBody } from "./json-body.ts";
import { searchOf } from "./place.ts";

interface Shape {
  body: Schema | null;
  query: Schema | null;
}

/** A route as the router lists it. */
export interface Route {
  method: string;
  path: string;
  hooks: object;
  handler?: unknown;
}

export interface Intake {
  /** Learns the schemas of all routes; called once, when they are there. */
  learn(routes: readonly Route[]): void;
  /** The body: an object of JSON, or the bytes of another content type that the route takes. */
  read(request: Request, content_type: string): Promise<unknown>;
  /** Throws a fault that lists every field that does not fit. */
  check(request: Request, path: string, body: unknown): void;
}

const NO_FIELDS: Schema = { type: "object", properties: {} };

export function openIntake(visits: Visits): Intake {
  const shapes = new Map<string, Shape>();
  return {
    learn(routes) {
      for (const { method, path, hooks } of routes) {
        shapes.set(routeName(method, path), {
          body: schemaOf(hooks, "body"),
          query: schemaOf(hooks, "query"),
        });
      }
    },
    async read(request, content_type) {
      const visit = visits.get(request);
      const bytes = new Uint8Array(await request.arrayBuffer());
      if (visit && bytes.length > visit.max_bytes) throw tooLarge(visit.max_bytes);
      if (visit && visit.idempotency_key !== null) {
        visit.asked = readAsked(request, searchOf(request), bytes);
      }
      return content_type === "" || content_type.toLowerCase() === "application/json"
        ? parseBody(bytes)
        : bytes;
    },
    check(request, path, body) {
      const route = routeName(request.method, path);
      // The gate and the router each match paths. Should they ever disagree, the scope was checked for another route.
      if (visits.get(request)?.route !== route)
        throw new Error(`the gate let in another route than ${route}`);
      // Pages take whatever somebody hangs on their links.
      if (!path.startsWith("/v1/")) return;
      const shape = shapes.get(route);
      const search = request.url.indexOf("?");
      const query = new URLSearchParams(search < 0 ? "" : request.url.slice(search + 1));
      const faults = checkQuery(shape?.query ?? null, query);
      if (body !== undefined && !(body instanceof Uint8Array))
        faults.push(...checkBody(shape?.body ?? NO_FIELDS, body));
      if (faults.length > 0) throw refusalOf(faults);
    },
  };
}

function schemaOf(hooks: object, part: "body" | "query"): Schema | null {
  const schema = isRecord(hooks) ? hooks[part] : null;
  return isRecord(schema) ? schema : null;
}

/** One fault of several: the first on top, all in `details`. */
function refusalOf(details: FaultDetail[]): AppError {
  const [first] = details;
  const field = first?.field === "" ? undefined : first?.field;
  return new AppError(first?.code ?? "invalid_field", first?.message, { field, details });
}
