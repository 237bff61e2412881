// The root that all routes hang on: gate, body, check, faults. Its hooks come before every route, because a hook
// that comes after a route does not cover it.
import { Elysia } from "elysia";

import { type AccessTable, assertAccess } from "./access.ts";
import { openAnswering } from "./answering.ts";
import type { AnswerHeaders } from "./caller.ts";
import { faultResponse, ownHeaders, readThrown } from "./faults.ts";
import { openGate, type Socket } from "./gate.ts";
import { openIntake, type Route } from "./intake.ts";
import { baseOf } from "./place.ts";
import type { Wiring } from "./wiring.ts";

/** `root` to hang the routes on; `seal` takes them all once, and throws when one has no entry in the access table. */
export function openFront(wiring: Wiring, table: AccessTable) {
  const socket = openSocket();
  const gate = openGate(wiring, socket, table);
  const intake = openIntake(wiring.visits);
  const answering = openAnswering(wiring, () => socket.server);
  const rescue = (request: Request) => (thrown: unknown) =>
    answerThrown(wiring, request, thrown, wiring.visits.get(request)?.headers ?? {});
  const root = new Elysia({ name: "imail" })
    // What is thrown as null or undefined makes the router's own `catch` throw: it would end in an empty page.
    .wrap((next) => (request: Request) => {
      try {
        const answer: unknown = next(request);
        return answer instanceof Promise ? answer.catch(rescue(request)) : answer;
      } catch (error) {
        return rescue(request)(error);
      }
    })
    .onStart(({ server }) => {
      socket.server = server;
    })
    // `async` for the router to see: it awaits only what says so.
    .onRequest(async ({ request, set }) => await gate(request, set.headers))
    .onParse({ as: "global" }, ({ request, contentType }) => intake.read(request, contentType))
    .onTransform({ as: "global" }, ({ request, route, body }) => {
      intake.check(request, route, body);
    })
    // `async` as above: the router hears of what fails in here only then.
    .onBeforeHandle(
      { as: "global" },
      async ({ request, body, params, query, set }) =>
        await answering.answer({ request, body, params, query, set }),
    )
    .onError({ as: "global" }, ({ request, error, set }) =>
      answerThrown(wiring, request, error, set.headers),
    );
  const seal = (routes: readonly Route[]) => {
    assertAccess(routes, table);
    intake.learn(routes);
    answering.learn(routes);
  };
  return { root, seal };
}

function answerThrown(
  wiring: Wiring,
  request: Request,
  thrown: unknown,
  headers: AnswerHeaders,
): Response {
  const request_id = wiring.visits.get(request)?.request_id ?? "";
  return faultResponse(readThrown(thrown, wiring.log, request_id), {
    request_id,
    base: baseOf(request),
    headers: ownHeaders(headers),
  });
}

interface OpenSocket extends Socket {
  server: {
    port?: number | undefined;
    requestIP(request: Request): { address: string } | null;
  } | null;
}

function openSocket(): OpenSocket {
  return {
    server: null,
    port() {
      return this.server?.port ?? null;
    },
    address(request) {
      return this.server?.requestIP(request)?.address ?? "";
    },
  };
}
