// A mail is on its way to the server when its window or its lead's zone changes: the commit point sees it as it is now.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { formatId } from "../../src/core/ids.ts";
import { changeCampaign } from "../../src/resources/campaigns/actions.ts";
import { changeLead } from "../../src/resources/leads/actions.ts";
import { resumeLead } from "../../src/resources/leads/enrollment.ts";
import {
  DAY_MS,
  type EngineRoom,
  HOUR_MS,
  MINUTE_MS,
  openEngineRoom,
} from "../world/engine-room.ts";
import { serverThatIsSlow } from "../world/mail-vices.ts";

let room: EngineRoom;
beforeEach(() => {
  room = openEngineRoom();
});
afterEach(() => room.close());

function play(lead: Partial<Parameters<EngineRoom["make"]["lead"]>[0]> = {}) {
  const inbox_ids = ["ana", "ben", "cem"].map((name) =>
    room.make.inbox({ email: `${name}@sender.test` }),
  );
  const campaign = room.make.campaign({ inbox_ids });
  const lead_id = room.make.lead({ email: "lea@lead.test", campaign_id: campaign.id, ...lead });
  return { campaign, lead_id };
}

describe("between claim and commit point", () => {
  test("a window that is moved away keeps the mail back, and it goes in the new one", async () => {
    const { campaign } = play();
    const shut = { send_window: { start: "14:00", end: "15:00" } };
    room.world.next(serverThatIsSlow(() => changeCampaign(room.ledger, campaign.id, shut)));
    await room.play(HOUR_MS);
    expect(room.world.taken).toEqual([]);
    expect(room.states()).toEqual(["queued"]);
    await room.play(8 * HOUR_MS);
    const [mail] = room.world.taken;
    expect(new Date(mail?.at ?? 0).getUTCHours()).toBe(12);
  });

  test("a window that is made longer lets it go", async () => {
    const { campaign } = play();
    room.clock.moveBy(8 * HOUR_MS - MINUTE_MS);
    const longer = { send_window: { start: "09:00", end: "20:00" } };
    const slow = () => {
      changeCampaign(room.ledger, campaign.id, longer);
      room.clock.moveBy(3 * MINUTE_MS);
    };
    room.world.next(serverThatIsSlow(slow));
    await room.run();
    expect(room.world.taken).toHaveLength(1);
  });

  test("a lead who is elsewhere after all is not mailed at night", async () => {
    const { lead_id } = play({ timezone: null, country: "DE" });
    room.world.next(serverThatIsSlow(() => changeLead(room.ledger, lead_id, { country: "US" })));
    await room.play(HOUR_MS);
    expect(room.world.taken).toEqual([]);
    await room.play(DAY_MS);
    expect(new Date(room.world.taken[0]?.at ?? 0).getUTCHours()).toBe(13);
  });
});

describe("the zone of a lead that waits", () => {
  test("follows its country, its phone and its own word, and says what it comes from", () => {
    const { lead_id } = play({ timezone: null });
    const zone = () => {
      const enrollment = room.enrollment(lead_id);
      return [enrollment.zone, enrollment.zone_basis];
    };
    expect(zone()).toEqual(["Europe/Berlin", "workspace"]);
    changeLead(room.ledger, lead_id, { phone: "+81 3 1234 5678" });
    expect(zone()).toEqual(["Asia/Tokyo", "phone"]);
    changeLead(room.ledger, lead_id, { country: "Brazil" });
    expect(zone()).toEqual(["America/Sao_Paulo", "country"]);
    changeLead(room.ledger, lead_id, { timezone: "asia/kolkata" });
    expect(zone()).toEqual(["Asia/Kolkata", "lead"]);
    changeLead(room.ledger, lead_id, { timezone: null, country: null, phone: null });
    expect(zone()).toEqual(["Europe/Berlin", "workspace"]);
  });
});

describe("new leads of a campaign with three inboxes", () => {
  test("are spread evenly, also where they come one at a time", async () => {
    const { campaign } = play();
    await room.play(HOUR_MS / 2);
    for (let i = 0; i < 11; i++) {
      room.make.lead({ email: `lead${i}@company${i}.test`, campaign_id: campaign.id });
      // oxlint-disable-next-line no-await-in-loop -- one lead after the other
      await room.play(HOUR_MS / 2);
    }
    const from = Map.groupBy(room.world.taken, (mail) => mail.from);
    expect([...from.values()].map((mails) => mails.length)).toEqual([4, 4, 4]);
  });
});

describe("a step that is added behind the last one", () => {
  test("goes to nobody who has had them all, unless that lead is resumed", async () => {
    const { campaign, lead_id } = play();
    await room.play(DAY_MS);
    expect(room.enrollment(lead_id).ended_by).toBe("last_step");
    const [first = 0] = campaign.step_ids;
    const steps = [{ id: formatId("stp", first) }, { delay: "P2D", body: "One more thing" }];
    changeCampaign(room.ledger, campaign.id, { steps });
    await room.play(7 * DAY_MS);
    expect(room.world.taken).toHaveLength(1);
    resumeLead(room.ledger, { lead_id, campaign_id: campaign.id });
    await room.play(DAY_MS);
    expect(room.world.taken).toHaveLength(2);
    expect(() => resumeLead(room.ledger, { lead_id, campaign_id: campaign.id })).toThrow(
      "last step",
    );
  });
});
