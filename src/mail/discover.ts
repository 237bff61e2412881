// Asks DNS where a domain's mail servers are. Each question has a deadline of its own, because a resolver that is
// silent must not keep a request waiting; no answer is an empty answer.

import { Resolver } from "node:dns/promises";

import type { DnsPort, ServiceRecord } from "../core/dns-port.ts";

const TIMEOUT_MS = 2000;
const TRIES = 2;
const DEADLINE_MS = 4000;
/** A domain with more is not worth reading on. */
const RECORDS_MOST = 20;

interface Questions {
  resolveMx(domain: string): Promise<{ exchange: string; priority: number }[]>;
  resolveSrv(
    name: string,
  ): Promise<{ name: string; port: number; priority: number; weight: number }[]>;
}

/** The system's resolvers, or others that answer the same questions. */
export function openDnsPort(
  resolver: Questions = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES }),
  deadline_ms = DEADLINE_MS,
): DnsPort {
  return {
    async mailHosts(domain) {
      const records = await withinDeadline(() => resolver.resolveMx(domain), deadline_ms);
      return records
        .toSorted((one, other) => one.priority - other.priority)
        .map(({ exchange }) => plainName(exchange))
        .filter((host) => host !== "");
    },
    async services(name) {
      const records = await withinDeadline(() => resolver.resolveSrv(name), deadline_ms);
      return records
        .map(({ name: host, port, priority, weight }): ServiceRecord => {
          return { host: plainName(host), port, priority, weight };
        })
        .filter(({ host, port }) => host !== "" && port > 0)
        .toSorted((one, other) => one.priority - other.priority || other.weight - one.weight);
    },
  };
}

async function withinDeadline<R>(ask: () => Promise<R[]>, deadline_ms: number): Promise<R[]> {
  const { promise, resolve } = Promise.withResolvers<R[]>();
  const timer = setTimeout(() => resolve([]), deadline_ms);
  try {
    const records = await Promise.race([ask().catch(() => []), promise]);
    return records.slice(0, RECORDS_MOST);
  } finally {
    clearTimeout(timer);
  }
}

/** A single dot says that there is no such service (RFC 2782, RFC 7505). */
const plainName = (name: string) => name.toLowerCase().replace(/\.$/, "");
