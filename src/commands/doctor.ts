// `imail doctor`: looks at everything that can be wrong on this machine, says what each finding means and the one thing to
// do about it. It changes nothing, and it runs beside a server or without one.

import { existsSync } from "node:fs";

import type { Config } from "../config.ts";
import { examineBackups } from "./examine-backups.ts";
import {
  examineClock,
  examineDisk,
  examineKey,
  examineModes,
  examinePlace,
  examineServer,
} from "./examine-directory.ts";
import { examineDatabases, examineInboxes } from "./examine-mail.ts";
import { type Finding, wrong } from "./finding.ts";
import { CommandError, EXIT, PROGRAM, say, sayJson, wantsJson } from "./output.ts";
import { openFounded } from "./status.ts";

interface DoctorOrder {
  /** Log into the inboxes' servers, too. */
  logins?: boolean;
  json?: boolean;
}

/** Answers the exit code: 1 when something is wrong. Exit 4 where there is no data directory. */
export async function examine(config: Config, { logins, json }: DoctorOrder): Promise<number> {
  if (!existsSync(config.dir)) {
    const message = `There is no directory ${config.dir}. Start with ${PROGRAM} serve, or name another one with --dir.`;
    throw new CommandError("not_found", EXIT.not_found, message);
  }
  const findings = await findAll(config, logins ?? false);
  const healthy = findings.every(({ result }) => result !== "wrong");
  if (wantsJson(json)) sayJson({ healthy, findings });
  else tell(findings);
  return healthy ? EXIT.ok : EXIT.failed;
}

async function findAll(config: Config, logins: boolean): Promise<Finding[]> {
  const { dir } = config;
  const control = openFounded(config);
  try {
    return [
      examineModes(dir),
      ...examinePlace(dir),
      await examineServer(config),
      ...(await guarded("key", () => [examineKey(config, control)])),
      examineClock(control),
      examineDisk(dir),
      ...examineDatabases(config, control),
      ...(await guarded("backup", () => examineBackups(config, control))),
      ...(await guarded("inbox", () => examineInboxes(config, control, logins))),
    ];
  } finally {
    control.close();
  }
}

/** A check that cannot be made is a finding, too: the others go on. */
async function guarded(
  check: string,
  work: () => Finding[] | Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    return await work();
  } catch (error) {
    return [
      wrong(check, {
        found: error instanceof Error ? error.message : String(error),
        means: "This could not be looked at.",
        do: "See to the other findings first, then ask again.",
      }),
    ];
  }
}

const SIGNS = { ok: "ok     ", warning: "warning", wrong: "WRONG  " } as const;

function tell(findings: readonly Finding[]): void {
  for (const { check, result, found, means, do: task } of findings) {
    say(`${SIGNS[result]}  ${check.padEnd(10)} ${found}`);
    if (means !== null) say(`${" ".repeat(20)} ${means}`);
    if (task !== null) say(`${" ".repeat(20)} -> ${task}`);
  }
}
