// The sandbox's mailbox, kept in the test ledger: what test mode sends survives a restart and moves with the test clock.
import type { Ledger } from "../ledger/ledger.ts";
import type { SandboxBox } from "../mail/sandbox.ts";
import {
  hasArrivals,
  insertComingMail,
  insertSandboxMail,
  lastUid,
  listArrived,
  numberArrivals,
} from "../resources/test/store.ts";

/** A box that mail can be put into from outside, as if a server had taken it. */
export interface LedgerBox extends SandboxBox {
  deliver(mail: { inbox_id: number; sender: string; recipient: string; bytes: Uint8Array }): void;
}

/** The box of one test ledger. */
export function openSandboxBox(ledger: Ledger): LedgerBox {
  const watchers = new Set<() => void>();
  if (ledger.mode !== "test") throw new Error("a live ledger never has a sandbox");
  return {
    now: () => ledger.clock.now(),
    put: (mail) =>
      void ledger.write((tx) => insertSandboxMail(tx, { ...mail, arrives_at: tx.now })),
    expect: (mail) => ledger.write((tx) => insertComingMail(tx, { ...mail, folder: "INBOX" })),
    arrive(inbox_id) {
      if (hasArrivals(ledger, inbox_id, ledger.clock.now()))
        ledger.write((tx) => numberArrivals(tx, inbox_id));
    },
    deliver(mail) {
      ledger.write((tx) => insertSandboxMail(tx, { ...mail, folder: "INBOX", arrives_at: tx.now }));
      for (const onMail of watchers) onMail();
    },
    watch(onMail) {
      watchers.add(onMail);
      return () => watchers.delete(onMail);
    },
    list: (place) => listArrived(ledger, { ...place, now: ledger.clock.now() }),
    lastUid: (inbox_id, folder) => lastUid(ledger, inbox_id, folder),
  };
}
