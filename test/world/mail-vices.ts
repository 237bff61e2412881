// What a mail server of the mail world does with one mail. Each vice is named after what it does; what is left out is
// done well.
import type { LoginFault, SendOrder, SendOutcome } from "../../src/core/mail-port.ts";

export interface Vice {
  /** Runs while the body is on its way, before the last byte is held back. */
  midway?: (order: SendOrder) => void | Promise<void>;
  /** How the session ends before the dot: the commit point is never asked. */
  before_dot?: SendOutcome | "throws";
  /** Runs after the dot, before the answer. */
  before_answer?: () => Promise<void>;
  /** How it ends after the dot. Left out: the server takes the mail and says so. */
  after_dot?: SendOutcome | "throws";
  /** Did the server take the mail, whatever it said? */
  takes?: boolean;
}

function answerOf(response: string, after_dot: boolean): SendOutcome {
  const code = Number(response.slice(0, 3));
  const enhanced = /\b[245]\.\d+\.\d+\b/.exec(response)?.[0] ?? null;
  return {
    outcome: code < 500 ? "deferred" : "rejected",
    response,
    code,
    enhanced,
    after_dot,
  };
}

export const serverThatAccepts = (): Vice => ({});
/** In answer to RCPT: no byte of the body was written. */
export const serverThatRefusesTheRecipient = (response: string): Vice => ({
  before_dot: answerOf(response, false),
});
export const serverThatAnswersTheDotWith = (response: string): Vice => ({
  after_dot: answerOf(response, true),
  takes: false,
});
export const serverThatGreylists = (): Vice =>
  serverThatRefusesTheRecipient("451 4.7.1 Greylisted, try again later");
export const serverThatCannotBeReached = (fault: LoginFault = "connect"): Vice => ({
  before_dot: { outcome: "unreached", fault, response: "connection refused" },
});
/** RFC 1047: it took the mail and the answer was lost. */
export const serverThatNeverAnswersAfterTheDot = (): Vice => ({
  after_dot: { outcome: "unclear", response: "no answer after the dot" },
});
/** The answer is missing and the mail is gone, too. */
export const serverThatDropsTheMailSilently = (): Vice => ({
  ...serverThatNeverAnswersAfterTheDot(),
  takes: false,
});
export const serverThatIsSlow = (midway: NonNullable<Vice["midway"]>): Vice => ({ midway });
export const portThatThrowsBeforeTheDot = (): Vice => ({ before_dot: "throws" });
export const portThatThrowsAfterTheDot = (): Vice => ({ after_dot: "throws" });
