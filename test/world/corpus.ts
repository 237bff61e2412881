// The corpus on disk: mails with LF that are read as the CRLF they came with, tables and lists of phrases.

import { join } from "node:path";

const CORPUS = join(import.meta.dir, "../corpus");

/** A list of phrases, one a line, under headings such as `[de]`. */
export async function readLanguages(path: string): Promise<{ language: string; text: string }[]> {
  let language = "";
  const found: { language: string; text: string }[] = [];
  for (const line of (await Bun.file(join(CORPUS, path)).text()).split("\n")) {
    const heading = /^\[(\w+)\]$/.exec(line);
    if (heading) language = heading[1] ?? "";
    else if (line !== "") found.push({ language, text: line });
  }
  return found;
}

/** The right answer to a mail of the corpus. What is left out is null, and `ids` empty. */
export interface Answer {
  file: string;
  kind: string;
  category: string | null;
  text?: string;
  return_date?: string;
  status?: string;
  fault?: string;
  bounce?: string;
  bounce_form?: string;
  action?: string;
  recipient?: string;
  ids?: string[];
  /** Whom the report must be about, where it names several. */
  about?: string;
  notice?: string;
  referred_to?: { name: string | null; email: string | null };
  calendar?: { method: string; partstat: string | null; start: string };
}

/** All answers, in the order of the table. */
export async function readAnswers(): Promise<Answer[]> {
  const lines = (await Bun.file(join(CORPUS, "mails/answers.jsonl")).text()).trim().split("\n");
  return lines.map((line): Answer => JSON.parse(line));
}

/** The bytes of a mail as they came over the wire, with CRLF. */
export async function readMail(file: string): Promise<Uint8Array> {
  const text = await Bun.file(join(CORPUS, "mails", `${file}.eml`)).text();
  return Buffer.from(text.replaceAll("\n", "\r\n"));
}
