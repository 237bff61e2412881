// The URLs of workspaces: for people who are signed in. An API key acts in one workspace and knows of no other.
import { Elysia } from "elysia";

import { formatId } from "../../core/ids.ts";
import { MODES } from "../../core/states.ts";
import { created, ok, page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { okOf, pageOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Control } from "../../ledger/control.ts";
import { formatInstant } from "../../ledger/row.ts";
import { followZone } from "../enrollments/actions.ts";
import { changeWorkspace, getWorkspace } from "./actions.ts";
import { NewWorkspace, Workspace, WorkspaceChange, WorkspaceQuery } from "./schema.ts";
import { listWorkspaces, listWorkspacesBelow, type Workspace as WorkspaceRow } from "./store.ts";

const idOfPath = (text: string) => pathId("ws", text, "workspace");
const tags = ["Workspaces"];

/** The prose of the reference. */
const PROSE = {
  list: {
    operationId: "listWorkspaces",
    tags,
    summary: "List workspaces",
    description: "All of this installation, newest first. For sessions only (403 `session_only`).",
  },
  create: {
    operationId: "createWorkspace",
    tags,
    summary: "Make a workspace",
    description:
      "With its own live and test data, ready at once. Act in it by its id in `Imail-Workspace`. For sessions only. 503 `unavailable` while the master key is missing.",
  },
  get: {
    operationId: "getWorkspace",
    tags,
    summary: "Get a workspace",
    description: "Its settings. For sessions only.",
  },
  change: {
    operationId: "updateWorkspace",
    tags,
    summary: "Change a workspace",
    description:
      "Changes what is named and leaves the rest. With a new zone, enrollments that wait by the workspace's zone follow; numbers of past days stay as they were counted. For sessions only.",
  },
};

const show = (row: WorkspaceRow): Workspace => ({
  id: formatId("ws", row.id),
  object: "workspace",
  name: row.name,
  zone: row.zone,
  tier: row.tier,
  postal_address: row.postal_address,
  retention_days: row.retention_days,
  created_at: formatInstant(row.created_at),
  updated_at: formatInstant(row.updated_at),
});

function listPage(control: Control, query: typeof WorkspaceQuery.static) {
  const { limit, cursor, offset } = readPage(query);
  const before = cursor ?? Number.MAX_SAFE_INTEGER;
  const rows = listWorkspacesBelow(control, { before, limit: limit + 1, offset });
  const cut = cutPage(query, rows, () => listWorkspaces(control).length);
  return page(cut.rows.map(show), cut.pagination);
}

async function change(wiring: Wiring, id: number, body: typeof WorkspaceChange.static) {
  const { control, ledgers } = wiring;
  const changed = changeWorkspace(control, id, body);
  if (body.zone !== undefined) {
    await Promise.all(MODES.map(async (mode) => await followZone(ledgers.get(id, mode))));
  }
  return ok(show(changed));
}

const one = { params: pathParams, response: okOf(Workspace) };

export const workspaces = (wiring: Wiring) =>
  new Elysia({ name: "workspaces", prefix: "/workspaces" })
    .use(wiring.auth)
    .guard({ caller: true })
    .get("/", ({ query }) => listPage(wiring.control, query), {
      query: WorkspaceQuery,
      response: pageOf(Workspace),
      detail: PROSE.list,
    })
    .post(
      "/",
      ({ body, set }) => {
        const { name, zone, ...rest } = body;
        const id = wiring.addWorkspace({ name, zone });
        const shown = show(changeWorkspace(wiring.control, id, rest));
        return created(set, `/v1/workspaces/${shown.id}`, shown);
      },
      { body: NewWorkspace, response: { 201: okOf(Workspace) }, detail: PROSE.create },
    )
    .get("/:id", ({ params }) => ok(show(getWorkspace(wiring.control, idOfPath(params.id)))), {
      ...one,
      detail: PROSE.get,
    })
    .patch("/:id", async ({ params, body }) => await change(wiring, idOfPath(params.id), body), {
      ...one,
      body: WorkspaceChange,
      detail: PROSE.change,
    });
