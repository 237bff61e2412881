// `imail serve`: opens the house, listens, says where to go, and stays until it is told to stop.

import { isIP } from "node:net";

import type { Config } from "../config.ts";
import { DEFAULT_PORT, type House, openHouse, PortError } from "../house.ts";
import { listKeys } from "../resources/api-keys/actions.ts";
import { createSetupToken, SETUP_LIFE_MS } from "../resources/auth/actions.ts";
import { hasAnyUser } from "../resources/auth/store.ts";
import { VERSION } from "../version.ts";
import { CommandError, EXIT, PROGRAM, say } from "./output.ts";

const STOP_CAP_MS = 30_000;
const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Runs until a signal; answers the exit code. */
export async function serve(config: Config): Promise<number> {
  const stopped = untilSignal();
  const house = await openHouse(config);
  try {
    refuseOpenDoor(house);
    const url = house.listen();
    house.engine.start();
    greet(house, url);
    const signal = await stopped;
    house.log.info({ signal }, "stopping: mails in flight finish first");
  } catch (error) {
    await house.close();
    throw error instanceof PortError
      ? new CommandError("port_taken", EXIT.failed, error.message)
      : error;
  }
  // What is cut off here is recovered at the next start: the state is in the databases.
  setTimeout(() => process.exit(EXIT.ok), STOP_CAP_MS).unref();
  await house.close();
  return EXIT.ok;
}

function untilSignal(): Promise<string> {
  return new Promise((resolve) => {
    // A terminal sends a signal to the whole group, and start scripts pass it on: the second one changes nothing.
    for (const signal of STOP_SIGNALS) process.on(signal, () => resolve(signal));
  });
}

/** Whoever can reach an address beyond this machine finds a locked door, or none at all. */
function refuseOpenDoor({ config: { host }, control }: House): void {
  if (isLoopback(host) || hasAnyUser(control) || listKeys(control).length > 0) return;
  throw new CommandError(
    "open_door",
    EXIT.usage,
    `Before imail listens on ${host} it needs a key or an account: ${PROGRAM} keys create --mode live, or ${PROGRAM} setup.`,
  );
}

const isLoopback = (host: string) =>
  host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));

const COPIED =
  "This data directory was copied or restored: its campaigns are paused, because two copies must never both send. Resume them here, and only here.";

function greet({ config, control, key_problem, is_copy, log }: House, url: string): void {
  const lines = [
    `imail ${VERSION}   data ${config.dir}   (test mode on)`,
    `  Dashboard  ${url}/`,
    `  API        ${url}/v1      docs ${url}/docs`,
  ];
  if (!hasAnyUser(control)) {
    // In the fragment: no server, no log and no other page ever sees it.
    const link = `${url}/setup#t=${createSetupToken(control)}`;
    lines.push(
      `  Finish setup (link valid ${SETUP_LIFE_MS / 60_000} min):  ${link}`,
      `  or:  ${PROGRAM} setup --dir ${config.dir}`,
    );
  }
  if (config.port === null && Number(new URL(url).port) !== DEFAULT_PORT) {
    lines.push(`  Port ${DEFAULT_PORT} is taken, so this one listens on the next free one.`);
  }
  if (listKeys(control).length === 0) {
    lines.push(`  First key  ${PROGRAM} keys create --mode test --dir ${config.dir}`);
  }
  for (const problem of [key_problem, is_copy ? COPIED : null]) {
    if (problem === null) continue;
    lines.push(`  ${problem}`);
    log.warn({}, problem);
  }
  say(lines.join("\n"));
}
