// Words without case, accents and punctuation, so that one table finds "Désinscrire !" and "desinscrire".

/** ` word word `: lower case, no accents, one blank between words and at both ends. */
export function foldWords(text: string): string {
  const plain = foldLetters(text).replaceAll(/['’`´]/g, "");
  return ` ${plain.replaceAll(/[^\p{L}\p{N}]+/gu, " ").trim()} `;
}

/** Lower case without accents; punctuation stays. */
export function foldLetters(text: string): string {
  const lower = text
    .toLowerCase()
    .normalize("NFD")
    .replaceAll(/\p{M}+/gu, "");
  return lower
    .replaceAll("ł", "l")
    .replaceAll("ı", "i")
    .replaceAll("đ", "d")
    .replaceAll("ß", "ss")
    .replaceAll("ø", "o")
    .replaceAll("æ", "ae");
}

/** A table of phrases, folded once. `*` at an end: the word may go on there (languages without blanks begin with it). */
export function phraseTable(lines: readonly string[]): readonly string[] {
  const phrases = lines.flatMap((line) => line.split("|")).map((phrase) => phrase.trim());
  return phrases.map((phrase) => {
    const folded = foldWords(phrase);
    const open = phrase.startsWith("*") ? folded.trim() : folded;
    return phrase.endsWith("*") ? open.trimEnd() : open;
  });
}

/** The first phrase of a table in a folded text, without its blanks, or null. */
export function findPhrase(folded: string, table: readonly string[]): string | null {
  return table.find((phrase) => folded.includes(phrase))?.trim() ?? null;
}

/** The text without these signs at its ends. No pattern: `[.]+$` looks at each dot of a long row anew. */
export function withoutSigns(text: string, signs: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && signs.includes(text[from] ?? " ")) from++;
  while (to > from && signs.includes(text[to - 1] ?? " ")) to--;
  return text.slice(from, to);
}
