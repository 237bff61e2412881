// The mail lab itself: what the other tests take for granted about their servers.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fs from "node:fs";
import net from "node:net";

import { createTransport } from "nodemailer";

import { type Fault, FINAL_DOT } from "./mail-lab-faults.ts";
import { mailLabMissing } from "./mail-lab-missing.ts";
import { processesIn, until } from "./mail-lab-process.ts";
import { type Endpoint, type MailLab, openMailLab } from "./mail-lab.ts";

const missing = mailLabMissing();
if (missing !== null) process.stderr.write(`${missing}\n`);

const mail = (subject: string, to: string) =>
  `From: s1@sender.test\r\nTo: ${to}\r\nSubject: ${subject}\r\n\r\nHello\r\n`;

async function send(lab: MailLab, endpoint: Endpoint, order: { to: string; subject: string }) {
  const { username: user, password: pass } = lab.account("s1@sender.test");
  const transport = createTransport({
    host: endpoint.host,
    port: endpoint.port,
    secure: endpoint.security === "tls",
    requireTLS: endpoint.security === "starttls",
    tls: { ca: lab.ca_pem },
    auth: { user, pass },
    socketTimeout: 5000,
  });
  const envelope = { from: "s1@sender.test", to: [order.to] };
  return transport.sendMail({ envelope, raw: mail(order.subject, order.to) });
}

/** Empty where it succeeded. */
function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => "", String);
}

/** The greeting, or how the connection ended without one. */
function conversation({ host, port }: Endpoint): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.on("data", (bytes) => {
      resolve(bytes.toString());
      socket.destroy();
    });
    socket.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    socket.on("close", () => resolve("closed"));
  });
}

