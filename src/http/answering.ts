// Calls a route itself where its answer must be known before it goes out: single resources, whose tag is compared with
// what the caller has read, and requests that are to be done once. All other requests are left to the router.

import { status } from "elysia";

import { AppError } from "../core/faults.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { routeName } from "./access.ts";
import type { Caller, Visit } from "./caller.ts";
import {
  type AnswerSet,
  type EncodedAnswer,
  type Encoder,
  openEncoder,
  sendEncoded,
} from "./encode.ts";
import { isFresh, mayChange, tagOf } from "./etag.ts";
import { type OnceOrder, openRegister, readAsked, type Register } from "./idempotency.ts";
import type { Route } from "./intake.ts";
import { isRecord } from "./json-body.ts";
import { type Once, PLAIN_ONCE } from "./once.ts";
import { searchOf } from "./place.ts";
import type { Wiring } from "./wiring.ts";

/** A request that was let in and held against its schema. */
export interface Admitted {
  request: Request;
  body: unknown;
  params: unknown;
  query: unknown;
  set: AnswerSet;
}

export interface Answering {
  /** Learns all routes; called once, when they are there. */
  learn(routes: readonly Route[]): void;
  /** The answer, or undefined to leave it to the router. */
  answer(admitted: Admitted): Promise<Response | undefined>;
}

type Handler = (context: object) => unknown;

interface Known {
  handler: Handler;
  /** Does it wait for something? Then nobody can hold a transaction open for it. */
  waits: boolean;
  response: unknown;
  /** The fields of the body. */
  fields: string[];
}

interface Room {
  wiring: Wiring;
  /** The listening server, or null. */
  server: () => unknown;
  encoder: Encoder;
  register: Register;
  routes: ReadonlyMap<string, Known>;
}

/** One request on its way to its handler. */
interface Call {
  known: Known;
  admitted: Admitted;
  visit: Visit;
  caller: Caller;
  ledger: Ledger;
}

const isFunction = (value: unknown): value is Handler => typeof value === "function";
const isSingle = (route: string) => route.endsWith("/:id");

/** Opens it for the routes that it will learn. */
export function openAnswering(wiring: Wiring, server: () => unknown): Answering {
  const routes = new Map<string, Known>();
  const room: Room = {
    wiring,
    server,
    encoder: openEncoder(),
    register: openRegister(wiring.control, wiring.session_key),
    routes,
  };
  return {
    learn(all) {
      for (const { method, path, hooks, handler } of all) {
        if (path.startsWith("/v1/") && isFunction(handler)) {
          routes.set(routeName(method, path), knownOf(handler, hooks));
        }
      }
    },
    async answer(admitted) {
      const visit = wiring.visits.get(admitted.request);
      const known = routes.get(visit?.route ?? "");
      if (!visit?.route || !visit.caller || !known) return undefined;
      const { caller, route } = visit;
      const ledger = wiring.ledgers.get(caller.workspace_id, caller.mode);
      const call: Call = { known, admitted, visit, caller, ledger };
      if (visit.idempotency_key !== null)
        return await answerOnce(room, call, visit.idempotency_key);
      if (!isSingle(route)) return undefined;
      if (route.startsWith("GET ")) return await answerSingle(room, call, route);
      return route.startsWith("PATCH ") ? await answerChange(room, call, route) : undefined;
    },
  };
}

function knownOf(handler: Handler, hooks: object): Known {
  const { response, body } = isRecord(hooks) ? hooks : {};
  const properties = isRecord(body) && isRecord(body["properties"]) ? body["properties"] : {};
  // The room's rule: a handler that waits is an `async` function. One that only returns a promise is a bug, and the
  // transaction that it stands in says so.
  const waits = handler.constructor.name === "AsyncFunction";
  return { handler, waits, response, fields: Object.keys(properties) };
}

