// Makes the mail in which a person answers a reply: in the thread, with the inbox's signature, as written. It is no bulk mail,
// so it has neither List-Unsubscribe nor tracking nor placeholders.

import { domainOf } from "./address.ts";
import { composeMail } from "./compose.ts";
import { textOfHtml } from "./html-text.ts";
import { formatId } from "./ids.ts";
import { footerHtml, footerText } from "./step-mail.ts";
import { messageIdOf, references, replySubject } from "./threading.ts";

/** What somebody has written. */
export interface AnswerWords {
  body: string;
  html: boolean;
}

/** A wish to answer a reply. */
export interface AnswerOrder extends AnswerWords {
  /** Given before, so that asking again finds the mail and does not send it again. */
  message_id: number;
  reply_id: number;
  /** Who writes: the public id of a key, or a user's. */
  by: string;
  /** It goes out although the person is suppressed. */
  despite_suppression: boolean;
}

export interface AnswerMailOrder {
  /** Our id of the message. */
  message_id: number;
  /** ms UTC */
  date: number;
  words: AnswerWords;
  /** What is answered: whose address it came from, its subject. */
  reply: { sender: string; subject: string };
  /** The Message-IDs of the thread, oldest first, what is answered at the end; those that may not stand in a header are left out. */
  thread: readonly string[];
  inbox: { email: string; name: string; signature: string; reply_to: string | null };
  key: Uint8Array;
}

export interface AnswerMail {
  subject: string;
  text: string;
  html: string | null;
  bytes: Uint8Array;
}

/** The mail's words and bytes. Throws TypeError where an address or subject may not stand in a header. */
export function composeAnswer(order: AnswerMailOrder): AnswerMail {
  const { message_id, words, reply, inbox } = order;
  const subject = oneLine(replySubject(reply.subject));
  const foot = [inbox.signature.trim()].filter((line) => line !== "");
  const html = words.html ? words.body + footerHtml(foot) : null;
  const text = html === null ? words.body + footerText(foot) : textOfHtml(html);
  const ids = references(order.thread);
  const bytes = composeMail({
    imail_id: formatId("msg", message_id),
    message_id: messageIdOf(message_id, order.key, domainOf(inbox.email)),
    date: order.date,
    from: { address: inbox.email, name: inbox.name === "" ? null : inbox.name },
    to: { address: reply.sender, name: null },
    reply_to: inbox.reply_to,
    subject,
    text,
    html,
    in_reply_to: ids.at(-1) ?? null,
    references: ids,
    list_unsubscribe: [],
    one_click: false,
  });
  return { subject, text, html, bytes };
}

const oneLine = (text: string) =>
  text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .trim();
