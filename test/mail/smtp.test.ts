import { describe, expect, test } from "bun:test";

import type { Held } from "../../src/core/mail-port.ts";
import {
  accountAt,
  honestSmtp,
  smtpThatAcceptsBeforeTheDot,
  smtpThatAnswersHalfAfterData,
  smtpThatDiesAfterData,
  smtpThatDiesInTheBody,
  smtpThatDripsItsEhlo,
  smtpThatIsSilentAfterData,
  smtpThatNeverGreets,
  smtpThatStopsReading,
  smtpWith,
  type TestSmtpServer,
  type Vice,
} from "../world/smtp-server.ts";
import { closeServersAfterEach, MAIL, running, send } from "./sending.ts";

closeServersAfterEach();

async function sendTo(
  vice: () => Promise<TestSmtpServer>,
): Promise<{ outcome: string; delivered: number }> {
  const server = await running(vice());
  const { outcome } = await send(server.account());
  return { outcome: outcome, delivered: server.delivered.length };
}

/** What the work has thrown, or null. */
function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

function sayAll(held: Held): void {
  held.release();
  held.refuse();
  held.release();
}

function throwBug(): void {
  throw new RangeError("a bug");
}

describe("a mail that is handed over", () => {
  test("arrives byte for byte, with dots at the start of lines", async () => {
    const server = await running(honestSmtp());
    expect(await send(server.account())).toEqual({
      outcome: "accepted",
      response: "250 2.0.0 taken",
    });
    expect(server.delivered).toEqual([
      { from: "ada@sender.test", to: "bob@lead.test", bytes: MAIL },
    ]);
  });

  test("arrives byte for byte when it is larger than every buffer", async () => {
    const server = await running(honestSmtp());
    const line = `${"x".repeat(75)}\r\n`;
    const bytes = Buffer.concat([MAIL, Buffer.from(line.repeat(20_000))]);
    expect(await send(server.account(), { bytes })).toMatchObject({ outcome: "accepted" });
    expect(server.delivered[0]!.bytes.equals(bytes)).toBe(true);
  });

  test("is held before its dot until the commit point has spoken", async () => {
    const server = await running(honestSmtp());
    const held = Promise.withResolvers<Held>();
    const outcome = send(server.account(), { onHeld: held.resolve });
    const commitPoint = await held.promise;
    await server.bodyOf(MAIL.length - 1);
    expect(server.delivered).toEqual([]);
    commitPoint.release();
    expect(await outcome).toMatchObject({ outcome: "accepted" });
    expect(server.delivered).toHaveLength(1);
  });

  test("is never delivered when the commit point refuses it", async () => {
    const server = await running(honestSmtp());
    expect(await send(server.account(), { onHeld: (held) => held.refuse() })).toEqual({
      outcome: "refused",
    });
    expect(server.delivered).toEqual([]);
    expect(server.body().includes("\r\n.\r\n")).toBe(false);
  });

  test("goes once, however often it is released and refused", async () => {
    const server = await running(honestSmtp());
    expect(await send(server.account(), { onHeld: sayAll })).toMatchObject({ outcome: "accepted" });
    expect(server.delivered).toHaveLength(1);
  });

  test("a bug in the commit point delivers nothing and is not hidden", async () => {
    const server = await running(honestSmtp());
    expect(await thrownBy(send(server.account(), { onHeld: throwBug }))).toEqual(
      new RangeError("a bug"),
    );
    expect(server.delivered).toEqual([]);
  });
});

describe("an address that could be read in two ways", () => {
  const evil = [
    "bob@lead.test\r\nRCPT TO:<eve@other.test>",
    "bob@lead.test\nx",
    "bob@lead.test>, <eve@other.test",
    '"bob@lead.test, eve"@other.test',
    "bob @lead.test",
    "bob@lead@other.test",
    "bob@lead.test\0",
    "bób@lead.test",
    "bob",
    "",
    `${"b".repeat(250)}@lead.test`,
  ];
  test.each(evil)("is a bug of the caller and opens no socket: %j", async (address) => {
    const server = await running(honestSmtp());
    const to = { from: "ada@sender.test", to: address };
    const from = { from: address, to: "bob@lead.test" };
    expect(await thrownBy(send(server.account(), { envelope: to }))).toBeInstanceOf(TypeError);
    expect(await thrownBy(send(server.account(), { envelope: from }))).toBeInstanceOf(TypeError);
    expect(server.connections()).toBe(0);
  });

  test("a mail that does not end in CRLF is a bug of the caller", async () => {
    const server = await running(honestSmtp());
    const bytes = Buffer.from("a: b\n");
    expect(await thrownBy(send(server.account(), { bytes }))).toBeInstanceOf(TypeError);
    expect(server.connections()).toBe(0);
  });
});

