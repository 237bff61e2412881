// The root that all routes hang on: gate, body, check, faults. Its hooks come before every route, because a hook
// that comes after a route does not cover it.
import { Elysia } from "elysia";

import { type AccessTable, assertAccess } from "./access.ts";
import { faultResponse, readThrown } from "./faults.ts";
import { openGate, type Socket } from "./gate.ts";
import { openIntake, type Route } from "./intake.ts";
import { baseOf } from "./place.ts";
import type { Wiring } from "./wiring.ts";

/** `root` to hang the routes on; `seal` takes them all once, and throws when one has no entry in the access table. */
export function openFront(wiring: Wiring, table: AccessTable) {
  const socket = openSocket();
  const gate = openGate(wiring, socket, table);
  const intake = openIntake(wiring.visits);
  const root = new Elysia({ name: "imail" })
    .onStart(({ server }) => {
      socket.server = server;
    })
    .onRequest(({ request, set }) => gate(request, set.headers))
    .onParse({ as: "global" }, ({ request, contentType }) => intake.read(request, contentType))
    .onTransform({ as: "global" }, ({ request, route, body }) => {
      intake.check(request, route, body);
    })
    .onError({ as: "global" }, ({ request, error }) => {
      const request_id = wiring.visits.get(request)?.request_id ?? "";
      return faultResponse(readThrown(error, wiring.log, request_id), {
        request_id,
        base: baseOf(request),
      });
    });
  const seal = (routes: readonly Route[]) => {
    assertAccess(routes, table);
    intake.learn(routes);
  };
  return { root, seal };
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
