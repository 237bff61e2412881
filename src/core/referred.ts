// Whom an automatic mail names to turn to: a suggestion for a person to read, and never an address to mail (domain.md "Inbound mail").

import { isControlFree, parseAddress } from "./address.ts";
import { foldLetters, withoutSigns } from "./fold-words.ts";

/** Signs around a word. */
const SIGNS = "()[]<>\"'“”„,.;:–—-";
/** Words between a name and its address. */
const JOINTS = new Set(
  "at via under unter per par by bei auf op pe på na a à e e-mail email mail mailto all'indirizzo l'adresse adresse".split(
    " ",
  ),
);
/** Small words within a name. */
const PARTICLES = new Set(
  "de van der den von zu da dos das del la di el al bin ten ter".split(" "),
);

export interface Referred {
  name: string | null;
  email: string | null;
}

const TEXT_CAP = 8192;
const REACH = 200;
const REACH_AFTER = 40;
const ADDRESSES_CAP = 20;
/** Folded beginnings of words that send somebody to somebody. */
const TURN_TO =
  /(?<!\p{L})(?:contact|reach|write|e-?mail|mail|call|please|urgent|assist|help|colleague|replac|success|direct|forward|wenden|kontakt|erreich|vertret|dringend|kolleg|schreib|nachfolg|ansprech|contatt|contactez|adress|joign|remplac|urgen|collegue|merci|contact|dirig|dirij|escrib|compan|rivolg|scriv|colleg|contat|entre em|falar|neem|bereik|vervang|skontakt|prosze|kolez|zastep|contact|scrie|kontakta|kollega|ota yhteyt|kontaktuj|zastup|свяж|обращ|пиш|коллег|замещ|iletisim|basvur|ulas)|連絡|問い合わせ|担当|联系|聯絡|请发/u;
const NAMED =
  /(?:contact|reach out to|reach|my colleague|our colleague|speak to|turn to|meine kollegin|meinen kollegen|meine vertretung|an meine kollegin|an meinen kollegen|wenden sie sich(?: bitte)? an|contacter|contactez|ma collegue|mon collegue|contactar(?: a| con)?|contacte(?: a| con)?|mi companer[oa]|contattare|contatti|il mio collega|la mia collega|neem contact op met|mijn collega|z moj[aą] kole[zż]ank[aą]|collega)\s+/giu;
const TITLES =
  /^(?:frau|herrn?|mr|mrs|ms|miss|mme|madame|m|monsieur|sra?|señora?|sig|sigra|signora?|dr|prof|pani?a?|dhr|mevr|mevrouw|fru|bay|bayan)\.?$/iu;
/** Words with a capital that are no part of a name. */
const NO_NAME = new Set(
  "please bitte contact kontakt for in at or und and my our meine mein the email e-mail mail tel phone telefon mobile if wenn merci veuillez por favor contacter contactez contacte contattare neem oder ou o via alternatively instead urgent urgently dringend hello hallo thanks dear regards best team office sales support colleague kollegin kollege kollegen herr frau prosze skontaktuj scrivere schreiben write call reach rivolgersi contatti escriba escreva scrie kontaktujte direct i sie ihnen il la le el thank you".split(
    " ",
  ),
);

/** The colleague, or the new address, that a text names beside its sender; null when it names none. */
export function findReferred(text: string, sender: string): Referred | null {
  const said = text.slice(0, TEXT_CAP);
  let looked = 0;
  for (const match of said.matchAll(/[^\s<>()[\]{},;:"“”„|。、，！？（）「」]+/g)) {
    if (!match[0].includes("@")) continue;
    if (++looked > ADDRESSES_CAP) break;
    const email = parseAddress(withoutSigns(match[0].slice(0, 320), ".!?'’"));
    if (email === null || email === sender.toLowerCase()) continue;
    const before = said.slice(Math.max(0, match.index - REACH), match.index);
    const end = match.index + match[0].length;
    // In Turkish and Japanese the verb stands behind the address.
    const around = `${before} ~ ${said.slice(end, end + REACH_AFTER)}`;
    if (!TURN_TO.test(foldLetters(around))) continue;
    return { name: nameBefore(before), email };
  }
  const name = nameAlone(said);
  return name === null ? null : { name, email: null };
}

/** "Bob Miller (", "Bob Miller at ", "Bob Miller, ": the words with a capital right before an address. */
function nameBefore(before: string): string | null {
  const words = before
    .slice(Math.max(0, before.length - 90))
    .split(/\s/)
    .map((word) => ({ word, plain: withoutSigns(word, SIGNS) }))
    .filter(({ word }) => word !== "");
  while (words.length > 0 && isJoint(words.at(-1)?.plain ?? "")) words.pop();
  return nameOf(words.map(({ word }) => word).toReversed(), true);
}

const isJoint = (plain: string): boolean => plain === "" || JOINTS.has(plain.toLowerCase());

/** "Please contact Bob Miller." without an address: two words or more, for one may be anything. */
function nameAlone(text: string): string | null {
  for (const match of text.matchAll(NAMED)) {
    const words = text.slice(match.index + match[0].length, match.index + match[0].length + 80);
    const name = nameOf(words.split(/[\n.,;:!?(<]/, 1)[0]?.split(/\s+/) ?? [], false);
    if (name?.includes(" ") === true) return name;
  }
  return null;
}

/** The run of words with a capital at the start of a list; `is_reversed` where the list was read backwards. */
function nameOf(words: readonly string[], is_reversed: boolean): string | null {
  const name: string[] = [];
  let particles: string[] = [];
  for (const word of words) {
    const plain = withoutSigns(word, SIGNS);
    if (plain === "" && name.length === 0) continue;
    if (TITLES.test(plain)) {
      if (is_reversed) break;
      continue;
    }
    if (name.length > 0 && PARTICLES.has(plain)) {
      particles.push(plain);
      continue;
    }
    if (!/^\p{Lu}[\p{L}'’-]{1,30}$/u.test(plain) || NO_NAME.has(plain.toLowerCase())) break;
    name.push(...particles, plain);
    particles = [];
    // A sentence or a list ended here.
    if (name.length >= 4 || (!is_reversed && /[,.;:)]$/.test(word))) break;
  }
  if (name.length === 0) return null;
  const whole = (is_reversed ? name.toReversed() : name).join(" ").slice(0, 80);
  return whole.split("").filter(isControlFree).join("");
}
