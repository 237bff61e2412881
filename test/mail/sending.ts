// What the tests of sending share: a mail, short deadlines, and servers that are closed after each test.

import { afterEach } from "bun:test";

import type { MailAccount, SendOrder, SendOutcome } from "../../src/core/mail-port.ts";
import type { SmtpWaits } from "../../src/mail/smtp-session.ts";
import { openSmtp } from "../../src/mail/smtp.ts";

export const MAIL = Buffer.from(
  "From: ada@sender.test\r\nTo: bob@lead.test\r\nSubject: hi\r\n\r\n.dots\r\n..\r\n.\r\nin lines\r\n",
);
const SHORT: Partial<SmtpWaits> = {
  connect: 1000,
  greeting: 1000,
  tls: 1000,
  auth: 1500,
  command: 500,
  progress: 1500,
  held: 1500,
  answer: 1500,
  quit: 100,
};

const servers: { close: () => Promise<void> }[] = [];

/** To be called once in each test file. */
export function closeServersAfterEach(): void {
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
}

/** The server, to be closed after the test. */
export async function running<T extends { close: () => Promise<void> }>(
  server: Promise<T>,
): Promise<T> {
  const opened = await server;
  servers.push(opened);
  return opened;
}

function order(changes: Partial<SendOrder> = {}): SendOrder {
  return {
    envelope: { from: "ada@sender.test", to: "bob@lead.test" },
    bytes: MAIL,
    onHeld: (held) => held.release(),
    signal: new AbortController().signal,
    ...changes,
  };
}

/** Hands over MAIL, or what is asked for, and releases it. */
export function send(account: MailAccount, changes: Partial<SendOrder> = {}): Promise<SendOutcome> {
  return openSmtp({ waits: SHORT }).send(account, order(changes));
}
