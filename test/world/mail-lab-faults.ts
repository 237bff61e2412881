// Proxies in front of the lab's servers that lose, cut, freeze or slow down what passes. Those in
// front of a TLS port end TLS themselves, so that a fault can wait for a word of the dialogue.
import net from "node:net";
import tls from "node:tls";

import type { LabCertificates } from "./mail-lab-certificates.ts";
import { LAB_HOST, type LabPorts, listens } from "./mail-lab-ports.ts";

export const FAULT_PORTS = [
  "smtp_tls",
  "smtp_starttls",
  "smtp_relay",
  "imap_tls",
  "imap_starttls",
] as const;
export type FaultPort = (typeof FAULT_PORTS)[number];

export interface Fault {
  /** freeze: open but silent. reset: RST. close: FIN. refuse: RST instead of a greeting. */
  mode: "pass" | "freeze" | "reset" | "close" | "refuse";
  /** Strikes when the client sent this: readable until STARTTLS or COMPRESS (imapflow uses it by itself). */
  after_text?: string;
  /** Strikes when the client sent more than so many bytes. */
  after_up_bytes?: number;
  /** Strikes when the server sent more than so many bytes. */
  after_down_bytes?: number;
  /** The server gets the bytes that strike; its answer to them is what is lost. */
  lose_answer?: boolean;
  /** Each piece of data waits so long, in both directions. */
  delay_ms?: number;
  /** After it struck once, new connections pass. */
  once?: boolean;
  /** Strikes the connections that are open now, at once. */
  open_connections?: boolean;
  /** freeze only: the server never learns that the client went away. */
  linger?: boolean;
}

/** The end of DATA: with `lose_answer` the mail is accepted and the client cannot know it. */
export const FINAL_DOT = "\r\n.\r\n";

export interface FaultProxies {
  set(port: FaultPort, fault: Fault): void;
  /** How often a fault struck at this port. */
  struck(port: FaultPort): number;
  close(): Promise<void>;
}

interface Proxy {
  fault: Fault;
  struck: number;
  server: net.Server;
  open: Set<Connection>;
}

interface Connection {
  client: net.Socket;
  backend: net.Socket;
  up_bytes: number;
  down_bytes: number;
  /** The last bytes of the client: a word may straddle two pieces. */
  tail: string;
  state: "passing" | "answer_awaited" | "frozen";
}

/** Starts a proxy for every port in FAULT_PORTS; all pass at first. */
export async function startFaultProxies(
  ports: LabPorts,
  certificates: LabCertificates,
): Promise<FaultProxies> {
  const started = FAULT_PORTS.map(async (name) => {
    const proxy = makeProxy(name, ports[name], certificates);
    const free = await listens(proxy.server, ports[`fault_${name}`], LAB_HOST);
    if (!free) throw new Error(`port ${ports[`fault_${name}`]} was taken meanwhile`);
    return [name, proxy] as const;
  });
  const proxies = new Map(await Promise.all(started));
  const at = (port: FaultPort): Proxy => {
    const proxy = proxies.get(port);
    if (proxy === undefined) throw new Error(`no fault proxy ${port}`);
    return proxy;
  };
  return {
    set: (port, fault) => setFault(at(port), fault),
    struck: (port) => at(port).struck,
    close: async () => {
      await Promise.all([...proxies.values()].map(closeProxy));
    },
  };
}

function makeProxy(name: FaultPort, port: number, certificates: LabCertificates): Proxy {
  const ends_tls = name === "smtp_tls" || name === "imap_tls";
  const { key_pem: key, cert_pem: cert } = certificates.server;
  const open = new Set<Connection>();
  const accept = (client: net.Socket) => join(proxy, client, backend());
  const server = ends_tls
    ? tls.createServer({ key, cert }, accept)
    : net.createServer({ allowHalfOpen: true }, accept);
  const backend = () =>
    ends_tls
      ? tls.connect({ host: LAB_HOST, port, ca: certificates.ca_pem, servername: "localhost" })
      : net.connect({ host: LAB_HOST, port, allowHalfOpen: true });
  const proxy: Proxy = { fault: { mode: "pass" }, struck: 0, server, open };
  // For TLS this event comes before the handshake: refused is refused at once.
  server.on("connection", (raw: net.Socket) => {
    if (proxy.fault.mode === "refuse") strikeNew(proxy, raw);
  });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return proxy;
}

