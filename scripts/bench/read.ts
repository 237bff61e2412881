// What reading costs beside the mere fetching of the same mails: 1,000 new mails on the lab's Dovecot, half of them answers to
// mails of ours, fetched raw and then fetched, parsed, judged and recorded in a real file. Goal of the performance page: at
// most twice the time. Needs Dovecot and Postfix.
//   bun scripts/bench/read.ts [--rounds 3] [--mails 1000]

import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { readUpToDate } from "../../src/engine/read/fetch.ts";
import { openMailPort } from "../../src/mail/port.ts";
import { accountOf } from "../../src/resources/inboxes/actions.ts";
import { findInbox } from "../../src/resources/inboxes/store.ts";
import { DAY_MS, openEngineRoom } from "../../test/world/engine-room.ts";
import { answerTo, mailFrom } from "../../test/world/inbound-mails.ts";
import { makeLabInbox } from "../../test/world/lab-inbox.ts";
import { MAIL_UID, mailHome } from "../../test/world/mail-lab-plan.ts";
import { openMailLab } from "../../test/world/mail-lab.ts";
import { goal, ratio, readCounts, report, spread } from "./figures.ts";
import { openWorkplace } from "./ledger.ts";

const RATIO_MOST = 2;
const ANA = "s1@sender.test";
const { rounds, mails } = readCounts({ rounds: 3, mails: 1000 });
const workplace = openWorkplace("read");
const lab = await openMailLab();
const room = openEngineRoom({ path: join(workplace.dir, "bench.db") });
const port = openMailPort();
const inbox_id = makeLabInbox(room.ledger, lab, ANA);
const never = new AbortController().signal;
const text = "Thank you for your mail. Could you send me the price list for fifty seats?\n".repeat(
  20,
);

/** As a delivery agent does it: 1,000 doveadm processes would take minutes. */
function deliver(raw: Buffer, name: string): void {
  const dir = `${mailHome(lab.dir, ANA)}/Maildir`;
  for (const sub of ["", "/new", "/cur", "/tmp"]) {
    mkdirSync(`${dir}${sub}`, { recursive: true });
    chownSync(`${dir}${sub}`, MAIL_UID, MAIL_UID);
  }
  writeFileSync(`${dir}/new/${name}`, raw.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
  chownSync(`${dir}/new/${name}`, MAIL_UID, MAIL_UID);
}

/** Sends to half as many new leads, over servers that are in this process: only reading is measured. */
async function sendFirst(round: number): Promise<{ to: string; message_id: string }[]> {
  const before = room.world.taken.length;
  const campaign = room.make.campaign({
    inbox_ids: [inbox_id],
    steps: [{}, { delay: "P90D" }],
    stop_for_company: false,
    daily_limit: 5000,
  });
  for (let i = 0; i < mails / 2; i++)
    room.make.lead({ email: `lea${i}@lead${round}-${i}.test`, campaign_id: campaign.id });
  await room.play(DAY_MS);
  return room.world.taken.slice(before);
}

async function open() {
  const row = findInbox(room.ledger, inbox_id);
  const account = row && accountOf(room.ledger, row);
  if (!row || !account) throw new Error("no inbox");
  return { row, session: await port.openMailbox(account, never) };
}

async function read(): Promise<number> {
  const { row, session } = await open();
  const began = performance.now();
  await readUpToDate({ ledger: room.ledger, inbox: row, session });
  const took_ms = performance.now() - began;
  await session.close();
  return took_ms;
}

async function fetchRaw(from: number): Promise<{ took_ms: number; count: number }> {
  const { session } = await open();
  await session.status("INBOX");
  const began = performance.now();
  let count = 0;
  for (let uid = from; ;) {
    const batch = await session.fetchFrom("INBOX", uid, 50);
    const last = batch.at(-1);
    if (!last) break;
    count += batch.length;
    uid = last.uid + 1;
  }
  const took_ms = performance.now() - began;
  await session.close();
  return { took_ms, count };
}

const replies = () => room.events().filter((event) => event === "reply.received").length;
const raw_ms: number[] = [];
const read_ms: number[] = [];
for (let round = 0; round < rounds; round++) {
  const sent = await sendFirst(round);
  await read();
  const { session } = await open();
  const { uidnext } = await session.status("INBOX");
  await session.close();
  const stamp = Date.now();
  sent.forEach(({ to, message_id }, i) =>
    deliver(answerTo({ from: ANA, to, message_id }, text), `${stamp}.A${i}.lab`),
  );
  for (let i = sent.length; i < mails; i++)
    deliver(mailFrom({ from: `eve${i}@x.test`, to: ANA }, text), `${stamp}.B${i}.lab`);
  const before = replies();
  // Dovecot writes its index at the first look.
  await fetchRaw(uidnext);
  const { took_ms, count } = await fetchRaw(uidnext);
  if (count !== mails) throw new Error(`${count} mails of ${mails} were fetched`);
  raw_ms.push(took_ms);
  read_ms.push(await read());
  if (replies() - before !== sent.length)
    throw new Error(`${replies() - before} answers of ${sent.length} had their effect`);
}
report("read", {
  rounds,
  mails,
  raw_ms: spread(raw_ms),
  read_ms: spread(read_ms),
  ratio: goal(ratio(read_ms, raw_ms), RATIO_MOST),
});
room.close();
await lab.close();
workplace.rm();
process.exit(0);
