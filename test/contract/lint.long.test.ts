// What others' tools say of the document. Redocly's recommended rules: no error, no warning.
import { expect, test } from "bun:test";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

test("the linter of the OpenAPI document has nothing to say", () => {
  const redocly = join(ROOT, "node_modules/.bin/redocly");
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [
      process.execPath,
      "--bun",
      redocly,
      "lint",
      "--extends=recommended",
      "src/pages/docs/openapi.json",
    ],
    { cwd: ROOT, env: { ...process.env, REDOCLY_TELEMETRY: "off" } },
  );
  const said = stdout.toString() + stderr.toString();
  expect(said).toContain("Your API description is valid");
  expect(said).not.toMatch(/warning|error/i);
  expect(exitCode).toBe(0);
}, 60_000);
