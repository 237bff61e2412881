// The sandbox keeps the same contract as the real mail port: what test mode shows is what live mode does.
import type { MailboxSession, MailPort } from "../../src/core/mail-port.ts";
import { openSandboxBox } from "../../src/engine/sandbox-box.ts";
import { moveTestClock } from "../../src/ledger/ledger.ts";
import { openSandboxPort } from "../../src/mail/sandbox.ts";
import { listSandboxMails } from "../../src/resources/test/store.ts";
import { openTestHouse } from "../world/house.ts";
import { makerOf } from "../world/make.ts";
import { mailPortConformance } from "./conformance.ts";

const MINUTE_MS = 60_000;

mailPortConformance("the sandbox", async () => {
  const house = await openTestHouse();
  const ledger = house.test_ledger;
  const inbox_id = makerOf(ledger).inbox({ email: "ada@sender.test" });
  const box = openSandboxBox(ledger);
  const port = openSandboxPort(box);
  const server = {
    host: "",
    port: 0,
    security: "none" as const,
    username: "",
    password: "",
    ca: null,
  };
  /** Time goes by while somebody looks: its clock stands still otherwise. */
  const passing = (session: MailboxSession): MailboxSession => ({
    ...session,
    fetchFrom(folder, from_uid, limit) {
      moveTestClock(ledger, ledger.clock.now() + MINUTE_MS);
      return session.fetchFrom(folder, from_uid, limit);
    },
  });
  const moving: MailPort = {
    ...port,
    openMailbox: async (account, signal) => passing(await port.openMailbox(account, signal)),
  };
  return {
    port: moving,
    account: {
      inbox_id,
      email: "ada@sender.test",
      provider: "sandbox",
      smtp: server,
      imap: server,
    },
    deliver: async (bytes) =>
      box.deliver({ inbox_id, sender: "bob@lead.test", recipient: "ada@sender.test", bytes }),
    received: async (to) =>
      listSandboxMails(ledger, { to, limit: 100, before: Number.MAX_SAFE_INTEGER, offset: 0 }).map(
        ({ bytes }) => bytes,
      ),
    recipient: "bob@lead.test",
    nobody: "bounce+hard@lead.test",
    close: () => house.close(),
  };
});