/** What a handler is given: the same as the router and the macros of auth.ts give. */
const contextOf = (
  { server }: Room,
  { admitted, visit, caller, ledger }: Call,
  once: Once = PLAIN_ONCE,
) => ({
  ...admitted,
  server: server(),
  caller,
  ledger,
  once,
  status,
  route: visit.route,
  version: visit.version,
});

const encodeWith =
  ({ encoder }: Room, { known, admitted }: Call) =>
  (value: unknown): EncodedAnswer =>
    encoder.encode(known.response, value, admitted.set);

async function answerSingle(room: Room, call: Call, route: string): Promise<Response | undefined> {
  const value = await call.known.handler(contextOf(room, call));
  if (value instanceof Response) return value;
  const answer = encodeWith(room, call)(value);
  if (answer.status !== 200 || answer.body === null) return sendEncoded(answer);
  const etag = tagOf(answer.body, fieldsOf(room, route));
  const have = call.admitted.request.headers.get("if-none-match");
  return have !== null && isFresh(have, etag)
    ? new Response(null, { status: 304, headers: { etag } })
    : sendEncoded({ ...answer, headers: { ...answer.headers, etag } });
}

/** What can be changed of the thing that a route shows. */
const fieldsOf = ({ routes }: Room, route: string) =>
  routes.get(route.replace(/^GET /, "PATCH "))?.fields ?? [];

/** Between the comparison and the change nothing comes: a handler that waits is held against the tag again as it writes. */
async function answerChange(room: Room, call: Call, route: string): Promise<Response | undefined> {
  const refuseOther = openComparison(room, call, route);
  refuseOther();
  const finish = <T>(work: () => T): T =>
    call.ledger.together(() => {
      refuseOther();
      return work();
    });
  const once = call.known.waits ? { ...PLAIN_ONCE, finish } : PLAIN_ONCE;
  const value = call.known.handler(contextOf(room, call, once));
  const answer = encodeWith(room, call)(value instanceof Promise ? await value : value);
  if (answer.status !== 200 || answer.body === null) return sendEncoded(answer);
  const etag = tagOf(answer.body, call.known.fields);
  return sendEncoded({ ...answer, headers: { ...answer.headers, etag } });
}

/** Throws `precondition_failed` where what is to be changed is not what `If-Match` names any more. */
function openComparison(room: Room, call: Call, route: string): () => void {
  const shown = room.routes.get(route.replace(/^PATCH /, "GET "));
  const wanted = call.admitted.request.headers.get("if-match");
  return () => {
    if (wanted === null || !shown || shown.waits) return;
    const { body } = encodeWith(room, { ...call, known: shown })(
      shown.handler(contextOf(room, call)),
    );
    if (body !== null && !mayChange(wanted, tagOf(body, call.known.fields))) {
      throw new AppError("precondition_failed");
    }
  };
}

async function answerOnce(room: Room, call: Call, key: string): Promise<Response> {
  const { register } = room;
  const order = orderOf(room, call, key);
  const encode = encodeWith(room, call);
  const stored = register.find(order);
  if (stored) {
    const headers = { ...stored.headers, "idempotent-replayed": "true" };
    return sendEncoded({ ...stored, headers });
  }
  const { handler, waits } = call.known;
  if (!waits)
    return sendEncoded(register.together(order, () => handler(contextOf(room, call)), encode));
  const work = async (once: Once) => await handler(contextOf(room, call, once));
  return sendEncoded(await register.waiting(order, work, encode));
}

function orderOf(
  { wiring }: Room,
  { admitted, visit, caller, ledger }: Call,
  key: string,
): OnceOrder {
  const { request } = admitted;
  const [store, other] = visit.in_control ? [wiring.control, ledger] : [ledger, wiring.control];
  return {
    caller,
    key,
    asked: visit.asked ?? readAsked(request, searchOf(request), new Uint8Array()),
    authorization: request.headers.get("authorization"),
    store,
    other,
  };
}
