// What a server said, made safe to keep and to show: it is data from a stranger (M6), so it is capped,
// holds no control character and never the password that we sent.

import type { MailServer } from "../core/mail-port.ts";

const MAX_BYTES = 2048;

/** One line of at most 2 KB: line ends become a blank, every other control character `\xNN` or `\uNNNN`. */
export function serverWords(text: string): string {
  // Cut twice: before the work, so that a flood costs nothing, and after it, since escapes are longer.
  const escaped = text
    .slice(0, MAX_BYTES)
    .trim()
    .replace(/[\r\n]+/g, " ")
    // C0, DEL, C1, line separators and what turns the reading direction around.
    // oxlint-disable-next-line no-control-regex
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, escapeOf);
  return capped(escaped);
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0);
  return code < 256
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}

function capped(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_BYTES) return text;
  // A character that the cut splits decodes to U+FFFD: leave it out.
  return bytes
    .subarray(0, MAX_BYTES - 3)
    .toString()
    .replace(/\ufffd+$/, "");
}

/** Takes the login out of a text, in clear and in the forms in which AUTH sends it (RFC 4616, 4954). */
export function withoutSecrets(text: string, server: MailServer): string {
  const { username, password } = server;
  const forms = [
    Buffer.from(`\0${username}\0${password}`).toString("base64"),
    Buffer.from(password).toString("base64"),
    xoauth2(username, password),
    password,
  ];
  return forms
    .filter((form) => form.length > 0)
    .reduce((kept, form) => kept.replaceAll(form, "***"), text);
}

/** What XOAUTH2 sends, in base64: the user and a bearer token. */
export function xoauth2(username: string, token: string): string {
  return Buffer.from(`user=${username}\x01auth=Bearer ${token}\x01\x01`).toString("base64");
}

/** `mail.example.com:465`, for the lines in which only we speak. */
export function placeOf(server: MailServer): string {
  return `${server.host}:${server.port}`;
}
