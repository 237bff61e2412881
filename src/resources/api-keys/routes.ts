// The URLs of API keys. A caller sees and changes the keys of its own workspace and mode only.
import { Elysia } from "elysia";

import { formatId } from "../../core/ids.ts";
import type { Caller } from "../../http/caller.ts";
import { created, noContent, ok, page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { nothing, okOf, pageOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Control } from "../../ledger/control.ts";
import { formatInstant, formatInstantOrNull } from "../../ledger/row.ts";
import { changeKey, getKeyOf, makeKey, revokeKey, rotateKey } from "./actions.ts";
import { ApiKey, ApiKeyChange, ApiKeyQuery, NewApiKey, ShownApiKey } from "./schema.ts";
import { countKeysOf, type KeyRow, type KeyStatus, listKeysOf } from "./store.ts";

const idOfPath = (text: string) => pathId("key", text, "API key");
const tags = ["API keys"];

/** The prose of the reference. */
const PROSE = {
  list: {
    operationId: "listApiKeys",
    tags,
    summary: "List API keys",
    description:
      "The keys of your workspace and mode that are good now, newest first, without their secrets. Those that are over with `status=revoked` or `status=expired`.",
  },
  create: {
    operationId: "createApiKey",
    tags,
    summary: "Make an API key",
    description:
      "In your workspace and mode. `data.key` is the only copy of the secret. A key can give only the scopes that it has itself (403 `scope_missing`), and nothing that outlives it: made by a key that expires, the new one ends with it at the latest. A session can give every scope.",
  },
  get: {
    operationId: "getApiKey",
    tags,
    summary: "Get an API key",
    description:
      "Without its secret. A key of another workspace or of the other mode is a 404 `not_found`.",
  },
  change: {
    operationId: "updateApiKey",
    tags,
    summary: "Change an API key",
    description:
      "Name, scopes and end; acts on its next request. Scopes can be taken away freely and added only by who has them (403 `scope_missing`). A revoked key cannot be changed (409 `wrong_state`).",
  },
  revoke: {
    operationId: "revokeApiKey",
    tags,
    summary: "Revoke an API key",
    description:
      "For good, from its next request on, also when it is the calling key itself. Once more changes nothing.",
  },
  rotate: {
    operationId: "rotateApiKey",
    tags,
    summary: "Rotate an API key",
    description:
      "A new secret under the same id; the old one is refused from the next request on, also when it is the calling key's own. Who rotates a key holds it, so the caller needs all of its scopes (403 `scope_missing`).",
  },
};

function statusOf({ revoked_at, expires_at }: KeyRow, now: number): KeyStatus {
  if (revoked_at !== null) return "revoked";
  return expires_at !== null && expires_at <= now ? "expired" : "active";
}

function show(key: KeyRow, now: number): ApiKey {
  return {
    id: formatId("key", key.id),
    object: "api_key",
    public_id: key.public_id,
    name: key.name,
    mode: key.mode,
    // oxlint-disable-next-line no-unsafe-type-assertion -- only scopes of the table are stored
    scopes: key.scopes as ApiKey["scopes"],
    status: statusOf(key, now),
    created_at: formatInstant(key.created_at),
    last_used_at: formatInstantOrNull(key.last_used_at),
    expires_at: formatInstantOrNull(key.expires_at),
    revoked_at: formatInstantOrNull(key.revoked_at),
  };
}

function listPage(control: Control, caller: Caller, query: typeof ApiKeyQuery.static) {
  const { limit, cursor, offset } = readPage(query);
  const now = control.clock.now();
  const { workspace_id, mode } = caller;
  const filter = { workspace_id, mode, status: query.status ?? "active" };
  const part = { before: cursor ?? Number.MAX_SAFE_INTEGER, limit: limit + 1, offset };
  const cut = cutPage(query, listKeysOf(control, filter, now, part), () =>
    countKeysOf(control, filter, now),
  );
  return page(
    cut.rows.map((row) => show(row, now)),
    cut.pagination,
  );
}

/** `expires_at` of a body in ms. */
function readWish<W extends { expires_at?: string | null }>(body: W) {
  const { expires_at, ...rest } = body;
  if (expires_at === undefined) return rest;
  return { ...rest, expires_at: expires_at === null ? null : Date.parse(expires_at) };
}

const one = { params: pathParams, response: okOf(ApiKey) };

export const apiKeys = ({ auth, control }: Wiring) =>
  new Elysia({ name: "api-keys", prefix: "/api-keys" })
    .use(auth)
    .guard({ caller: true })
    .get("/", ({ caller, query }) => listPage(control, caller, query), {
      query: ApiKeyQuery,
      response: pageOf(ApiKey),
      detail: PROSE.list,
    })
    .post(
      "/",
      ({ caller, body, set }) => {
        const made = makeKey(control, caller, readWish(body));
        const shown = { ...show(made, control.clock.now()), key: made.key };
        return created(set, `/v1/api-keys/${shown.id}`, shown);
      },
      { body: NewApiKey, response: { 201: okOf(ShownApiKey) }, detail: PROSE.create },
    )
    .get(
      "/:id",
      ({ caller, params }) =>
        ok(show(getKeyOf(control, caller, idOfPath(params.id)), control.clock.now())),
      { ...one, detail: PROSE.get },
    )
    .patch(
      "/:id",
      ({ caller, params, body }) => {
        const changed = changeKey(control, caller, idOfPath(params.id), readWish(body));
        return ok(show(changed, control.clock.now()));
      },
      { ...one, body: ApiKeyChange, detail: PROSE.change },
    )
    .delete(
      "/:id",
      ({ caller, params }) => {
        revokeKey(control, getKeyOf(control, caller, idOfPath(params.id)).id);
        return noContent();
      },
      { params: pathParams, response: { 204: nothing }, detail: PROSE.revoke },
    )
    .post(
      "/:id/rotate",
      ({ caller, params }) => {
        const rotated = rotateKey(control, caller, idOfPath(params.id));
        return ok({ ...show(rotated, control.clock.now()), key: rotated.key });
      },
      { params: pathParams, response: okOf(ShownApiKey), detail: PROSE.rotate },
    );
