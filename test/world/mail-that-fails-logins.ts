// Mail servers whose logins go wrong, each in its own way, as the mail port tells it. The real port is held against
// real servers in test/mail.
import type { CheckOutcome, LoginFault, MailAccount, MailPort } from "../../src/core/mail-port.ts";

export interface WatchedMail extends MailPort {
  /** Every login that was tried. */
  readonly logins: MailAccount[];
}

const noSend = (): never => {
  throw new Error("a login test sends and reads nothing");
};

function portThatAnswers(answer: () => Promise<CheckOutcome>): WatchedMail {
  const logins: MailAccount[] = [];
  return {
    logins,
    send: noSend,
    openMailbox: noSend,
    check(account) {
      logins.push(account);
      return answer();
    },
  };
}

export const mailThatTakesEveryLogin = () =>
  portThatAnswers(() => Promise.resolve({ outcome: "ok" }));

/** A server that fails at one of its logins, with its own words. */
export const mailThatFails = (server: "smtp" | "imap", fault: LoginFault, response: string) =>
  portThatAnswers(() => Promise.resolve({ outcome: "failed", server, fault, response }));

export const mailThatRefusesLogin = (server: "smtp" | "imap" = "smtp") =>
  mailThatFails(server, "auth", "535 5.7.8 Username and Password not accepted");

/** Lets both of two logins begin before either is answered. */
export function mailThatAnswersTwoAtOnce() {
  const both = Promise.withResolvers<CheckOutcome>();
  let begun = 0;
  return portThatAnswers(() => {
    begun++;
    if (begun === 2) both.resolve({ outcome: "ok" });
    return both.promise;
  });
}
