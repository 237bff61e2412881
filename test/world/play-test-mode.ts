// Plays test mode from end to end over its API, as a program of its own: test/resources/test/no-socket.test.ts runs it
// where every socket is counted.
import { askWith } from "./ask.ts";
import { openTestHouse } from "./house.ts";
import { answerTo } from "./inbound-mails.ts";
import { makeCampaign } from "./make-campaign.ts";

const NAMES =
  "reply+interested ooo bounce+hard bounce+soft sender-fault unsubscribe complaint open click scanner lea";

const house = await openTestHouse();
const ask = askWith(house, "test");
const campaign = await makeCampaign(ask, { status: "active" });
const inbox = `/inboxes/${campaign.inbox_ids[0]}`;
for (const name of NAMES.split(" "))
  await ask("POST", "/leads", { email: `${name}@gmail.test`, campaign_id: campaign.id });
await ask("POST", "/test/clock/advance", { by: "P2D" });
for (const change of ["pause", "resume", "reconnect"]) await ask("POST", `${inbox}/${change}`);
await ask("PATCH", inbox, { name: "Ada", save_sent: "always" });
// A real-looking mailbox is refused before anybody is asked for its servers.
await ask("POST", "/inboxes", { email: "ada@acme.example", smtp: { password: "secret" } });
const [newest] = (await ask<{ message_id: string }[]>("GET", "/messages")).data;
const bytes = answerTo(
  {
    from: "sender@company.example",
    to: "lea@gmail.test",
    message_id: newest?.message_id.slice(1, -1) ?? "",
  },
  "Sounds good!",
);
const received = await house.request("/v1/test/inbound", {
  method: "POST",
  headers: {
    authorization: `Bearer ${house.test_key.key}`,
    "content-type": "message/rfc822",
    "content-length": String(bytes.length),
    "x-inbox-id": campaign.inbox_ids[0] ?? "",
  },
  body: new Uint8Array(bytes),
});
await ask("POST", "/suppressions", { value: "gmail.test" });
await ask("POST", "/test/clock/advance", { by: "P30D" });
const mails = (await ask<unknown[]>("GET", "/test/mailbox?limit=100")).data;
await house.close();
process.stdout.write(`${mails.length} mails, inbound answered ${received.status}\n`);
