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