function join(proxy: Proxy, client: net.Socket, backend: net.Socket): void {
  if (client.destroyed) {
    backend.destroy();
    return;
  }
  const { fault } = proxy;
  const waits = fault.after_text ?? fault.after_up_bytes ?? fault.after_down_bytes;
  const is_frozen = fault.mode === "freeze" && waits === undefined;
  const state = is_frozen ? "frozen" : "passing";
  const connection: Connection = { client, backend, up_bytes: 0, down_bytes: 0, tail: "", state };
  if (is_frozen) countStrike(proxy);
  proxy.open.add(connection);
  client.on("data", (bytes: Buffer) => passUp(proxy, connection, bytes));
  backend.on("data", (bytes: Buffer) => passDown(proxy, connection, bytes));
  followEnd(proxy, connection, client, backend);
  followEnd(proxy, connection, backend, client);
}

function passUp(proxy: Proxy, connection: Connection, bytes: Buffer): void {
  if (connection.state === "frozen") return;
  const { fault } = proxy;
  connection.up_bytes += bytes.length;
  const seen = connection.tail + bytes.toString("latin1");
  connection.tail = seen.slice(-64);
  const has_text = fault.after_text !== undefined && seen.includes(fault.after_text);
  const is_due = has_text || isOver(connection.up_bytes, fault.after_up_bytes);
  if (connection.state === "answer_awaited" || fault.mode === "pass" || !is_due) {
    forward(proxy, connection, connection.backend, bytes);
  } else if (fault.lose_answer === true) {
    connection.state = "answer_awaited";
    forward(proxy, connection, connection.backend, bytes);
  } else {
    strike(proxy, connection, fault);
  }
}

function passDown(proxy: Proxy, connection: Connection, bytes: Buffer): void {
  if (connection.state === "frozen") return;
  const { fault } = proxy;
  connection.down_bytes += bytes.length;
  const is_due = fault.mode !== "pass" && isOver(connection.down_bytes, fault.after_down_bytes);
  // The answer is here, so the server has decided: what is lost now is only its word.
  if (connection.state === "answer_awaited" || is_due) strike(proxy, connection, fault);
  else forward(proxy, connection, connection.client, bytes);
}

function isOver(bytes: number, limit: number | undefined): boolean {
  return limit !== undefined && bytes > limit;
}

function forward({ fault }: Proxy, connection: Connection, to: net.Socket, bytes: Buffer): void {
  const write = () => {
    if (connection.state === "frozen" || to.destroyed) return;
    const from = to === connection.client ? connection.backend : connection.client;
    if (to.write(bytes)) return;
    from.pause();
    to.once("drain", () => from.resume());
  };
  if (fault.delay_ms === undefined) write();
  else setTimeout(write, fault.delay_ms);
}

function strike(proxy: Proxy, connection: Connection, fault: Fault): void {
  countStrike(proxy);
  if (fault.mode === "freeze") {
    connection.state = "frozen";
    return;
  }
  if (fault.mode === "close") connection.client.destroy();
  else connection.client.resetAndDestroy();
  connection.backend.destroy();
}

function strikeNew(proxy: Proxy, raw: net.Socket): void {
  countStrike(proxy);
  raw.on("error", () => raw.destroy());
  raw.resetAndDestroy();
}

function countStrike(proxy: Proxy): void {
  proxy.struck += 1;
  if (proxy.fault.once === true) proxy.fault = { mode: "pass" };
}

function followEnd(proxy: Proxy, connection: Connection, from: net.Socket, to: net.Socket): void {
  const leaves = () => {
    const lingers = proxy.fault.linger === true && from === connection.client;
    if (connection.state !== "frozen") to.end();
    else if (from === connection.client && !lingers) connection.backend.destroy();
  };
  from.on("end", () => {
    leaves();
    // A frozen connection cannot close properly either: our side of the client goes with it.
    if (connection.state === "frozen" && from === connection.client) from.destroy();
  });
  from.on("error", () => {
    if (connection.state !== "frozen") to.resetAndDestroy();
  });
  from.on("close", () => {
    leaves();
    if (connection.client.destroyed && connection.backend.destroyed) proxy.open.delete(connection);
  });
}

function setFault(proxy: Proxy, fault: Fault): void {
  proxy.fault = fault;
  for (const connection of proxy.open) {
    connection.tail = "";
    if (fault.open_connections !== true) continue;
    if (fault.mode === "pass") connection.state = "passing";
    else strike(proxy, connection, fault);
  }
}

function closeProxy(proxy: Proxy): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    proxy.server.close(() => resolve());
  });
  for (const { client, backend } of proxy.open) {
    client.destroy();
    backend.destroy();
  }
  return closed;
}
