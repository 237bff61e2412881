// Counts every way in which a program can reach for the network, and lets none through. Loaded before the program
// (`bun --preload`); what it counted stands on the last line of stderr.
import dgram from "node:dgram";
import dns from "node:dns";
import net from "node:net";
import tls from "node:tls";

const reached: string[] = [];

function refuse(way: string) {
  return (...args: unknown[]): never => {
    reached.push(`${way} ${JSON.stringify(args[0] ?? null)}`);
    throw new Error(`nothing may reach for the network here: ${way}`);
  };
}

net.Socket.prototype.connect = refuse("net.Socket.connect");
net.connect = refuse("net.connect");
net.createConnection = refuse("net.createConnection");
tls.connect = refuse("tls.connect");
dgram.createSocket = refuse("dgram.createSocket");
dns.lookup = Object.assign(refuse("dns.lookup"), { __promisify__: refuse("dns.lookup") });
for (const resolver of [dns.Resolver.prototype, dns.promises.Resolver.prototype]) {
  for (const name of ["resolve", "resolve4", "resolve6", "resolveMx", "resolveSrv", "resolveTxt"])
    Object.defineProperty(resolver, name, { value: refuse(`dns.${name}`) });
}
Bun.connect = refuse("Bun.connect");
Bun.udpSocket = refuse("Bun.udpSocket");
globalThis.fetch = Object.assign(refuse("fetch"), { preconnect: refuse("fetch.preconnect") });

process.on("exit", () => {
  process.stderr.write(`\nreached ${reached.length}: ${reached.join(", ")}\n`);
});
