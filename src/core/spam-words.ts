// Words that filters and people take for advertising. A hint to the author, never a reason to send nothing: what
// decides at the big providers is who sends, not which words stand in the mail.

import { foldWords, phraseTable } from "./fold-words.ts";

const PHRASES = phraseTable([
  // English
  "100 free|100 off|act now|additional income|amazing offer|apply now|as seen on|be your own boss|best price|big bucks",
  "bonus offer|buy direct|buy now|call now|cash bonus|cash prize|cheap|click below|click here|click now|claim your",
  "congratulations|dear friend|discount|dont delete|double your|earn cash|earn extra|earn money|exclusive deal|extra cash",
  "extra income|fantastic deal|fast cash|financial freedom|for free|free access|free consultation|free gift|free money",
  "free offer|free trial|get paid|get rich|great offer|guaranteed|hurry up|incredible deal|instant access|limited time",
  "lose weight|lowest price|make money|miracle|money back|money making|no catch|no cost|no fees|no obligation|no risk",
  "no strings attached|obligation free|offer expires|once in a lifetime|one time offer|only today|order now|passive income",
  "prize|pure profit|risk free|satisfaction guaranteed|save big|save up to|special promotion|this is not spam|urgent",
  "while supplies last|winner|work from home|you have been selected|youre a winner|zero risk",
  // German
  "100 gratis|bargeld|gratis|gewinnspiel|garantiert kostenlos|geld verdienen|geld zurück|herzlichen glückwunsch",
  "hier klicken|jetzt bestellen|jetzt kaufen|jetzt zugreifen|klicken sie hier|kostenlos testen|nur heute|nur für kurze zeit",
  "ohne risiko|passives einkommen|rabatt|schnell reich|sie haben gewonnen|sonderangebot|unglaubliches angebot|völlig kostenlos",
]);
const SHOUT = /\b[A-Z]{5,}\b/g;
/** Names of things are often written so; a row of them is shouting. */
const SHOUTS_MOST = 3;
const SHOWN_MOST = 10;

/** What a text has that looks like advertising, in the order of the table; at most ten. */
export function spamWords(text: string): string[] {
  const folded = foldWords(text);
  const found = PHRASES.filter((phrase) => folded.includes(phrase)).map((phrase) => phrase.trim());
  const shouts = [...text.matchAll(SHOUT)].map(([word]) => word);
  if (shouts.length >= SHOUTS_MOST) found.push(...new Set(shouts));
  if (/[!?]{3}/.test(text)) found.push("!!!");
  if (/[$€£]{2}/.test(text)) found.push("$$");
  return found.slice(0, SHOWN_MOST);
}
