// The OpenAPI document, made from the routes themselves: their schemas, their prose, the access table and the table of
// faults. What is written twice drifts apart, so nothing is.

import { FAULTS } from "../core/faults.ts";
import type { AccessTable, Need } from "./access.ts";
import { routeName } from "./access.ts";
import { isRecord } from "./json-body.ts";
import {
  ERROR_SCHEMA,
  type Example,
  faultExample,
  faultResponses,
  goodResponses,
} from "./openapi-answers.ts";
import { HEADERS, PARAMETERS, parametersOf } from "./openapi-parameters.ts";
import { type Components, type Json, openComponents, pascal } from "./openapi-schema.ts";

/** A route as the router lists it. */
interface Route {
  method: string;
  path: string;
  hooks: object;
}

/** What people have written about the whole. */
export interface ApiProse {
  title: string;
  summary: string;
  description: string;
  /** Per first word of a path, in the order of the reference. */
  tags: Readonly<Record<string, { name: string; description: string }>>;
}

/** Calls as they were really made: per operation (`GET /v1/leads/:id`), and per error code. */
export interface Examples {
  operations: Readonly<Record<string, Example>>;
  errors: Readonly<Record<string, Example>>;
}

interface ApiParts {
  routes: readonly Route[];
  access: AccessTable;
  prose: ApiProse;
  examples: Examples;
  version: string;
}

/** The document, as plain JSON. Routes with `detail: { hide: true }` are pages and not in it. */
export function describeApi({ routes, access, prose, examples, version }: ApiParts): Json {
  const components = openComponents();
  const paths: Record<string, Json> = {};
  const used = new Set<string>();
  for (const route of routes) {
    const detail = detailOf(route);
    if (detail["hide"] === true) continue;
    const name = routeName(route.method, route.path);
    const tag = tagOf(name);
    used.add(tag);
    const operation = describe({
      route,
      name,
      need: needOf(access[name]),
      takes: takesOf(access[name]),
      is_deprecated: isDeprecated(access[name]),
      tag: prose.tags[tag]?.name ?? pascal(tag),
      example: examples.operations[name] ?? null,
      components,
    });
    const path = pathOf(name);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation };
  }
  const { schemas, responses } = components.all();
  const used_codes = JSON.stringify(responses);
  return {
    openapi: "3.1.0",
    info: {
      title: prose.title,
      version,
      summary: prose.summary,
      description: prose.description,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "The server that this document comes from." }],
    security: [{ key: [] }],
    tags: Object.entries(prose.tags)
      .filter(([word]) => used.has(word))
      .map(([, tag]) => tag),
    paths,
    components: {
      securitySchemes: SECURITY,
      parameters: PARAMETERS,
      headers: HEADERS,
      schemas: { ...schemas, Error: ERROR_SCHEMA },
      responses,
      examples: Object.fromEntries(
        Object.keys(FAULTS)
          .filter(isCode)
          .filter((code) => used_codes.includes(`"#/components/examples/${code}"`))
          .map((code) => [code, faultExample(code, examples.errors)]),
      ),
    },
  };
}

const isCode = (word: string): word is keyof typeof FAULTS => Object.hasOwn(FAULTS, word);

const SECURITY: Json = {
  key: {
    type: "http",
    scheme: "bearer",
    description:
      "An API key: `Authorization: Bearer imk_live_…` or `imk_test_…`. The scopes that an operation takes stand beside it; `write` implies `read`.",
  },
  session: {
    type: "apiKey",
    in: "cookie",
    name: "imail_session",
    description: "The cookie that `POST /v1/auth/login` sets, for imail's own pages.",
  },
};

interface Part {
  route: Route;
  /** `GET /v1/leads/:id` */
  name: string;
  need: Need;
  takes: readonly string[];
  is_deprecated: boolean;
  tag: string;
  example: Example | null;
  components: Components;
}

