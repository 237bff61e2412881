// Servers that a caller leaves out are found from the address, and only where a password may go.
import { afterEach, describe, expect, test } from "bun:test";

import type { DnsPort, ServiceRecord } from "../../../src/core/dns-port.ts";
import { openDnsPort } from "../../../src/mail/discover.ts";
import type { Inbox } from "../../../src/resources/inboxes/schema.ts";
import { askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { mailThatTakesEveryLogin } from "../../world/mail-that-fails-logins.ts";

const open: TestHouse[] = [];
afterEach(async () => {
  for (const house of open.splice(0)) await house.close();
});

interface Zone {
  mx?: string[];
  srv?: Record<string, Partial<ServiceRecord> & { host: string; port: number }>;
}

function namesOf({ mx = [], srv = {} }: Zone): DnsPort {
  return {
    mailHosts: () => Promise.resolve(mx),
    services: (name) => {
      const found = srv[name.split(".").slice(0, 2).join(".")];
      return Promise.resolve(found ? [{ priority: 0, weight: 0, ...found }] : []);
    },
  };
}

async function connect(names: DnsPort, email = "ada@acme.example") {
  const house = await openTestHouse({ mail: mailThatTakesEveryLogin(), names });
  open.push(house);
  return askWith(house, "live")<Inbox>("POST", "/inboxes", { email, smtp: { password: "secret" } });
}

describe("the provider behind the domain's MX", () => {
  const cases: [string, string, string, string][] = [
    ["Google", "aspmx.l.google.com", "smtp.gmail.com", "imap.gmail.com"],
    ["Google's one name", "smtp.google.com", "smtp.gmail.com", "imap.gmail.com"],
    [
      "Microsoft 365",
      "acme-example.mail.protection.outlook.com",
      "smtp.office365.com",
      "outlook.office365.com",
    ],
    [
      "Microsoft's newer names",
      "acme-example.f-v1.mx.microsoft",
      "smtp.office365.com",
      "outlook.office365.com",
    ],
    ["Fastmail", "in1-smtp.messagingengine.com", "smtp.fastmail.com", "imap.fastmail.com"],
    ["IONOS", "mx00.kundenserver.de", "smtp.ionos.de", "imap.ionos.de"],
    ["OVH", "mx1.mail.ovh.net", "ssl0.ovh.net", "ssl0.ovh.net"],
  ];
  test.each(cases)("%s", async (...[, mx, smtp, imap]) => {
    const made = await connect(namesOf({ mx: [mx] }));
    expect(made.status).toBe(201);
    expect([made.data.smtp?.host, made.data.imap?.host]).toEqual([smtp, imap]);
  });

  test("is not taken from a name that only ends in the same letters", async () => {
    const made = await connect(namesOf({ mx: ["mx.notgoogle.com"] }));
    expect(made.error).toMatchObject({ code: "invalid_field", field: "smtp.host" });
    expect(made.error.message).toContain("mx.notgoogle.com");
  });
});

test("what the domain publishes is used, TLS before STARTTLS", async () => {
  const srv = {
    "_submissions._tcp": { host: "mail.acme.example", port: 465 },
    "_submission._tcp": { host: "mail.acme.example", port: 587 },
    "_imap._tcp": { host: "imap.acme.example", port: 143 },
  };
  const made = await connect(namesOf({ mx: ["mx.acme.example"], srv }));
  expect(made.data.smtp).toMatchObject({ host: "mail.acme.example", port: 465, security: "tls" });
  expect(made.data.imap).toMatchObject({
    host: "imap.acme.example",
    port: 143,
    security: "starttls",
  });
});

test("a host of another domain is named and not taken: a forged answer would get the password", async () => {
  const srv = {
    "_submissions._tcp": { host: "mail.evil.test", port: 465 },
    "_imaps._tcp": { host: "mail.evil.test", port: 993 },
  };
  const made = await connect(namesOf({ srv }));
  expect(made.error).toMatchObject({ code: "invalid_field", field: "smtp.host" });
  expect(made.error.message).toContain("mail.evil.test:465");
});

test("what was tried is told when nothing is found", async () => {
  const made = await connect(namesOf({}));
  expect(made.status).toBe(400);
  expect(made.error.message).toContain("acme.example has no MX record");
  expect(made.error.message).toContain("_submissions._tcp");
  expect(made.error.details?.map(({ field }) => field)).toEqual(["smtp.host", "imap.host"]);
});

test("nobody asks DNS for a known provider, for hosts that are named, or in test mode", async () => {
  const asked: string[] = [];
  const ask = (name: string): Promise<never[]> => {
    asked.push(name);
    return Promise.resolve([]);
  };
  const house = await openTestHouse({
    mail: mailThatTakesEveryLogin(),
    names: { mailHosts: ask, services: ask },
  });
  open.push(house);
  const live = askWith(house, "live");
  const smtp = { password: "secret" };
  expect((await live("POST", "/inboxes", { email: "ada@gmail.com", smtp })).status).toBe(201);
  const named = {
    email: "ada@acme.example",
    smtp: { ...smtp, host: "a.test" },
    imap: { host: "b.test" },
  };
  expect((await live("POST", "/inboxes", named)).status).toBe(201);
  const sandbox = { email: "ada@acme.example", provider: "sandbox" };
  expect((await askWith(house, "test")("POST", "/inboxes", sandbox)).status).toBe(201);
  expect(asked).toEqual([]);
});

const none = () => Promise.resolve([]);

describe("the name service", () => {
  test("puts the best record first and reads a lone dot as no service", async () => {
    const names = openDnsPort({
      resolveMx: () =>
        Promise.resolve([
          { exchange: "B.example.", priority: 20 },
          { exchange: "a.example", priority: 10 },
        ]),
      resolveSrv: () =>
        Promise.resolve([
          { name: ".", port: 0, priority: 0, weight: 0 },
          { name: "low.example", port: 993, priority: 1, weight: 1 },
          { name: "high.example", port: 993, priority: 1, weight: 9 },
        ]),
    });
    expect(await names.mailHosts("x.example")).toEqual(["a.example", "b.example"]);
    const hosts = (await names.services("_imaps._tcp.x.example")).map(({ host }) => host);
    expect(hosts).toEqual(["high.example", "low.example"]);
  });

  test("a resolver that fails or never answers is an empty answer", async () => {
    const fails = openDnsPort({
      resolveMx: () => Promise.reject(new Error("queryMx ENOTFOUND")),
      resolveSrv: none,
    });
    expect(await fails.mailHosts("x.example")).toEqual([]);
    const hangs = openDnsPort(
      { resolveMx: () => Promise.withResolvers<never>().promise, resolveSrv: none },
      5,
    );
    expect(await hangs.mailHosts("x.example")).toEqual([]);
  });
});
