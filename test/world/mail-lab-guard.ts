// Sees to it that no lab outlives its test process, not even one that was killed: the guard waits
// for the end of a pipe that only this process holds open. PR_SET_PDEATHSIG would not do: Postfix's
// master changes its effective user, and that clears it (prctl(2)).

export interface LabGuard {
  /** Ends the guard; where the directory is still there, first what works in it, and removes it. */
  release(): Promise<void>;
}

// Several rounds, because what is being killed may be starting something just now.
const GUARD_SCRIPT = `
trap "" INT TERM HUP
cat > /dev/null
[ -d "$1" ] || exit 0
for round in 1 2 3; do
  for process in /proc/[0-9]*; do
    case "$(readlink "$process/cwd")/" in
      "$1"/*) kill -9 "\${process#/proc/}" ;;
    esac
  done
done
rm -rf "$1"
`;

/** Starts the guard of the lab in `dir`. */
export function startGuard(dir: string): LabGuard {
  const guard = Bun.spawn(["/bin/sh", "-c", GUARD_SCRIPT, "mail-lab-guard", dir], {
    cwd: "/",
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    detached: true,
  });
  guard.unref();
  return {
    release: async () => {
      await guard.stdin.end();
      await guard.exited;
    },
  };
}