describe("a server that refuses", () => {
  const cases: [string, Vice, object][] = [
    [
      "the sender for now",
      { mail: "451 4.7.1 slow down" },
      {
        outcome: "deferred",
        code: 451,
        enhanced: "4.7.1",
        after_dot: false,
        response: "451 4.7.1 slow down",
      },
    ],
    [
      "the sender for good",
      { mail: "550 5.7.1 not you" },
      { outcome: "rejected", code: 550, enhanced: "5.7.1", after_dot: false },
    ],
    [
      "the recipient for good",
      { rcpt: "550 5.1.1 no such user" },
      { outcome: "rejected", code: 550, enhanced: "5.1.1", after_dot: false },
    ],
    [
      "the recipient for now",
      { rcpt: "450-4.2.0 grey\r\n450 4.2.0 listed" },
      { outcome: "deferred", code: 450, enhanced: "4.2.0", after_dot: false },
    ],
    [
      "to talk on, at the recipient",
      { rcpt: "421 4.3.2 shutting down" },
      { outcome: "deferred", code: 421, after_dot: false },
    ],
    [
      "the mail before its body",
      { data: "554 no" },
      { outcome: "rejected", code: 554, enhanced: null, after_dot: false },
    ],
    [
      "the mail after its dot for now",
      { dot: "452 4.3.1 disk full" },
      { outcome: "deferred", code: 452, enhanced: "4.3.1", after_dot: true },
    ],
    [
      "the mail after its dot for good",
      { dot: "554 5.7.1 spam" },
      { outcome: "rejected", code: 554, enhanced: "5.7.1", after_dot: true },
    ],
    [
      "the mail in the midst of its body",
      { body: "421 4.4.2 too slow" },
      { outcome: "deferred", code: 421, after_dot: false },
    ],
  ];
  for (const [what, vice, outcome] of cases) {
    test(`${what} is told with its own words and whether the dot was written`, async () => {
      const server = await running(smtpWith(vice));
      const onHeld = vice.body === undefined ? (held: Held) => held.release() : () => undefined;
      expect(await send(server.account(), { onHeld })).toMatchObject(outcome);
      expect(server.delivered).toEqual([]);
    });
  }
});

describe("a session that cannot be used is the inbox's fault", () => {
  const cases: [string, Vice, object][] = [
    [
      "greets with 421",
      { greeting: "421 4.7.0 too many connections" },
      { fault: "limit", response: "421 4.7.0 too many connections" },
    ],
    [
      "greets with 554",
      { greeting: "554 go away" },
      { fault: "greeting", response: "554 go away" },
    ],
    ["greets in another protocol", { greeting: "* OK IMAP4rev1" }, { fault: "greeting" }],
    ["closes before its greeting", { greeting: (socket) => socket.end() }, { fault: "connect" }],
    ["refuses EHLO", { ehlo: "550 no" }, { fault: "protocol" }],
    [
      "refuses the login",
      { auth: "535 5.7.8 bad credentials" },
      { fault: "auth", response: "535 5.7.8 bad credentials" },
    ],
    ["refuses the login for now", { auth: "454 4.7.0 try again" }, { fault: "limit" }],
    ["hangs up at the login", { auth: (socket) => socket.destroy() }, { fault: "connect" }],
    ["is silent at the login", { auth: () => undefined }, { fault: "timeout" }],
    ["is silent at the sender", { mail: () => undefined }, { fault: "timeout" }],
    ["wants TLS first", { auth: "538 5.7.11 encryption required" }, { fault: "no_starttls" }],
    ["knows no AUTH", { auth: "502 5.5.1 what?" }, { fault: "protocol" }],
  ];
  for (const [what, vice, trouble] of cases) {
    test(`when it ${what}`, async () => {
      const server = await running(smtpWith(vice));
      expect(await send(server.account())).toMatchObject({ outcome: "unreached", ...trouble });
      expect(server.delivered).toEqual([]);
    });
  }

  test("when nothing listens", async () => {
    const server = await honestSmtp();
    await server.close();
    const outcome = await send(server.account());
    expect(outcome).toMatchObject({ outcome: "unreached", fault: "connect" });
    expect(outcome).toHaveProperty("response", expect.stringContaining(`127.0.0.1:${server.port}`));
  });

  test("when the name does not exist", async () => {
    const account = accountAt(25, { host: "nowhere.invalid", security: "tls" });
    expect(await send(account)).toMatchObject({ outcome: "unreached", fault: "connect" });
  });

  test("when it never greets", async () => {
    const server = await running(smtpThatNeverGreets());
    expect(await send(server.account())).toMatchObject({ outcome: "unreached", fault: "timeout" });
  });

  test("when it drips its EHLO answer for ever", async () => {
    const server = await running(smtpThatDripsItsEhlo());
    expect(await send(server.account())).toMatchObject({ outcome: "unreached", fault: "timeout" });
  });

  test("when it floods us", async () => {
    const server = await running(smtpWith({ greeting: `220-${"x".repeat(1_000_000)}` }));
    const outcome = await send(server.account());
    expect(outcome).toMatchObject({ outcome: "unreached" });
    expect(JSON.stringify(outcome).length).toBeLessThan(2_500);
  });
});

