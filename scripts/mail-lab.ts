// The test world's mail lab, by hand. `up` leaves a process behind that holds the lab until `down`.
//   bun scripts/mail-lab.ts up DIR | down DIR | ctl DIR COMMAND [ARGUMENT...]

import fs from "node:fs";
import path from "node:path";

import { FAULT_PORTS } from "../test/world/mail-lab-faults.ts";
import { MAGIC_ADDRESSES } from "../test/world/mail-lab-plan.ts";
import { until } from "../test/world/mail-lab-process.ts";
import { type MailLab, openMailLab } from "../test/world/mail-lab.ts";

const USAGE = `usage: bun scripts/mail-lab.ts up DIR | down DIR | ctl DIR COMMAND
commands: queue, flush, log [LINES], smtp|imap start|stop|restart|kill,
  mails USER [FOLDER], save USER FILE [FOLDER], inject FROM TO FILE, kick USER,
  uid-validity USER FOLDER [VALUE], fault ${FAULT_PORTS.join("|")} JSON`;
const UP_TIMEOUT_MS = 20_000;
const DOWN_TIMEOUT_MS = 15_000;

const [verb, dir_argument, ...rest] = process.argv.slice(2);
if (verb === undefined || dir_argument === undefined) fail(USAGE);
const dir = path.resolve(dir_argument);

switch (verb) {
  case "up":
    await up();
    break;
  case "hold":
    await hold();
    break;
  case "down":
    await down();
    break;
  case "ctl":
    print(JSON.stringify(await ask(rest), null, 2));
    break;
  default:
    fail(USAGE);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(complaint: string): never {
  process.stderr.write(`${complaint}\n`);
  process.exit(1);
}

async function up(): Promise<void> {
  const holder = Bun.spawn([process.execPath, import.meta.path, "hold", dir], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    detached: true,
  });
  const description = await until("mail lab", UP_TIMEOUT_MS, () => {
    if (holder.exitCode !== null) return "";
    return fs.existsSync(`${dir}/lab.json`) ? fs.readFileSync(`${dir}/lab.json`, "utf8") : null;
  });
  if (description === "") fail((await holder.stderr.text()).trim());
  print(description);
  process.exit(0);
}

/** Not for people: what `up` starts in the background. */
async function hold(): Promise<void> {
  const lab = await openMailLab({ dir }).catch((error: unknown) => fail(String(error)));
  const control = Bun.serve({
    unix: controlPath(),
    fetch: async (request) => {
      const [command = "", ...args] = (await request.text()).split("\0");
      return obey(lab, command, args).then(
        (answer) => Response.json(answer ?? "done"),
        (error: unknown) => Response.json({ error: String(error) }),
      );
    },
  });
  const end = async () => {
    await control.stop(true);
    await lab.close();
    process.exit(0);
  };
  process.on("SIGTERM", () => void end());
  process.on("SIGINT", () => void end());
  // Renamed into place: who sees the file sees all of it.
  fs.writeFileSync(`${dir}/lab.json.new`, JSON.stringify(describe(lab), null, 2));
  fs.renameSync(`${dir}/lab.json.new`, `${dir}/lab.json`);
}

function describe(lab: MailLab) {
  const { smtp, imap, faulty, blackhole_port, oauth, users, ca_pem } = lab;
  const logins = users.map(({ email, password, role }) => ({ email, password, role }));
  const magic = MAGIC_ADDRESSES;
  return {
    dir,
    pid: process.pid,
    smtp,
    imap,
    faulty,
    blackhole_port,
    oauth,
    magic,
    logins,
    ca_pem,
  };
}

async function down(): Promise<void> {
  if (!fs.existsSync(`${dir}/lab.json`)) fail(`no mail lab runs in ${dir}`);
  const { pid }: { pid: number } = JSON.parse(fs.readFileSync(`${dir}/lab.json`, "utf8"));
  // A process id is used again some day: only one that names our directory is ours.
  const command_line = fs.existsSync(`/proc/${pid}`)
    ? fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")
    : [];
  if (!command_line.includes(dir)) fail(`the mail lab in ${dir} is dead; remove the directory`);
  process.kill(pid, "SIGTERM");
  await until("down", DOWN_TIMEOUT_MS, () => (fs.existsSync(dir) ? null : true));
}

function controlPath(): string {
  return `${dir}/control.sock`;
}

async function ask(args: string[]): Promise<unknown> {
  const body = args.join("\0");
  const answer = await fetch("http://lab/", { unix: controlPath(), method: "POST", body });
  return answer.json();
}

async function obey(lab: MailLab, command: string, [first = "", second = "", third]: string[]) {
  switch (command) {
    case "queue":
      return lab.queue();
    case "flush":
      return lab.flush();
    case "log":
      return lab.log(first === "" ? 40 : Number(first)).split("\n");
    case "smtp":
    case "imap":
      return power(lab[command], first);
    case "mails":
      return lab.mailsIn(first, second === "" ? "INBOX" : second);
    case "save":
      return lab.save(first, fs.readFileSync(second, "utf8"), third);
    case "inject":
      return lab.inject({ from: first, to: second, raw: fs.readFileSync(third ?? "", "utf8") });
    case "kick":
      return lab.kick(first);
    case "uid-validity":
      return lab.setUidValidity(first, second, third === undefined ? undefined : Number(third));
    case "fault": {
      const port = FAULT_PORTS.find((name) => name === first);
      if (port === undefined) throw new Error(USAGE);
      return lab.fault(port, JSON.parse(second));
    }
    default:
      throw new Error(USAGE);
  }
}

async function power(server: MailLab["smtp"] | MailLab["imap"], verb_of_power: string) {
  if (verb_of_power === "stop") return server.stop();
  if (verb_of_power === "start") return server.start();
  if (verb_of_power === "restart") return server.restart();
  if (verb_of_power === "kill") return server.kill();
  throw new Error(USAGE);
}
