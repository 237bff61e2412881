// Asks a running server on this machine. Not by fetch: that would take whatever proxy the environment names.

import { get } from "node:http";

import { CommandError, EXIT } from "./output.ts";

const TIMEOUT_MS = 10_000;
const BYTES_MOST = 16 * 1024 * 1024;

export interface Answer {
  status: number;
  text: string;
}

/** GET of one path. Throws `unreachable` where nobody answers within ten seconds. */
export function askServer(
  url: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const lost = (reason: string) => {
      const message = `Nothing answers at ${url}: ${reason}.`;
      reject(new CommandError("unreachable", EXIT.unreachable, message));
    };
    const { port } = new URL(url);
    // By a name that every server takes, whatever address it listens on.
    const all = { host: `127.0.0.1:${port}`, connection: "close", ...headers };
    // Without an agent: a second request would be sent down the connection that the first one closes.
    const options = { headers: all, timeout: TIMEOUT_MS, agent: false };
    const request = get(new URL(path, url), options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        text += piece;
        if (text.length > BYTES_MOST) request.destroy(new Error("it answers without end"));
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.on("error", (error) => lost(error.message));
    });
    request.on("timeout", () => request.destroy(new Error("no answer within ten seconds")));
    request.on("error", (error) => lost(error.message));
  });
}
