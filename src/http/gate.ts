// The one hook that stands before every request, known route or not: host, origin, key, route, scope, content type
// and size, in this order and before any body is read. A hook on routes would miss bad JSON, unknown routes, HEAD
// and OPTIONS, and 1.4.22 of the router lost such hooks in silence (reliability.md 4.2).
import { AppError, FAULTS } from "../core/faults.ts";
import { formatId, nextId } from "../core/ids.ts";
import { mayDo } from "../core/scopes.ts";
import { type Access, type AccessTable, type Door, openDoor } from "./access.ts";
import type { Caller, Visit } from "./caller.ts";
import { type FailedKeys, openFailedKeys } from "./failed-keys.ts";
import { faultResponse, readThrown } from "./faults.ts";
import { SECURITY_HEADERS } from "./headers.ts";
import { baseOf, hostOf, isOurHost, isOurOrigin, pathOf } from "./place.ts";
import type { Wiring } from "./wiring.ts";

/** What the gate asks of the listening socket. */
export interface Socket {
  /** Null when nothing listens (tests without a socket). */
  port(): number | null;
  /** The client's address; never taken from a header. */
  address(request: Request): string;
}

type Headers = Record<string, string>;

/** A fault and what else its answer says. */
interface Refusal {
  fault: AppError;
  headers: Headers;
}

interface Gatehouse {
  wiring: Wiring;
  socket: Socket;
  door: Door;
  failed_keys: FailedKeys;
}

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const MAX_KEY_LENGTH = 200;

/** The hook: answers a refusal, or lets the request through and puts our headers on its answer. */
export function openGate(wiring: Wiring, socket: Socket, table: AccessTable) {
  const house: Gatehouse = { wiring, socket, door: openDoor(table), failed_keys: openFailedKeys() };
  let last_id = 0;
  return (
    request: Request,
    headers: Record<string, string | number | string[]>,
  ): Response | undefined => {
    last_id = nextId(last_id, wiring.control.clock.now());
    const visit: Visit = {
      request_id: formatId("req", last_id),
      caller: null,
      route: null,
      max_bytes: 0,
    };
    wiring.visits.set(request, visit);
    Object.assign(headers, SECURITY_HEADERS, { "x-request-id": visit.request_id });
    const refusal = admit(house, request, visit);
    if (refusal === null) return undefined;
    return faultResponse(refusal.fault, {
      request_id: visit.request_id,
      base: safeBase(request, house),
      headers: refusal.headers,
    });
  };
}

function safeBase(request: Request, { wiring, socket }: Gatehouse): string {
  // A host that is not ours is not repeated: the link would lead to whoever wrote it.
  const ours = isOurHost(hostOf(request), socket.port(), wiring.allowed_hosts);
  return ours ? baseOf(request) : `http://127.0.0.1:${socket.port() ?? 80}`;
}

const refuse = (fault: AppError, headers: Headers = {}): Refusal => ({ fault, headers });

function admit(house: Gatehouse, request: Request, visit: Visit): Refusal | null {
  const { wiring, socket } = house;
  try {
    if (!isOurHost(hostOf(request), socket.port(), wiring.allowed_hosts))
      return refuse(new AppError("wrong_host"));
    if (!mayCome(request)) return refuse(new AppError("wrong_origin"));
    const path = pathOf(request);
    const access = house.door.find(request.method, path);
    if (isApi(path) && !("need" in access && access.need === "open")) {
      const caller = identify(house, request);
      if ("fault" in caller) return caller;
      // The token bucket of this key is spent here, when there is one.
      visit.caller = caller;
    }
    if ("allow" in access) return refuseRoute(access.allow);
    const fault = findScopeFault(access, visit.caller) ?? findBodyFault(request, access);
    if (fault) return refuse(fault);
    visit.route = access.route;
    visit.max_bytes = access.max_bytes;
    return null;
  } catch (error) {
    return refuse(readThrown(error, wiring.log, visit.request_id));
  }
}

const isApi = (path: string) => path === "/v1" || path.startsWith("/v1/");

/** Pages of other origins may not call us, with or without a preflight (reliability.md D4). */
function mayCome(request: Request): boolean {
  const origin = request.headers.get("origin");
  if (origin !== null && !isOurOrigin(origin, hostOf(request))) return false;
  const site = request.headers.get("sec-fetch-site");
  return (
    SAFE_METHODS.has(request.method) || site === null || site === "same-origin" || site === "none"
  );
}

function identify({ wiring, socket, failed_keys }: Gatehouse, request: Request): Caller | Refusal {
  const header = request.headers.get("authorization");
  if (header === null || header === "")
    return refuse(new AppError("missing_key", missingKey()), challenge());
  const [, key = ""] = /^bearer +(\S+)$/i.exec(header.slice(0, MAX_KEY_LENGTH)) ?? [];
  const caller = wiring.authenticate(key);
  if (caller) return caller;
  const wait = failed_keys.count(socket.address(request), wiring.control.clock.now());
  if (wait === null) return refuse(new AppError("invalid_key"), challenge());
  const message = `Too many wrong keys from this address; try again in ${wait} s. A key that is right never waits.`;
  return refuse(new AppError("rate_limited", message), { "retry-after": String(wait) });
}

const missingKey = () => `${FAULTS.missing_key.title} ${FAULTS.missing_key.remedy}`;
const challenge = (): Headers => ({ "www-authenticate": 'Bearer realm="imail"' });

function refuseRoute(allow: string[]): Refusal {
  if (allow.length === 0)
    return refuse(
      new AppError("not_found", "There is no such route. Check the path, and its version: /v1/…"),
    );
  const message = `This URL takes ${allow.join(", ")}.`;
  return refuse(new AppError("method_not_allowed", message), { allow: allow.join(", ") });
}

function findScopeFault({ need }: Access, caller: Caller | null): AppError | null {
  if (need === "open") return null;
  if (caller === null) return new AppError("missing_key");
  if (need === "test") {
    const message =
      "This route belongs to test mode: it takes keys that begin with imk_test_ only.";
    return caller.mode === "test" ? null : new AppError("scope_missing", message);
  }
  return mayDo(caller.scopes, need)
    ? null
    : new AppError("scope_missing", `This key lacks the scope ${need}.`);
}

/** Looks at the headers only: a body that is refused is never read. */
function findBodyFault(request: Request, { takes, max_bytes }: Access): AppError | null {
  if (SAFE_METHODS.has(request.method)) return null;
  const { headers } = request;
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    return new AppError("unsupported_media_type", "Send the body without Content-Encoding.");
  }
  const type = headers.get("content-type");
  const has_body = request.body !== null || Number(headers.get("content-length") ?? 0) > 0;
  if ((type !== null || has_body) && !isTaken(type ?? "", takes)) {
    return new AppError("unsupported_media_type", `Send Content-Type: ${takes.join(" or ")}.`);
  }
  if (headers.has("transfer-encoding")) {
    return new AppError(
      "payload_too_large",
      "Send the body with Content-Length: its size must be known before it is read.",
    );
  }
  return Number(headers.get("content-length") ?? 0) > max_bytes ? tooLarge(max_bytes) : null;
}

/** The 413 that names the limit. */
export function tooLarge(max_bytes: number): AppError {
  return new AppError(
    "payload_too_large",
    `The body may have at most ${max_bytes / 1024 / 1024} MB on this route.`,
  );
}

function isTaken(content_type: string, takes: readonly string[]): boolean {
  const [type = "", ...parameters] = content_type
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  const is_utf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  return takes.includes(type) && (is_utf8 || type !== "application/json");
}
