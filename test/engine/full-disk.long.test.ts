// A full disk stops the claims; when there is room again nobody says so, and the engine finds out by itself.
import { expect, test } from "bun:test";

import type { MailPort } from "../../src/core/mail-port.ts";
import { openEngine } from "../../src/engine/engine.ts";
import { LOOK_AGAIN_MS } from "../../src/engine/flights.ts";
import type { Disk, DiskLevel } from "../../src/ledger/disk.ts";
import { openEngineRoom } from "../world/engine-room.ts";
import { until } from "../world/mail-lab-process.ts";

/** No news, ever: a watch waits until it is told to stop. */
async function wait(_ms: number, told: AbortSignal): Promise<"quiet"> {
  const { promise, resolve } = Promise.withResolvers<"quiet">();
  told.addEventListener("abort", () => resolve("quiet"), { once: true });
  if (told.aborted) resolve("quiet");
  return promise;
}

/** The mail world as an engine with timers of its own needs it. */
const patient = (port: MailPort): MailPort => ({
  ...port,
  openMailbox: async (account, signal) => ({ ...(await port.openMailbox(account, signal)), wait }),
});

test("what waited for room on the disk is sent within seconds of it", async () => {
  const room = openEngineRoom();
  const inbox = room.make.inbox({ email: "ana@sender.test" });
  const campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}] });
  room.make.lead({ email: "lea@lead.test", campaign_id: campaign.id });
  let level: DiskLevel = "stop";
  let asked = 0;
  const disk: Disk = {
    level() {
      asked++;
      return level;
    },
    free_bytes: () => 0,
    giveUpBallast: () => undefined,
    layBallast: () => undefined,
  };
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const engine = openEngine({
    ledgers: () => [room.ledger],
    mail: () => patient(room.world.port),
    disk,
    log: silent,
  });
  engine.start();
  // At the start, and when the inbox was read.
  await until("the engine to have seen the full disk", 5000, async () => asked >= 2 || null);
  expect(room.world.taken).toEqual([]);
  level = "ok";
  await until("the mail", 2.5 * LOOK_AGAIN_MS, async () => room.world.taken.length === 1 || null);
  await engine.stop();
  room.close();
});
