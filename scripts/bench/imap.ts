// What an inbox costs that is only listened to: memory per idle TLS connection with all of our own state, and CPU of all of
// them together, on the lab's Dovecot. Goals of the performance page: 120 KB each, 0.5 % of a core for 500. Then reconnects:
// file descriptors and memory before and after. Needs Dovecot and Postfix.
//   bun scripts/bench/imap.ts [--few 100] [--many 500] [--seconds 120] [--reconnects 500]

import { readdirSync } from "node:fs";
import { join } from "node:path";

import { openWatches } from "../../src/engine/watches.ts";
import { systemClock } from "../../src/ledger/clock.ts";
import { openMailPort } from "../../src/mail/port.ts";
import { makeLabInbox } from "../../test/world/lab-inbox.ts";
import { openMailLab } from "../../test/world/mail-lab.ts";
import { goal, readCounts, report } from "./figures.ts";
import { openBenchLedger, openWorkplace } from "./ledger.ts";

const KB_MOST = 120;
const CPU_PERCENT_MOST = 0.5;
const FDS_MOST = 5;

const { few, many, seconds, reconnects } = readCounts({
  few: 100,
  many: 500,
  seconds: 120,
  reconnects: 500,
});
const workplace = openWorkplace("imap");
const lab = await openMailLab({ user_count: many });
const ledger = openBenchLedger({ path: join(workplace.dir, "bench.db"), clock: systemClock });
const later = (ms: number, work: () => void) => {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
};
const silent = () => undefined;
const failures: string[] = [];
const log = {
  info: silent,
  warn: (facts: object) => void failures.push(JSON.stringify(facts)),
  error: (facts: object) => void failures.push(JSON.stringify(facts)),
};
const mail = openMailPort();

/** Watches the first `count` mailboxes; when all of them have been read, and for a while nothing happened. */
async function listenTo(count: number) {
  for (let i = made; i < count; i++) makeLabInbox(ledger, lab, `s${i + 1}@sender.test`);
  made = Math.max(made, count);
  const tried = new Set<number>();
  const watches = openWatches({
    ledger,
    mail,
    log,
    later,
    onTried: (inbox_id) => void tried.add(inbox_id),
  });
  watches.watchAll();
  while (tried.size < count) await Bun.sleep(100);
  await Bun.sleep(5000);
  return watches;
}

let made = 0;
const rssOf = async () => {
  const samples: number[] = [];
  for (let i = 0; i < 10; i++) {
    Bun.gc(true);
    await Bun.sleep(200);
    samples.push(process.memoryUsage.rss());
  }
  return Math.min(...samples);
};
const descriptors = () => readdirSync("/proc/self/fd").length;

const first = await listenTo(few);
const rss_few = await rssOf();
first.stop();
await first.stopped();
await Bun.sleep(1000);
const fds_before = descriptors();

const second = await listenTo(many);
const rss_many = await rssOf();
const kb = (rss_many - rss_few) / 1024 / (many - few);

const cpu = process.cpuUsage();
const began = performance.now();
await Bun.sleep(seconds * 1000);
const used = process.cpuUsage(cpu);
const cpu_percent = (used.user + used.system) / 10 / (performance.now() - began);
second.stop();
await second.stopped();
await Bun.sleep(1000);

const third = await listenTo(1);
for (let i = 0; i < reconnects; i++) {
  third.renew();
  if (i % 20 === 0) await Bun.sleep(200);
}
third.stop();
await third.stopped();
const account = { inbox_id: 1, email: "s1@sender.test", provider: "smtp" } as const;
const servers = {
  smtp: lab.login("s1@sender.test", lab.smtp.tls),
  imap: lab.login("s1@sender.test", lab.imap.tls),
};
const rss_before = await rssOf();
for (let i = 0; i < reconnects; i++) {
  const session = await mail.openMailbox({ ...account, ...servers }, new AbortController().signal);
  await session.status("INBOX");
  await session.close();
}
await Bun.sleep(1000);
const rss_after = await rssOf();

report("imap", {
  inboxes: [few, many],
  rss_mb: [rss_few, rss_many].map((bytes) => Math.round(bytes / 1024 / 1024)),
  kb_per_inbox: goal(Number(kb.toFixed(1)), KB_MOST),
  idle_cpu_percent: goal(Number(cpu_percent.toFixed(2)), CPU_PERCENT_MOST),
  descriptors_left: goal(descriptors() - fds_before, FDS_MOST),
  reconnects,
  rss_growth_mb: Number(((rss_after - rss_before) / 1024 / 1024).toFixed(1)),
  failures: failures.length,
  first_failure: failures[0] ?? null,
});
ledger.close();
await lab.close();
workplace.rm();
process.exit(0);