function describe({
  route,
  name,
  need,
  takes,
  is_deprecated,
  tag,
  example,
  components,
}: Part): Json {
  const detail = detailOf(route);
  const hooks = hooksOf(route);
  const operation = textOf(detail["operationId"]) ?? operationIdOf(name);
  const body = hooks["body"];
  const has_params = name.includes(":");
  const prose = textOf(detail["description"]) ?? "";
  const summary = textOf(detail["summary"]) ?? name;
  const taken = {
    method: route.method,
    need,
    is_api: name.includes(" /v1/"),
    has_body: isRecord(body),
    has_params,
    prose,
  };
  const good = {
    method: route.method,
    is_single: name.endsWith("/:id"),
    response: hooks["response"],
    example,
  };
  return {
    tags: [tag],
    operationId: operation,
    summary,
    description: [prose, scopeLine(need)].filter((text) => text !== "").join("\n\n"),
    ...(is_deprecated ? { deprecated: true } : {}),
    security: securityOf(need),
    parameters: [
      ...parametersOf({ name, need, query: hooks["query"], example }, components),
      ...(Array.isArray(detail["parameters"]) ? detail["parameters"] : []),
    ],
    ...(isRecord(body)
      ? { requestBody: requestOf({ body, takes, operation, example, components }) }
      : {}),
    responses: { ...goodResponses(good, components), ...faultResponses(taken, components) },
  };
}

/** What the reference says about who may call it. */
function scopeLine(need: Need): string {
  if (need === "open") return "Takes no key.";
  if (need === "test") return "Takes a key of test mode (`imk_test_…`), with any scope.";
  if (need === "session") return "Takes a session and no key.";
  return `Takes a key with the scope \`${need}\`.`;
}

function securityOf(need: Need): Json[] {
  if (need === "open") return [];
  const session = { session: [] };
  if (need === "session") return [session];
  const scopes = need === "test" ? [] : [need];
  return [{ key: scopes }, session];
}

interface RequestParts {
  body: Json;
  takes: readonly string[];
  operation: string;
  example: Example | null;
  components: Components;
}

function requestOf({ body, takes, operation, example, components }: RequestParts): Json {
  const example_type = example?.type ?? "application/json";
  const content = takes.map((type): [string, Json] => [
    type,
    {
      schema:
        type === "application/json"
          ? components.show(
              body,
              "asked",
              pascal(`${operation.slice(0, 1).toUpperCase()}${operation.slice(1)}`),
            )
          : { type: "string" },
      ...(example !== null && type === example_type && example.body !== undefined
        ? { example: example.body }
        : {}),
    },
  ]);
  const optional = Array.isArray(body["anyOf"]) || !Array.isArray(body["required"]);
  return { required: !optional, content: Object.fromEntries(content) };
}

const hooksOf = ({ hooks }: Route): Json => (isRecord(hooks) ? hooks : {});
const detailOf = (route: Route): Json => {
  const { detail } = hooksOf(route);
  return isRecord(detail) ? detail : {};
};
const textOf = (value: unknown) => (typeof value === "string" ? value : null);

type Entry = AccessTable[string] | undefined;
const needOf = (entry: Entry): Need =>
  entry === undefined ? "open" : typeof entry === "string" ? entry : entry.need;
const isDeprecated = (entry: Entry) => typeof entry === "object" && entry.deprecated !== undefined;
const takesOf = (entry: Entry): readonly string[] =>
  (typeof entry === "object" ? entry.takes : undefined) ?? ["application/json"];

/** `GET /v1/leads/:id` -> `/v1/leads/{id}` */
const pathOf = (name: string) => (name.split(" ")[1] ?? "").replace(/:(\w+)/g, "{$1}");

/** `GET /v1/leads/:id` -> `leads`; what is not under /v1 is about the server itself. */
const tagOf = (name: string) => / \/v1\/([^/]+)/.exec(name)?.[1] ?? "server";

const VERBS: Record<string, string> = {
  GET: "get",
  POST: "create",
  PATCH: "update",
  DELETE: "delete",
  PUT: "replace",
};

/** `POST /v1/leads/:id/pause` -> `pauseLead`, `GET /v1/leads` -> `listLeads`: for routes that give no name of their own. */
function operationIdOf(name: string): string {
  const [method = "", path = ""] = name.split(" ");
  const [noun = "root", ...more] = path.split("/").filter((part) => part !== "" && part !== "v1");
  const rest = more.filter((part) => !part.startsWith(":"));
  const is_one = more.some((part) => part.startsWith(":"));
  const thing = pascal(is_one || method === "POST" ? noun.replace(/(x)es$|s$/, "$1") : noun);
  if (rest.length === 0) {
    return `${method === "GET" && !is_one ? "list" : (VERBS[method] ?? "do")}${thing}`;
  }
  const action = pascal(rest.join("_"));
  return method === "GET"
    ? `get${thing}${action}`
    : `${action.slice(0, 1).toLowerCase()}${action.slice(1)}${thing}`;
}
