// Links, the pixel and the way out in mails as they are sent: only with a public address, and never more than the campaign asks.

import { afterEach, describe, expect, test } from "bun:test";

import { claimedLedger, readPublicToken } from "../../src/core/public-tokens.ts";
import { parseMail } from "../../src/mail/parse.ts";
import { previewCampaign } from "../../src/resources/campaigns/preview.ts";
import { eraseLead } from "../../src/resources/leads/actions.ts";
import { findLinkTarget } from "../../src/resources/messages/links.store.ts";
import { type EngineRoom, openEngineRoom } from "../world/engine-room.ts";

const URL = "https://go.sender.test";
let room: EngineRoom;
afterEach(() => room.close());

type Settings = Partial<Parameters<EngineRoom["make"]["campaign"]>[0]>;

const HTML =
  '<p>Hi {{ first_name }}, <a href="https://x.test/?a=1&amp;b=2">see</a> or <a href="https://x.test/for/{{ first_name }}">yours</a>. <a href="mailto:a@x.test">Write</a></p>';

function play(body = HTML, settings: Settings = {}, public_url: string | null = URL) {
  room = openEngineRoom(public_url === null ? {} : { public_url });
  const inbox_ids = [room.make.inbox()];
  const steps = [{ body, html: body.startsWith("<") }];
  const campaign = room.make.campaign({ inbox_ids, steps, ...settings });
  const lead_id = room.make.lead({ email: "lea@lead.test", campaign_id: campaign.id });
  return { campaign, lead_id };
}

async function sent() {
  await room.run();
  const [mail] = room.world.taken;
  if (!mail) throw new Error("nothing was sent");
  const parsed = await parseMail(mail.bytes);
  const raw = Buffer.from(mail.bytes)
    .toString("utf8")
    .replaceAll(/\r\n[ \t]/g, " ");
  const [message] = room.messages();
  return { parsed, raw, message_id: message?.id ?? 0 };
}

const tokensIn = (text: string, path: string) =>
  [...text.matchAll(new RegExp(`${URL}/${path}/([0-9a-z]+)`, "g"))].map(([, token = ""]) => token);

// All that has a stand-in before the mail exists: ids, tokens, marks and the boundary.
const plain = (raw: string) =>
  raw
    .replaceAll(/=\r\n/g, "")
    .replaceAll(/[0-9a-z]{49,}/g, "")
    .replaceAll(/[0-9a-f]{32}/g, "")
    .replaceAll(/[0-9a-z]{37}/g, "")
    .replaceAll(/[0-9a-z]{11}\.[0-9a-z]{26}/g, "")
    .replaceAll(/msg_[0-9a-z]{11}/g, "");

describe("with a public address", () => {
  test("links in both bodies lead to it, and the targets are in the database", async () => {
    play();
    const { parsed, message_id } = await sent();
    const tokens = tokensIn(parsed.html ?? "", "c");
    expect(tokens).toHaveLength(2);
    expect(tokensIn(parsed.text ?? "", "c").toSorted()).toEqual(tokens.toSorted());
    const secret = room.ledger.keys.token;
    const targets = tokens.map((token) => {
      const read = readPublicToken(secret, "click", token);
      expect(read?.message_id).toBe(message_id);
      expect(claimedLedger(token)).toEqual({ workspace_id: 1, mode: "live" });
      return findLinkTarget(room.ledger, { message_id, link: read?.link ?? -1 });
    });
    expect(targets).toEqual(["https://x.test/?a=1&b=2", "https://x.test/for/Lea"]);
    expect(findLinkTarget(room.ledger, { message_id, link: 2 })).toBeNull();
    expect(parsed.html).toContain('href="mailto:a@x.test"');
    expect(parsed.html).not.toContain("x.test/for");
  });

  test("the pixel and the one-click way out are in the mail", async () => {
    play();
    const { parsed, raw, message_id } = await sent();
    const [open = ""] = tokensIn(parsed.html ?? "", "o");
    expect(readPublicToken(room.ledger.keys.token, "open", open)?.message_id).toBe(message_id);
    const header = /^List-Unsubscribe: (.*)$/m.exec(raw)?.[1] ?? "";
    expect(header).toMatch(/^<https:\/\/go\.sender\.test\/u\/[0-9a-z]+>, +<mailto:/);
    const [way_out = ""] = tokensIn(header, "u");
    expect(readPublicToken(room.ledger.keys.token, "unsubscribe", way_out)?.message_id).toBe(
      message_id,
    );
    expect(raw).toContain("List-Unsubscribe-Post: List-Unsubscribe=One-Click");
  });

  test("links of a text lead to it too", async () => {
    play("See https://x.test/a, {{ first_name }}.");
    const { parsed } = await sent();
    expect(parsed.text).toMatch(/See https:\/\/go\.sender\.test\/c\/[0-9a-z]+, Lea\./);
    expect(parsed.html).toBeNull();
  });

  test("a campaign that does not track keeps its links, and the way out stays", async () => {
    play(HTML, { track_clicks: false, track_opens: false });
    const { parsed, raw } = await sent();
    expect(parsed.html).toContain("https://x.test/for/Lea");
    expect(parsed.html).not.toContain(URL);
    expect(raw).toContain(`<${URL}/u/`);
  });

  test("a preview is what is sent, but for what does not exist before", async () => {
    const { campaign, lead_id } = play();
    const [planned] = previewCampaign(room.ledger, campaign.id, lead_id).steps;
    await sent();
    const bytes = room.world.taken[0]?.bytes ?? new Uint8Array();
    expect(planned?.raw).toHaveLength(bytes.length);
    expect(plain(planned?.raw ?? "")).toBe(plain(Buffer.from(bytes).toString("latin1")));
  });

  test("what stands in the template is kept once, and what is the lead's own goes with the lead", async () => {
    const { campaign, lead_id } = play();
    room.make.lead({ email: "noa@lead.test", first_name: "Noa", campaign_id: campaign.id });
    await room.play(3_600_000);
    expect(room.ledger.db.query("SELECT target FROM links").all()).toEqual([
      { target: "https://x.test/?a=1&b=2" },
    ]);
    const [message] = room.messages();
    eraseLead(room.ledger, lead_id);
    expect(findLinkTarget(room.ledger, { message_id: message?.id ?? 0, link: 1 })).toBeNull();
  });
});

test("without a public address nothing leads anywhere else", async () => {
  play(HTML, {}, null);
  const { parsed, raw } = await sent();
  expect(parsed.html).toContain("https://x.test/for/Lea");
  expect(raw).not.toContain("List-Unsubscribe-Post");
  expect(room.ledger.db.query("SELECT links FROM messages").all()).toEqual([{ links: null }]);
});

test("over plain HTTP no one-click is promised", async () => {
  play(HTML, {}, "http://127.0.0.1:8080");
  const { raw } = await sent();
  expect(raw).not.toContain("List-Unsubscribe-Post");
  expect(raw).toContain("List-Unsubscribe: <mailto:");
});
