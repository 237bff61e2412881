// The second opinion: asked about unsure replies only, told nothing of people, believed only when it answers one word.
import { afterEach, beforeEach, expect, test } from "bun:test";

import { openSecondOpinion, type SecondOpinion } from "../../src/engine/ask-classifier.ts";
import { DAY_MS, type EngineRoom, MINUTE_MS, openEngineRoom } from "../world/engine-room.ts";
import { answerTo } from "../world/inbound-mails.ts";

const ANA = "ana@sender.test";
const LEA = "lea@lead.test";
const UNCLEAR = "Xqzt brrl fmpf wrk zzgt.";
const PRIVATE =
  "Xqzt brrl fmpf, Leandra. Write to zz@private.test or +49 30 1234567 or https://zz.test/x wrk.";

type Reply = (asked: Request) => Response | Promise<Response>;
const says = (content: unknown) => () => Response.json({ choices: [{ message: { content } }] });

let room: EngineRoom;
let asked: { path: string; key: string | null; body: string }[] = [];
let reply: Reply;
let server: ReturnType<typeof Bun.serve>;
let opinion: SecondOpinion;
let message_id = "";
beforeEach(async () => {
  asked = [];
  reply = says("not_now");
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const key = request.headers.get("authorization");
      asked.push({ path: pathname, key, body: await request.text() });
      return await reply(request);
    },
  });
  room = openEngineRoom();
  const inbox = room.make.inbox({ email: ANA });
  const campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}, { delay: "P1D" }] });
  room.make.lead({ email: LEA, first_name: "Leandra", campaign_id: campaign.id });
  await room.run();
  message_id = room.world.taken[0]?.message_id ?? "";
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  opinion = openSecondOpinion({ url: `${server.url.href}v1`, key: "sk-zz", model: "tiny" }, log);
});
afterEach(async () => {
  await opinion.close();
  room.close();
  await server.stop(true);
});

async function read(text: string): Promise<void> {
  room.world.deliver(ANA, answerTo({ from: ANA, to: LEA, message_id }, text));
  await room.run();
}

const stored = () =>
  room.ledger.db
    .query<{ category: string; source: string; unsure: number; kind: string }, []>(
      "SELECT kind, category, source, unsure FROM replies ORDER BY id DESC LIMIT 1",
    )
    .get();

test("one label comes back, is stored with its source and told once more", async () => {
  await read(UNCLEAR);
  expect(stored()).toMatchObject({ unsure: 1, source: "model" });
  await opinion.askOnce([room.ledger]);
  expect(stored()).toMatchObject({
    kind: "reply",
    category: "not_now",
    source: "endpoint",
    unsure: 0,
  });
  expect(asked.map(({ path, key }) => [path, key])).toEqual([
    ["/v1/chat/completions", "Bearer sk-zz"],
  ]);
  expect(room.events().filter((event) => event === "reply.classified")).toHaveLength(2);
  await room.play(3 * DAY_MS);
  expect(room.world.taken).toHaveLength(1);
});

test("it is told the words and no address, link, number or name", async () => {
  await read(PRIVATE);
  room.ledger.db.run("UPDATE replies SET unsure = 1");
  await opinion.askOnce([room.ledger]);
  const { body } = asked[0]!;
  expect(body).toContain("Xqzt brrl fmpf");
  for (const secret of ["Leandra", "zz@private", "1234567", "zz.test", LEA, ANA, message_id]) {
    expect(body).not.toContain(secret);
  }
});

test("what imail is sure of, and opt-outs, are nobody else's business", async () => {
  await read("Thanks, but we are not interested.");
  await read("Please unsubscribe me.");
  await opinion.askOnce([room.ledger]);
  expect(asked).toEqual([]);
});

const VICES: Record<string, Reply> = {
  "a sentence": says("The label is interested."),
  "an opt-out": says("unsubscribe_request"),
  "a word that is no category": says("bounce"),
  "a number": says(7),
  "no JSON": () => new Response("<html>502</html>"),
  "a fault": () => new Response("no", { status: 500 }),
  "a redirect": () => Response.redirect("http://127.0.0.1:1/elsewhere"),
  "an endless answer": () => new Response("[".repeat(200_000)),
  nothing: () => new Response(null, { status: 204 }),
};
for (const [vice, answer] of Object.entries(VICES)) {
  test(`${vice} changes nothing, and is not asked for again`, async () => {
    reply = answer;
    await read(UNCLEAR);
    const before = stored();
    await opinion.askOnce([room.ledger]);
    await opinion.askOnce([room.ledger]);
    expect(stored()).toEqual(before);
    expect(asked).toHaveLength(1);
  });
}

test("an endpoint that never answers holds up neither reading nor closing", async () => {
  const heard = Promise.withResolvers<void>();
  reply = () => {
    heard.resolve();
    return Promise.withResolvers<Response>().promise;
  };
  await read(UNCLEAR);
  const asking = opinion.askOnce([room.ledger]);
  await heard.promise;
  await read("Thanks, but we are not interested.");
  expect(stored()).toMatchObject({ category: "not_interested" });
  await opinion.close();
  await asking;
});

test("a person's word that came meanwhile stands", async () => {
  await read(UNCLEAR);
  reply = () => {
    room.ledger.db.run("UPDATE replies SET category = 'referral', source = 'person', unsure = 0");
    return says("not_now")();
  };
  await opinion.askOnce([room.ledger]);
  expect(stored()).toMatchObject({ category: "referral", source: "person" });
});

test("it is asked at most twenty times a minute", async () => {
  for (let n = 0; n < 22; n++) await read(`Qrst vwxz brrl ${"mnop".repeat(n)} fmpf.`);
  room.ledger.db.run("UPDATE replies SET unsure = 1, kind = 'reply'");
  for (let n = 0; n < 22; n++) await opinion.askOnce([room.ledger]);
  expect(asked).toHaveLength(20);
  room.clock.moveBy(MINUTE_MS + 1);
  await opinion.askOnce([room.ledger]);
  expect(asked).toHaveLength(21);
});
