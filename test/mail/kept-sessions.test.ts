// A session that is kept for the next mail: it saves a login, and no mail is ever lost, doubled or doubted because of it.
import { expect, test } from "bun:test";
import type { Socket } from "node:net";

import type { MailAccount, SendOrder, SendOutcome } from "../../src/core/mail-port.ts";
import { openSmtp } from "../../src/mail/smtp.ts";
import { honestSmtp, smtpWith, type Vice } from "../world/smtp-server.ts";
import { closeServersAfterEach, MAIL, running } from "./sending.ts";

closeServersAfterEach();

const WAITS = { command: 200, held: 300, answer: 300, quit: 100, keep: 60_000 };
const TAKEN = { outcome: "accepted", response: "250 2.0.0 taken" } as const;

function openSender(waits: Partial<typeof WAITS> = {}) {
  const smtp = openSmtp({ waits: { ...WAITS, ...waits } });
  const { signal } = new AbortController();
  return (account: MailAccount, changes: Partial<SendOrder> = {}): Promise<SendOutcome> =>
    smtp.send(account, {
      envelope: { from: "ada@sender.test", to: "bob@lead.test" },
      bytes: MAIL,
      onHeld: (held) => held.release(),
      signal,
      has_next: true,
      ...changes,
    });
}

const verbs = (commands: readonly string[]) => commands.map((line) => line.slice(0, 4));

/** Does `then` at the second time that it is asked. */
function atSecond(first: string, then: (socket: Socket) => void) {
  let times = 0;
  return (socket: Socket) => {
    if (++times === 2) then(socket);
    else socket.write(`${first}\r\n`);
  };
}

test("mails that follow each other go over one login", async () => {
  const server = await running(honestSmtp());
  const send = openSender();
  for (let i = 0; i < 3; i++) expect(await send(server.account())).toEqual(TAKEN);
  expect(server.connections()).toBe(1);
  expect(server.delivered.map(({ bytes }) => bytes.equals(MAIL))).toEqual([true, true, true]);
  expect(verbs(server.commands).filter((verb) => verb === "AUTH")).toHaveLength(1);
});

test("MAIL, RCPT and DATA go at once where the server takes them at once", async () => {
  const server = await running(
    smtpWith({ ehlo: "250-mx.test\r\n250-PIPELINING\r\n250 AUTH PLAIN" }),
  );
  const send = openSender();
  expect(await send(server.account())).toEqual(TAKEN);
  expect(await send(server.account())).toEqual(TAKEN);
  expect(server.delivered).toHaveLength(2);
});

test("a mail that none follows ends its session", async () => {
  const server = await running(honestSmtp());
  const send = openSender();
  await send(server.account(), { has_next: false });
  await send(server.account(), { has_next: false });
  expect(server.connections()).toBe(2);
});

const LEAVES: [string, Vice][] = [
  [
    "says 421 at MAIL",
    { mail: atSecond("250 ok", (socket) => socket.end("421 4.3.2 enough\r\n")) },
  ],
  [
    "takes no further mail",
    { mail: atSecond("250 ok", (socket) => socket.write("452 4.5.3 too many\r\n")) },
  ],
  [
    "says 421 at RCPT",
    { rcpt: atSecond("250 ok", (socket) => socket.end("421 4.3.2 enough\r\n")) },
  ],
  ["hangs up at MAIL", { mail: atSecond("250 ok", (socket) => socket.destroy()) }],
  ["hangs up at DATA's turn", { rcpt: atSecond("250 ok", (socket) => socket.destroy()) }],
  ["says nothing any more", { mail: atSecond("250 ok", () => undefined) }],
];
test.each(LEAVES)(
  "a kept session whose server %s is replaced by a new one, once",
  async (_, vice) => {
    const server = await running(smtpWith(vice));
    const send = openSender();
    expect(await send(server.account())).toEqual(TAKEN);
    expect(await send(server.account())).toEqual(TAKEN);
    expect(server.connections()).toBe(2);
    expect(server.delivered).toHaveLength(2);
  },
);

test("a kept session that the server has ended while it waited is not used", async () => {
  const ended = Promise.withResolvers<void>();
  const server = await running(
    smtpWith({
      dot: (socket) => {
        socket.write("250 2.0.0 taken\r\n");
        socket.once("close", () => ended.resolve());
        socket.end("421 4.4.2 idle\r\n");
      },
    }),
  );
  const send = openSender();
  expect(await send(server.account())).toEqual(TAKEN);
  await ended.promise;
  expect(await send(server.account())).toEqual(TAKEN);
  expect(server.connections()).toBe(2);
});

test("a recipient that is refused on a kept session is refused, and asked once", async () => {
  const server = await running(
    smtpWith({ rcpt: atSecond("250 ok", (socket) => socket.write("550 5.1.1 no such user\r\n")) }),
  );
  const send = openSender();
  await send(server.account());
  expect(await send(server.account())).toMatchObject({ outcome: "rejected", enhanced: "5.1.1" });
  expect(server.connections()).toBe(1);
});

test("once the body was asked for, a kept session that dies is told and never tried again", async () => {
  const before = await running(
    smtpWith({
      data: atSecond("354 go on", (socket) =>
        socket.write("354 go on\r\n", () => socket.destroy()),
      ),
    }),
  );
  const after = await running(
    smtpWith({ dot: atSecond("250 2.0.0 taken", (socket) => socket.destroy()) }),
  );
  const send = openSender();
  await send(after.account());
  expect(await send(after.account())).toMatchObject({ outcome: "unclear" });
  expect(after.connections()).toBe(1);
  await openSender()(before.account());
  expect(before.connections()).toBe(1);
});

test("another password ends the session that was logged in with the old one", async () => {
  const server = await running(honestSmtp());
  const send = openSender();
  await send(server.account());
  await send(server.account({ password: "another" }));
  expect(server.connections()).toBe(2);
  expect(verbs(server.commands)).toContain("QUIT");
});

test("a stop ends a session that waits, and one that comes in the midst of a mail keeps none", async () => {
  const server = await running(honestSmtp());
  const send = openSender();
  const stop = new AbortController();
  await send(server.account(), { signal: stop.signal });
  stop.abort();
  await send(server.account());
  expect(server.connections()).toBe(2);
  const late = new AbortController();
  const onHeld: SendOrder["onHeld"] = () => late.abort();
  expect(await send(server.account(), { signal: late.signal, onHeld })).toMatchObject({
    outcome: "unreached",
  });
  expect(server.delivered).toHaveLength(2);
});

test("a session carries a hundred mails and no more", async () => {
  const server = await running(honestSmtp());
  const send = openSender();
  for (let i = 0; i < 101; i++) await send(server.account());
  expect(server.connections()).toBe(2);
});

test("a session waits no longer than its time", async () => {
  const server = await running(honestSmtp());
  const send = openSender({ keep: 1 });
  await send(server.account());
  const over = Promise.withResolvers<void>();
  const look = setInterval(() => {
    if (server.commands.includes("QUIT")) over.resolve();
  }, 1);
  await over.promise;
  clearInterval(look);
  await send(server.account());
  expect(server.connections()).toBe(2);
});
