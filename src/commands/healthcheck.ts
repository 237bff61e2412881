// `imail healthcheck`: for containers and supervisors. Exit 0 when the server answers and does its work, 1 when not.

import type { Config } from "../config.ts";
import { findServer } from "../installation.ts";
import { askServer } from "./ask-server.ts";
import { CommandError, EXIT, show } from "./output.ts";

const DEFAULT_URL = "http://127.0.0.1:7070";

/** Asks `/livez` and `/readyz`. Throws with exit code 1 and the reason when one of them does not say yes. */
export async function checkHealth(config: Config, json: boolean | undefined): Promise<void> {
  const url = urlOf(config);
  for (const path of ["/livez", "/readyz"]) {
    // oxlint-disable-next-line no-await-in-loop -- first whether it lives, then whether it works
    const { status, text } = await askServer(url, path).catch((error: unknown) => {
      throw new CommandError("not_live", EXIT.failed, error instanceof Error ? error.message : "");
    });
    if (status === 200) continue;
    const message = `${url}${path} answers ${status}: ${reasonOf(text)}`;
    throw new CommandError("not_ready", EXIT.failed, message);
  }
  show({ url, live: true, ready: true }, json);
}

/** Where it was told to look; else where the server of the data directory said that it listens. */
function urlOf({ dir, host, port }: Config): string {
  if (port === null) return findServer(dir) ?? DEFAULT_URL;
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

function reasonOf(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && "message" in body) return String(body.message);
  } catch {
    // Another program listens there: its own words say it best.
  }
  return text.slice(0, 200);
}