describe.skipIf(missing !== null)("the mail lab", () => {
  let lab: MailLab;
  beforeAll(async () => {
    lab = await openMailLab();
  }, 20_000);
  afterAll(() => lab.close());

  test("a mail over implicit TLS arrives at the lead", async () => {
    const info = await send(lab, lab.smtp.tls, { to: "lead1@lead.test", subject: "over TLS" });
    const mails = await lab.waitForMails("lead1@lead.test", 1);
    expect(info.response).toStartWith("250 2.0.0");
    expect(mails).toHaveLength(1);
    expect(mails[0]).toContain("Subject: over TLS\n");
  });

  test("a mail over STARTTLS arrives at the lead", async () => {
    await send(lab, lab.smtp.starttls, { to: "lead2@other.test", subject: "over STARTTLS" });
    const [arrived] = await lab.waitForMails("lead2@other.test", 1);
    expect(arrived).toContain("Subject: over STARTTLS\n");
  });

  test("a mail to nobody comes back to its sender as a report", async () => {
    await send(lab, lab.smtp.tls, { to: "nosuchuser@lead.test", subject: "to nobody" });
    const [report] = await lab.waitForMails("s1@sender.test", 1);
    expect(report).toContain("Content-Type: message/delivery-status");
    expect(report).toContain("Final-Recipient: rfc822; nosuchuser@lead.test");
    expect(report).toContain("Status: 5.1.1");
  });

  test("an expired certificate and one for another host are refused by a careful client", async () => {
    const order = { to: "lead1@lead.test", subject: "never sent" };
    expect(await failureOf(send(lab, lab.smtp.tls_expired, order))).toContain("expired");
    expect(await failureOf(send(lab, lab.smtp.tls_wrong_host, order))).toContain("altnames");
  });

  test("the answer to the final dot is lost although the mail is delivered", async () => {
    lab.fault("smtp_tls", {
      mode: "reset",
      after_text: FINAL_DOT,
      lose_answer: true,
      once: true,
    });
    const order = { to: "lead3@lead.test", subject: "answer lost" };
    const failure = await failureOf(send(lab, lab.faulty.smtp_tls, order));
    const mails = await lab.waitForMails("lead3@lead.test", 1);
    expect(failure).toMatch(/ECONNRESET|closed unexpectedly/);
    expect(mails).toHaveLength(1);
    expect(lab.faultsStruck("smtp_tls")).toBe(1);

    const next = await send(lab, lab.faulty.smtp_tls, { ...order, subject: "answered" });
    expect(next.response).toStartWith("250");
  });

  test.each([
    ["refuse", { mode: "refuse" }, "ECONNRESET"],
    ["reset", { mode: "reset", after_down_bytes: 0 }, "ECONNRESET"],
    ["close", { mode: "close", after_down_bytes: 0 }, "closed"],
  ] satisfies [string, Fault, string][])(
    "%s ends a connection before the greeting",
    async (...row) => {
      const [, fault, ending] = row;
      lab.fault("imap_starttls", { ...fault, once: true });
      expect(await conversation(lab.faulty.imap_starttls)).toBe(ending);
      expect(await conversation(lab.faulty.imap_starttls)).toStartWith("* OK");
    },
  );

  test("a frozen connection stays open and silent until it is cut", async () => {
    lab.fault("smtp_starttls", { mode: "freeze" });
    const silent = conversation(lab.faulty.smtp_starttls);
    await until("a frozen connection", 2000, () => lab.faultsStruck("smtp_starttls") || null);
    lab.fault("smtp_starttls", { mode: "reset", open_connections: true });
    expect(await silent).toBe("ECONNRESET");
    lab.fault("smtp_starttls", { mode: "pass" });
    expect(await conversation(lab.faulty.smtp_starttls)).toStartWith("220 ");
  });

  test("a mail can be put into a mailbox from behind and read back from disk", async () => {
    const raw = mail("zurück", "s2@sender.test");
    await lab.save("s2@sender.test", raw);
    await lab.save("s2@sender.test", raw.replace("zurück", "second"), "Clients/New");
    await lab.setUidValidity("s2@sender.test", "INBOX", 4711);
    expect(lab.mailsIn("s2@sender.test")).toEqual([raw.replaceAll("\r\n", "\n")]);
    expect(lab.mailsIn("s2@sender.test", "Clients/New")[0]).toContain("Subject: second\n");
  });

  test("anybody's mail can be injected, and waits in the queue while the lead's server is away", async () => {
    await lab.imap.stop();
    await lab.inject({
      from: "lead4@other.test",
      to: "s3@sender.test",
      raw: mail("Re: hello", ""),
    });
    const queued = await lab.queue();
    expect(queued.map((entry) => entry.recipients[0]?.address)).toContain("s3@sender.test");
    await lab.imap.start();
    await lab.flush();
    const [reply] = await lab.waitForMails("s3@sender.test", 1);
    expect(reply).toContain("Subject: Re: hello");
  });

  test("a lab whose test process is killed leaves no process and no file", async () => {
    const script = `
      const { openMailLab } = await import("${import.meta.dir}/mail-lab.ts");
      const lab = await openMailLab({ user_count: 1 });
      await lab.smtp.restart();
      process.stdout.write(lab.dir);
      process.kill(process.pid, "SIGKILL");
    `;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
    const dir = await child.stdout.text();
    expect(dir).toContain("/imail-lab-");
    await until("the end of the orphaned lab", 4000, () => (fs.existsSync(dir) ? null : true));
    expect(processesIn(dir)).toEqual([]);
  });

  test("two labs stand side by side, and a closed one leaves no process and no file", async () => {
    const other = await openMailLab({ user_count: 1 });
    expect(other.smtp.tls.port).not.toBe(lab.smtp.tls.port);
    expect(processesIn(other.dir).length).toBeGreaterThan(5);
    await other.close();
    expect(processesIn(other.dir)).toEqual([]);
    expect(fs.existsSync(other.dir)).toBe(false);
    expect(processesIn(lab.dir).length).toBeGreaterThan(5);
  });
});
