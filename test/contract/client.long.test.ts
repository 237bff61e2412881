// A client that openapi-typescript makes from the committed document: it compiles, and what it compiles to works.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";

import document from "../../src/pages/docs/openapi.json";
import { openTestHouse, type TestHouse } from "../world/house.ts";
import { clientTypes } from "./client-types.ts";

const CLIENT = join(import.meta.dir, "client");
const COMPILE_MS = 60_000;

interface Story {
  playCampaign: (url: string, key: string) => Promise<object>;
}

let house: TestHouse;
beforeAll(async () => {
  house = await openTestHouse();
});
afterAll(() => house.close());

test(
  "a generated client compiles and plays a whole campaign in test mode",
  async () => {
    await Bun.write(join(CLIENT, "api-types.ts"), await clientTypes(document));
    const compiled = Bun.spawnSync([process.execPath, "check", "-p", CLIENT], {
      cwd: join(import.meta.dir, "../.."),
    });
    expect(compiled.stdout.toString()).not.toContain("error TS");
    expect(compiled.exitCode).toBe(0);

    // By its path: the types that it imports were not there before this test made them.
    const { playCampaign }: Story = await import(join(CLIENT, "story.ts"));
    const seen = await playCampaign(house.house.listen(), house.test_key.key);
    expect(seen).toEqual({
      lead_ended_by: "replied",
      subjects: ["Re: Hello Cy", "Hello Cy"],
      events: expect.arrayContaining(["email.sent", "reply.received", "reply.classified"]),
      states: expect.arrayContaining(["sent"]),
      refusal: "invalid_field",
    });
  },
  COMPILE_MS,
);
