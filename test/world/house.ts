// A whole house in memory, as the program opens it: databases, engine, app, and a key for each mode. Its engine is
// not started: a test moves it with `runDue` and the test clock, so nothing happens behind its back.
import { treaty } from "@elysiajs/eden";

import type { App } from "../../src/app.ts";
import type { Config } from "../../src/config.ts";
import type { Clock } from "../../src/core/clock.ts";
import type { DnsPort } from "../../src/core/dns-port.ts";
import type { Log } from "../../src/core/log.ts";
import type { MailPort } from "../../src/core/mail-port.ts";
import type { Mode } from "../../src/core/states.ts";
import { openSandboxBox } from "../../src/engine/sandbox-box.ts";
import { type HouseOptions, openHouse } from "../../src/house.ts";
import { systemRandom } from "../../src/ledger/random.ts";
import { openSandboxPort } from "../../src/mail/sandbox.ts";
import { createKey } from "../../src/resources/api-keys/actions.ts";
import { changeWorkspace } from "../../src/resources/workspaces/actions.ts";
import { listWorkspaces } from "../../src/resources/workspaces/store.ts";

export interface TestHouseOptions {
  /** Settings of the house that a test is about. */
  settings?: Partial<Config>;
  /** The servers of live ledgers; without them live mail goes nowhere and every use of it throws. */
  mail?: MailPort;
  /** What DNS answers; without it, nothing. */
  names?: DnsPort;
  /** In the place of Google and Microsoft; without it, the real ones, and no client for them. */
  oauth?: HouseOptions["oauth"];
  /** The clock of live ledgers. */
  clock?: Clock;
  public_url?: string;
  scopes?: string[];
  allowed_hosts?: string[];
}

export interface LogLine {
  level: "info" | "warn" | "error";
  fields: object;
  text: string;
}

const noServer = (): never => {
  throw new Error("this test has no mail server");
};
const noNames: DnsPort = {
  mailHosts: () => Promise.resolve([]),
  services: () => Promise.resolve([]),
};
const noMail: MailPort = { send: noServer, check: noServer, openMailbox: noServer };

function openLog(lines: LogLine[]): Log {
  const write = (level: LogLine["level"]) => (fields: object, text: string) => {
    lines.push({ level, fields, text });
  };
  return { info: write("info"), warn: write("warn"), error: write("error") };
}

/** Opens a house; `close` it when the test ends. Its one workspace is in Europe/Berlin, tier surge. */
export async function openTestHouse(options: TestHouseOptions = {}) {
  const lines: LogLine[] = [];
  const master_key = systemRandom.bytes(32);
  const config: Config = {
    dir: ":memory:",
    host: "127.0.0.1",
    port: 0,
    allow_host: options.allowed_hosts ?? [],
    log_level: "silent",
    backups: null,
    master_key,
    ...options.settings,
  };
  const house = await openHouse(config, {
    in_memory: true,
    log: openLog(lines),
    names: options.names ?? noNames,
    ...(options.oauth ? { oauth: options.oauth } : {}),
    ...(options.clock ? { clock: options.clock } : {}),
    ...(options.public_url ? { public_url: options.public_url } : {}),
    mail: (ledger) =>
      ledger.mode === "live" ? (options.mail ?? noMail) : openSandboxPort(openSandboxBox(ledger)),
  });
  const { control, ledgers, engine, app } = house;
  const workspace_id = listWorkspaces(control)[0]?.id ?? 0;
  changeWorkspace(control, workspace_id, { name: "Test", zone: "Europe/Berlin" });
  const keyOf = (mode: Mode) =>
    createKey(control, { workspace_id, mode, scopes: options.scopes ?? ["all"], name: "test" });
  const [key, test_key] = [keyOf("live"), keyOf("test")];
  // Not `treaty(app)`: that asks for the host e.ly, which is not this server.
  const ask = (input: string | URL | Request, init?: RequestInit) =>
    Promise.resolve(
      app.handle(input instanceof Request ? input : new Request(String(input), init ?? {})),
    );
  const fetcher = Object.assign(ask, { preconnect: () => undefined });
  const apiOf = (bearer: string) =>
    treaty<App>("http://localhost", { fetcher, headers: { authorization: `Bearer ${bearer}` } });
  return {
    house,
    app,
    control,
    engine,
    workspace_id,
    master_key,
    /** What the house wrote to its log. */
    lines,
    key,
    test_key,
    api: apiOf(key.key),
    testApi: apiOf(test_key.key),
    ledger: ledgers.get(workspace_id, "live"),
    test_ledger: ledgers.get(workspace_id, "test"),
    /** One raw request with the live key, unless it brings an authorization of its own ("" for none). */
    request: (path: string, init: RequestInit = {}) => app.handle(requestTo(path, init, key.key)),
    close: () => house.close(),
  };
}

function requestTo(path: string, init: RequestInit, bearer: string): Request {
  const headers = new Headers(init.headers);
  if (!headers.has("authorization")) headers.set("authorization", `Bearer ${bearer}`);
  if (headers.get("authorization") === "") headers.delete("authorization");
  return new Request(`http://localhost${path}`, { ...init, headers });
}

export type TestHouse = Awaited<ReturnType<typeof openTestHouse>>;
