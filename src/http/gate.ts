// The one hook that stands before every request, known route or not: host, origin, key, rate, version, route, scope,
// content type and size, in this order and before any body is read. A hook on routes would miss bad JSON, unknown
// routes, HEAD and OPTIONS, and 1.4.22 of the router lost such hooks in silence (reliability.md 4.2).

import { AppError, FAULTS } from "../core/faults.ts";
import { formatId, nextId } from "../core/ids.ts";
import { mayDo } from "../core/scopes.ts";
import { NEWEST, pickVersion } from "../core/versions.ts";
import { formatInstant } from "../ledger/row.ts";
import { type Access, type AccessTable, type Door, openDoor } from "./access.ts";
import type { AnswerHeaders, Caller, Visit } from "./caller.ts";
import { type FailedKeys, openFailedKeys } from "./failed-keys.ts";
import { faultResponse, ownHeaders, readThrown } from "./faults.ts";
import { SECURITY_HEADERS } from "./headers.ts";
import { readIdempotencyKey } from "./idempotency.ts";
import { baseOf, hostOf, isOurHost, isOurOrigin, pathOf } from "./place.ts";
import { type Buckets, openBuckets, rateHeaders } from "./rate-limit.ts";
import { isFromOurPage, readSessionCookie, writeSessionCookie } from "./session-cookie.ts";
import type { Wiring } from "./wiring.ts";

/** What the gate asks of the listening socket. */
export interface Socket {
  /** Null when nothing listens (tests without a socket). */
  port(): number | null;
  /** The client's address; never taken from a header. */
  address(request: Request): string;
}

type Headers = Record<string, string>;

/** A fault and what else its answer says; without one it is a 204. */
interface Refusal {
  fault: AppError | null;
  headers: Headers;
}

interface Gatehouse {
  wiring: Wiring;
  socket: Socket;
  door: Door;
  failed_keys: FailedKeys;
  /** Of keys and sessions, by their ids. */
  of_keys: Buckets;
  /** Of what comes without a key. */
  of_addresses: Buckets;
}

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const MAX_KEY_LENGTH = 200;

/** The hook: answers a refusal, or lets the request through and puts our headers on its answer. */
export function openGate(wiring: Wiring, socket: Socket, table: AccessTable) {
  const house: Gatehouse = {
    wiring,
    socket,
    door: openDoor(table),
    failed_keys: openFailedKeys(),
    of_keys: openBuckets(),
    of_addresses: openBuckets(),
  };
  let last_id = 0;
  return (
    request: Request,
    headers: AnswerHeaders,
  ): Response | undefined | Promise<Response | undefined> => {
    wiring.pulse();
    const now = wiring.control.clock.now();
    last_id = nextId(last_id, now);
    const visit: Visit = {
      request_id: formatId("req", last_id),
      caller: null,
      route: null,
      max_bytes: 0,
      version: versionOf(request, now),
      standing: null,
      headers,
      in_control: false,
      idempotency_key: null,
      asked: null,
    };
    wiring.visits.set(request, visit);
    Object.assign(headers, SECURITY_HEADERS, { "x-request-id": visit.request_id });
    if (visit.version !== null) headers["imail-version"] = visit.version;
    const coming: Coming = { request, visit, headers, now };
    const answer = (verdict: Verdict) =>
      answerOf(house, coming, countAddress(house, coming, verdict));
    const verdict = admit(house, coming);
    return verdict instanceof Promise ? verdict.then(answer) : answer(verdict);
  };
}

/** Null outside of the API, and where the header picks none. */
function versionOf(request: Request, now: number): string | null {
  if (!isApi(pathOf(request))) return null;
  const asked = request.headers.get("imail-version");
  return asked === null ? NEWEST : pickVersion(asked, formatInstant(now).slice(0, 10));
}

/** What came without a good key counts on its address. Pages and probes are counted and never refused. */
function countAddress(
  house: Gatehouse,
  { request, visit, now }: Coming,
  verdict: Verdict,
): Verdict {
  if (visit.standing !== null) return verdict;
  const rate = house.wiring.rates.surge;
  const standing = house.of_addresses.spend(house.socket.address(request), rate, now);
  visit.standing = standing;
  const counts = verdict === null ? isApi(pathOf(request)) : statusOf(verdict) === 401;
  return standing.wait_s !== null && counts ? tooMany(standing.wait_s, "this address") : verdict;
}

const statusOf = ({ fault }: Refusal) => (fault === null ? 204 : FAULTS[fault.code].status);

function tooMany(wait_s: number, who: string): Refusal {
  const message = `Too many requests from ${who}; try again in ${wait_s} s.`;
  return refuse(new AppError("rate_limited", message, { retry_after_s: wait_s }));
}

function answerOf(house: Gatehouse, { request, visit, headers }: Coming, verdict: Verdict) {
  if (visit.standing) Object.assign(headers, rateHeaders(visit.standing));
  if (verdict === null) return undefined;
  const { request_id } = visit;
  const all = { ...ownHeaders(headers), ...verdict.headers };
  return verdict.fault === null
    ? new Response(null, { status: 204, headers: all })
    : faultResponse(verdict.fault, { request_id, base: safeBase(request, house), headers: all });
}

/** A request at the gate, and what is known of it so far. */
interface Coming {
  request: Request;
  visit: Visit;
  headers: AnswerHeaders;
  /** ms UTC */
  now: number;
}