describe("a session that ends", () => {
  test("in the midst of the body delivers nothing and is unreached", async () => {
    const server = await running(smtpThatDiesInTheBody());
    const outcome = await send(server.account(), { onHeld: () => undefined });
    expect(outcome).toMatchObject({ outcome: "unreached", fault: "connect" });
  });

  test("when the server stops reading is unreached, although no socket timeout fires", async () => {
    const server = await running(smtpThatStopsReading());
    const bytes = Buffer.concat([MAIL, Buffer.from("x\r\n".repeat(6_000_000))]);
    let isHeld = false;
    const onHeld = () => {
      isHeld = true;
    };
    expect(await send(server.account(), { bytes, onHeld })).toMatchObject({
      outcome: "unreached",
      fault: "timeout",
    });
    expect(isHeld).toBe(false);
  });

  test("because the commit point never speaks is unreached", async () => {
    const server = await running(honestSmtp());
    const held = Promise.withResolvers<Held>();
    const outcome = await send(server.account(), { onHeld: held.resolve });
    expect(outcome).toMatchObject({ outcome: "unreached", fault: "timeout" });
    (await held.promise).release();
    expect(server.delivered).toEqual([]);
  });

  test("with a 250 for a dot that was never written is unreached", async () => {
    const server = await running(smtpThatAcceptsBeforeTheDot());
    const outcome = await send(server.account(), { onHeld: () => undefined });
    expect(outcome).toMatchObject({ outcome: "unreached", fault: "protocol" });
  });

  test("after the dot without an answer is unclear", async () => {
    const vices = [smtpThatDiesAfterData, smtpThatIsSilentAfterData, smtpThatAnswersHalfAfterData];
    const unclear = { outcome: "unclear", delivered: 1 };
    expect(await Promise.all(vices.map(sendTo))).toEqual([unclear, unclear, unclear]);
  });

  test("by our own signal is unreached before the dot and unclear after it", async () => {
    const server = await running(honestSmtp());
    const before = new AbortController();
    const early = await send(server.account(), {
      signal: before.signal,
      onHeld: () => before.abort(),
    });
    expect(early).toMatchObject({ outcome: "unreached", fault: "timeout" });
    expect(server.delivered).toEqual([]);
    const silent = await running(smtpThatIsSilentAfterData());
    const after = new AbortController();
    const late = send(silent.account(), { signal: after.signal });
    await silent.bodyOf(MAIL.length + ".\r\n".length);
    after.abort();
    expect(await late).toMatchObject({ outcome: "unclear" });
  });

  test("by a signal that was given before opens no socket", async () => {
    const server = await running(honestSmtp());
    const outcome = await send(server.account(), { signal: AbortSignal.abort() });
    expect(outcome).toMatchObject({ outcome: "unreached" });
    expect(server.connections()).toBe(0);
  });
});
