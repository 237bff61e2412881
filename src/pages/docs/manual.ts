// The OpenAPI document of the running app. Made at the first request: a start costs nothing for it.

import { NEWEST } from "../../core/versions.ts";
import type { AccessTable } from "../../http/access.ts";
import type { Json } from "../../http/openapi-schema.ts";
import { describeApi, type Examples } from "../../http/openapi.ts";
import recorded from "./examples.json";
import { PROSE } from "./prose.ts";

/** Calls as they were really made; `bun run openapi` records them. */
export const EXAMPLES: Examples = recorded;

type Route = Parameters<typeof describeApi>[0]["routes"][number];

export interface Manual {
  /** Learns all routes; called once, when they are there. */
  learn(routes: readonly Route[]): void;
  document(): Json;
  /** The document as JSON. */
  text(): string;
}

/** A manual that knows no routes yet. */
export function openManual(access: AccessTable): Manual {
  let routes: readonly Route[] = [];
  let document: Json | null = null;
  let text: string | null = null;
  const make = (): Json => {
    document ??= describeApi({ routes, access, prose: PROSE, examples: EXAMPLES, version: NEWEST });
    return document;
  };
  return {
    learn(all) {
      routes = all;
    },
    document: make,
    text() {
      text ??= JSON.stringify(make());
      return text;
    },
  };
}