function safeBase(request: Request, { wiring, socket }: Gatehouse): string {
  // A host that is not ours is not repeated: the link would lead to whoever wrote it.
  const ours = isOurHost(hostOf(request), socket.port(), wiring.allowed_hosts);
  return ours ? baseOf(request) : `http://127.0.0.1:${socket.port() ?? 80}`;
}

const refuse = (fault: AppError | null, headers: Headers = {}): Refusal => ({ fault, headers });

type Verdict = Refusal | null;

/** Only a session takes a promise (its signature is checked off the thread): keys go straight through. */
function admit(house: Gatehouse, coming: Coming): Verdict | Promise<Verdict> {
  const { wiring, socket } = house;
  const { request, visit } = coming;
  try {
    if (!isOurHost(hostOf(request), socket.port(), wiring.allowed_hosts))
      return refuse(new AppError("wrong_host"));
    if (!mayCome(request)) return refuse(new AppError("wrong_origin"));
    const path = pathOf(request);
    const access = house.door.find(request.method, path, visit.version ?? NEWEST);
    if (isApi(path) && !("need" in access && access.need === "open")) {
      const token = hasKey(request) ? null : readSessionCookie(request);
      if (token !== null) return admitSession(house, coming, access, token);
      const caller = identify(house, request);
      if ("fault" in caller) return caller;
      return admitCaller(house, coming, access, caller);
    }
    return admitTo(coming, access);
  } catch (error) {
    return refuse(readThrown(error, wiring.log, visit.request_id));
  }
}

/** Whoever it is, key or session, is known from here on. */
function admitCaller(house: Gatehouse, coming: Coming, access: Asked, caller: Caller): Verdict {
  const { visit, now } = coming;
  visit.caller = caller;
  visit.standing = house.of_keys.spend(caller.key_id, house.wiring.rates[caller.tier], now);
  const { wait_s } = visit.standing;
  return wait_s === null ? admitTo(coming, access) : tooMany(wait_s, "this key");
}

type Asked = ReturnType<Door["find"]>;

function admitTo({ request, visit, headers }: Coming, access: Asked): Verdict {
  if (visit.version === null && isApi(pathOf(request))) {
    return refuse(new AppError("invalid_version", undefined, { field: "Imail-Version" }));
  }
  if ("allow" in access) return refuseRoute(request, visit, access.allow);
  Object.assign(headers, access.headers);
  const fault = findScopeFault(access, visit.caller) ?? findBodyFault(request, access);
  if (fault) return refuse(fault);
  visit.route = access.route;
  visit.max_bytes = access.max_bytes;
  visit.in_control = access.in_control;
  if (request.method === "POST" && visit.caller) {
    visit.idempotency_key = readIdempotencyKey(request.headers);
  }
  return null;
}

/** A key goes over a cookie: what a program says of itself counts, not what a browser adds. */
const hasKey = ({ headers }: Request) => (headers.get("authorization") ?? "") !== "";

async function admitSession(
  house: Gatehouse,
  coming: Coming,
  access: Asked,
  token: string,
): Promise<Verdict> {
  const { wiring } = house;
  const { request, visit, headers } = coming;
  try {
    const workspace = request.headers.get("imail-workspace");
    const mode = request.headers.get("imail-mode");
    const admission = await wiring.admitSession({ token, workspace, mode });
    if (!admission) return refuse(new AppError("invalid_session"), challenge());
    if (!SAFE_METHODS.has(request.method) && !isFromOurPage(request)) {
      return refuse(new AppError("wrong_origin", NO_ORIGIN));
    }
    if (admission.renewed) headers["set-cookie"] = writeSessionCookie(admission.renewed);
    return admitCaller(house, coming, access, admission.caller);
  } catch (error) {
    return refuse(readThrown(error, wiring.log, visit.request_id));
  }
}

const NO_ORIGIN =
  "With a session cookie, what changes something must come from imail's own pages: the browser says so in Origin or Sec-Fetch-Site. A program uses a key.";

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
  return refuse(new AppError("rate_limited", message, { retry_after_s: wait }));
}

const missingKey = () => `${FAULTS.missing_key.title} ${FAULTS.missing_key.remedy}`;
const challenge = (): Headers => ({ "www-authenticate": 'Bearer realm="imail"' });

function refuseRoute({ method }: Request, { version }: Visit, allow: string[]): Refusal {
  if (allow.length === 0) {
    const message =
      version === null || version === NEWEST
        ? "There is no such route. Check the path, and its version: /v1/…"
        : `There is no such route in the API of ${version}, which Imail-Version asks for.`;
    return refuse(new AppError("not_found", message));
  }
  if (method === "OPTIONS") return refuse(null, { allow: allow.join(", ") });
  const message = `This URL takes ${allow.join(", ")}.`;
  return refuse(new AppError("method_not_allowed", message), { allow: allow.join(", ") });
}

function findScopeFault({ need }: Access, caller: Caller | null): AppError | null {
  if (need === "open") return null;
  if (caller === null) return new AppError("missing_key");
  if (caller.session === null && caller.tier === "spark") {
    return new AppError("tier_gate", "The API is not part of the Spark tier; Surge has it.");
  }
  if (need === "session") return caller.session ? null : new AppError("session_only");
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
