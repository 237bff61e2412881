// Hands a claimed mail to the mail port: the bytes but the last, the commit point, the outcome.
import type { MailAccount, MailPort, SendOutcome } from "../../core/mail-port.ts";
import type { ClaimedMail } from "./claim.ts";
import type { CommitGroup } from "./commit-group.ts";

/** Where an inbox's pace allows the next mail within this time, its session may be kept. */
const SOON_MS = 5_000;

interface HandOver {
  mail: MailPort;
  account: MailAccount;
  claimed: ClaimedMail;
  group: CommitGroup;
  signal: AbortSignal;
  /** The mail's last byte and its dot go now: from here on an answer is awaited. */
  onRelease: () => void;
}

/** Never throws: what the port could not say is `unclear` once the mail was let go, and `unreached` before. */
export async function handOver({
  mail,
  account,
  claimed,
  group,
  signal,
  onRelease,
}: HandOver): Promise<SendOutcome> {
  let released = false;
  let expected = true;
  const leave = () => {
    if (expected) group.unexpect();
    expected = false;
  };
  group.expect();
  try {
    return await mail.send(account, {
      envelope: { from: account.email, to: claimed.recipient },
      bytes: claimed.bytes,
      signal,
      has_next: claimed.inbox.min_gap_seconds * 1000 <= SOON_MS,
      onHeld(held) {
        group.join(claimed.id, {
          release() {
            released = true;
            onRelease();
            leave();
            held.release();
          },
          refuse() {
            leave();
            held.refuse();
          },
        });
      },
    });
  } catch (error) {
    const response = error instanceof Error ? error.message : "the mail port failed";
    return released
      ? { outcome: "unclear", response }
      : { outcome: "unreached", fault: "protocol", response };
  } finally {
    leave();
  }
}
