// `imail setup`: makes the first account. It never asks back: what is missing is said, so that scripts never hang.

import { readFileSync } from "node:fs";

import type { Config } from "../config.ts";
import { formatId } from "../core/ids.ts";
import { createUser } from "../resources/auth/actions.ts";
import { withControl } from "./beside-server.ts";
import { CommandError, EXIT, show } from "./output.ts";

interface SetupOrder {
  email?: string;
  /** A file, or `-` for stdin. */
  passwordFile?: string;
  json?: boolean;
}

export async function setUp(
  config: Config,
  { email, passwordFile, json }: SetupOrder,
): Promise<void> {
  if (email === undefined || passwordFile === undefined) {
    throw new CommandError(
      "usage",
      EXIT.usage,
      "setup makes an account and needs both: imail setup --email you@example.com --password-file FILE (- reads the password from stdin).",
    );
  }
  const password = readPassword(passwordFile);
  await withControl(config, async (control) => {
    const id = await createUser(control, email, password);
    show({ id: formatId("usr", id), email: email.trim().toLowerCase() }, json);
  });
}

function readPassword(path: string): string {
  try {
    // A file ends in a line break that is no part of the password.
    return readFileSync(path === "-" ? 0 : path, "utf8").replace(/\r?\n$/, "");
  } catch {
    throw new CommandError(
      "not_found",
      EXIT.not_found,
      `The password file ${path} cannot be read.`,
    );
  }
}
