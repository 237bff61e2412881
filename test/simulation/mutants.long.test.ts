// The proofs can fail: some of the mutants of scripts/mutants.ts, one for each kind of proof.
import { expect, test } from "bun:test";

test.each(["DST ignored", "guard without people", "rescue of what was committed"])(
  "a proof catches: %s",
  async (name) => {
    const run = Bun.spawn([process.execPath, "scripts/mutants.ts", name], { stdin: "ignore" });
    expect(JSON.parse(await new Response(run.stdout).text())).toEqual({ mutants: 1, survived: [] });
  },
  180_000,
);
