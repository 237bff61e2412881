// When the servers of a mail lab are ready: each has greeted on each of its ports.
import net from "node:net";
import tls from "node:tls";

import { LAB_HOST, type LabPorts, PLAINTEXT_HOST } from "./mail-lab-ports.ts";
import { isRunning, type ServerProcess, until } from "./mail-lab-process.ts";

const READY_TIMEOUT_MS = 15_000;
const GREETING_TIMEOUT_MS = 1500;

/** Waits until Postfix greets on all its ports. Throws at once where it ended. */
export async function smtpReady(server: ServerProcess, ports: LabPorts): Promise<void> {
  await Promise.all([
    greets(server, "220 ", () => inClear(ports.smtp_relay)),
    greets(server, "220 ", () => inClear(ports.smtp_starttls)),
    greets(server, "220 ", () => inClear(ports.mx)),
    greets(server, "220 ", () => overTls(ports.smtp_tls)),
  ]);
}

/** Waits until Dovecot greets on all its ports and on its LMTP socket. */
export async function imapReady(server: ServerProcess, ports: LabPorts, dir: string) {
  await Promise.all([
    greets(server, "* OK", () => inClear(ports.imap_starttls)),
    greets(server, "* OK", () => net.connect({ host: PLAINTEXT_HOST, port: ports.imap_plaintext })),
    greets(server, "* OK", () => overTls(ports.imap_tls)),
    greets(server, "220 ", () => net.connect({ path: `${dir}/run/lmtp` })),
  ]);
}

function inClear(port: number): net.Socket {
  return net.connect({ host: LAB_HOST, port });
}

/** Whether the certificate is right is the test's question, not ours. */
function overTls(port: number): net.Socket {
  return tls.connect({ host: LAB_HOST, port, rejectUnauthorized: false });
}

async function greets(server: ServerProcess, greeting: string, connect: () => net.Socket) {
  await until(`greeting "${greeting}"`, READY_TIMEOUT_MS, async () => {
    if (!isRunning(server)) throw new Error(`server ended: ${server.exitCode}`);
    return (await firstBytes(connect())).startsWith(greeting) ? true : null;
  });
}

/** Empty where nothing comes within 1.5 s. */
function firstBytes(socket: net.Socket): Promise<string> {
  return new Promise((resolve) => {
    const done = (text: string) => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(GREETING_TIMEOUT_MS, () => done(""));
    socket.on("error", () => done(""));
    socket.on("close", () => resolve(""));
    socket.on("data", (bytes: Buffer) => done(bytes.toString("latin1")));
  });
}
