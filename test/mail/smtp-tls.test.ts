import { describe, expect, test } from "bun:test";

import { ELSEWHERE_CERT, ELSEWHERE_KEY } from "../world/certificates.ts";
import {
  accountAt,
  honestSmtp,
  smtpOverTls,
  smtpThatStripsStarttls,
  smtpWith,
} from "../world/smtp-server.ts";
import { closeServersAfterEach, MAIL, running, send } from "./sending.ts";

closeServersAfterEach();

describe("TLS", () => {
  const ways = [
    ["tls", "127.0.0.1"],
    ["tls", "localhost"],
    ["starttls", "127.0.0.1"],
    ["starttls", "localhost"],
  ] as const;

  test.each(ways)("%s to %s carries login and mail", async (security, host) => {
    const server = await running(smtpOverTls(security));
    expect(await send(server.account({ host }))).toMatchObject({ outcome: "accepted" });
    expect(server.commands).toEqual(["AUTH ada@sender.test over TLS"]);
    expect(server.delivered[0]!.bytes.equals(MAIL)).toBe(true);
  });

  test.each(ways)("%s to %s by an unknown authority gets no login", async (security, host) => {
    const server = await running(smtpOverTls(security));
    const outcome = await send(server.account({ host, ca: null }));
    expect(outcome).toMatchObject({ outcome: "unreached", fault: "tls_untrusted" });
    expect(server.commands).toEqual([]);
  });

  test.each(ways)(
    "%s to %s with another host's certificate gets no login",
    async (security, host) => {
      const certificate = { cert: ELSEWHERE_CERT, key: ELSEWHERE_KEY };
      const server = await running(smtpOverTls(security, certificate));
      const outcome = await send(server.account({ host }));
      expect(outcome).toMatchObject({ outcome: "unreached", fault: "tls_untrusted" });
      expect(server.commands).toEqual([]);
    },
  );

  test("from the first byte towards a STARTTLS port is told as the wrong kind of TLS", async () => {
    const server = await running(honestSmtp());
    const outcome = await send(server.account({ security: "tls" }));
    expect(outcome).toMatchObject({ outcome: "unreached", fault: "tls_mismatch" });
  });

  test("that is stripped away gets no password", async () => {
    const server = await running(smtpThatStripsStarttls());
    const outcome = await send(server.account({ security: "starttls" }));
    expect(outcome).toMatchObject({ outcome: "unreached", fault: "no_starttls" });
    expect(server.commands.filter((line) => line.startsWith("AUTH"))).toEqual([]);
  });

  const abroad = ["192.0.2.1", "mail.example.com", "127.0.0.1.example.com", "::2"];
  test.each(abroad)("may be left out towards loopback only: not to %s", async (host) => {
    const outcome = await send(accountAt(25, { host, security: "none" }));
    expect(outcome).toMatchObject({ outcome: "unreached", fault: "no_starttls" });
  });
});

describe("what a server says", () => {
  test("never shows the password, not even when the server repeats it", async () => {
    const server = await running(smtpOverTls("tls"));
    const outcome = await send(server.account({ password: "hunter22hunter22" }));
    expect(outcome).toMatchObject({ outcome: "unreached", fault: "auth" });
    expect(JSON.stringify(outcome)).not.toContain("hunter22");
    const encoded = Buffer.from("\0ada@sender.test\0hunter22hunter22").toString("base64");
    const echo = await running(smtpWith({ auth: `535 5.7.8 no: ${encoded} hunter22hunter22` }));
    const repeated = await send(echo.account({ password: "hunter22hunter22" }));
    expect(repeated).toMatchObject({ fault: "auth", response: "535 5.7.8 no: *** ***" });
  });

  test("is capped and holds no control characters", async () => {
    const server = await running(
      smtpWith({ rcpt: `550-5.1.1 \u001b[31mred\u0007\r\n550 5.1.1 ${"x".repeat(5000)}` }),
    );
    const outcome = await send(server.account());
    if (outcome.outcome !== "rejected") throw new Error(outcome.outcome);
    expect(outcome.response).toStartWith("550-5.1.1 \\x1b[31mred\\x07 550 5.1.1 xxx");
    expect(Buffer.byteLength(outcome.response)).toBeLessThanOrEqual(2048);
  });
});
