// Mails on their way: from the claim to the settled outcome. An outcome that cannot be written is kept, and nothing new
// is claimed until it is written: what was sent must not be lost because the disk is full.
import type { Log } from "../core/log.ts";
import type { MailPort, SendOutcome } from "../core/mail-port.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { accountOf } from "../resources/inboxes/actions.ts";
import type { ClaimedMail } from "./send/claim.ts";
import { type CommitGroup, type Later, openCommitGroup } from "./send/commit-group.ts";
import { handOver } from "./send/hand-over.ts";
import { type GoOn, openSettleGroup, type SettleGroup } from "./send/settle-group.ts";

export interface Flights {
  start(claimed: ClaimedMail): void;
  /** Is there an outcome that could not be written? */
  isStuck(): boolean;
  /** Writes what could not be written before. Throws while it still cannot. */
  settleKept(): void;
  count(): number;
  /** Ends when a mail of this inbox that is on its way has landed; null when none is. */
  ofInbox(inbox_id: number): Promise<void> | null;
  landed(): Promise<void>;
  /** Ends every session: before the dot nothing is sent, after it the mail is uncertain. */
  hangUp(): void;
}

/** While the disk is full, and after a round that failed: nobody nudges when there is room again. */
export const LOOK_AGAIN_MS = 2000;

interface FlightParts {
  ledger: Ledger;
  mail: MailPort;
  log: Log;
  later: Later;
  /** Has the engine look again, at what could not be written, too. */
  look: () => void;
  /** Claims the next mails of inboxes that are free again. */
  goOn: GoOn;
}

/** The flights of one ledger. */
export function openFlights({ ledger, mail, log, later, look, goOn }: FlightParts): Flights {
  /** Each with its inbox. */
  const flights = new Map<Promise<void>, number>();
  const hang_up = new AbortController();
  const group = openCommitGroup(ledger, later);
  const settling = openSettleGroup({
    ledger,
    later,
    goOn,
    onKept(facts) {
      log.error(facts, "an outcome could not be written and is kept");
      later(LOOK_AGAIN_MS, look);
    },
  });

  const fly = (claimed: ClaimedMail) =>
    sendOff({ ledger, mail, group, settling, signal: hang_up.signal }, claimed);
  return {
    start(claimed) {
      const flight = fly(claimed).finally(() => flights.delete(flight));
      flights.set(flight, claimed.inbox.id);
    },
    isStuck: () => settling.isStuck(),
    settleKept: () => settling.settleKept(),
    count: () => flights.size,
    ofInbox: (inbox_id) => [...flights].find(([, id]) => id === inbox_id)?.[0] ?? null,
    landed: async () => void (await Promise.all(flights.keys())),
    hangUp: () => hang_up.abort(),
  };
}

interface SendOff {
  ledger: Ledger;
  mail: MailPort;
  group: CommitGroup;
  settling: SettleGroup;
  signal: AbortSignal;
}

async function sendOff(parts: SendOff, claimed: ClaimedMail): Promise<void> {
  const { settling } = parts;
  let released = false;
  const onRelease = () => {
    released = true;
    settling.expect();
  };
  const outcome = await outcomeOf({ ...parts, onRelease }, claimed);
  await settling.settle(claimed, outcome, released);
}

async function outcomeOf(
  parts: Omit<SendOff, "settling"> & { onRelease: () => void },
  claimed: ClaimedMail,
): Promise<SendOutcome> {
  const account = accountOf(parts.ledger, claimed.inbox);
  if (account) return handOver({ ...parts, account, claimed });
  const response = "the stored login cannot be opened with this master key";
  return { outcome: "unreached", fault: "auth", response };
}
