// The data directory as a command sees it: control.db only, never a ledger, and so beside a running server. Where none
// runs, the lock is held while control.db is opened, so that two first uses make one installation.

import type { Config } from "../config.ts";
import { AppError } from "../core/faults.ts";
import { hasInstallation, openInstallation, prepareDirectory } from "../installation.ts";
import { type Control, openControl } from "../ledger/control.ts";
import { isFounded } from "../ledger/founded.ts";
import { DirectoryLockedError, lockDirectory } from "../ledger/lock.ts";
import { systemRandom } from "../ledger/random.ts";

const POLLS_MOST = 100;
const POLL_MS = 50;

const onError = () => undefined;

/** Opens control.db for `work` and closes it after. The first use of a directory makes the installation. */
export async function withControl<T>(
  config: Config,
  work: (control: Control) => T | Promise<T>,
): Promise<T> {
  prepareDirectory(config.dir);
  const control = await openWhenReady(config);
  try {
    return await work(control);
  } finally {
    control.close();
  }
}

async function openWhenReady(config: Config): Promise<Control> {
  for (let poll = 1; ; poll++) {
    try {
      return openLocked(config);
    } catch (error) {
      if (!(error instanceof DirectoryLockedError)) throw error;
      const control = openBeside(config);
      if (control) return control;
      if (poll === POLLS_MOST) throw error;
    }
    // The holder is at its first start and makes the workspace any moment now.
    // oxlint-disable-next-line no-await-in-loop -- another process works, and only time tells when it is done
    await Bun.sleep(POLL_MS);
  }
}

/** With nobody else in the directory. The lock is let go at once: a server may start while the command works. */
function openLocked(config: Config): Control {
  const lock = lockDirectory(config.dir);
  try {
    const { control, master_key } = openInstallation({
      config,
      in_memory: false,
      lock_identity: null,
      onError,
    });
    if (hasInstallation(control)) return control;
    control.close();
    throw new AppError("unavailable", master_key.problem ?? "There is no workspace here.");
  } finally {
    lock.release();
  }
}

/** Beside the holder of the lock, or null while that one has not made its workspace yet. */
function openBeside({ dir }: Config): Control | null {
  if (!isFounded(dir)) return null;
  const control = openControl({ dir, random: systemRandom, onError });
  if (hasInstallation(control)) return control;
  control.close();
  return null;
}
