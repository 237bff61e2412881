// How automatic replies name themselves, by language: tables only.
import { phraseTable } from "./fold-words.ts";

/** Beginnings of subjects that only a responder writes (folded words). A person's answer has `Re:` before them. */
export const AUTO_SUBJECTS = phraseTable([
  "automatic reply|automatic response|auto reply*|autoreply*|auto response*|autoresponse*|autoresponder|auto responder",
  "automatische antwort|automatische rückantwort|réponse automatique|respuesta automática|risposta automatica",
  "resposta automática|automatisch antwoord|automatische reactie|automatyczna odpowiedź|autoodpowiedź|odpowiedź automatyczna",
  "răspuns automat|automatiskt svar|autosvar|automatisk svar|automatické odpověď|automaattinen vastaus",
]);

/** Beginnings of subjects that say the person is away. */
export const AWAY_SUBJECTS = phraseTable([
  "out of office|out of the office|ooo|oof|away from the office|on vacation|on holiday|on leave|on annual leave|i am away|vacation reply",
  "abwesenheit*|abwesend|nicht im büro|urlaub|absence du bureau|absent*|en congés|fuera de la oficina|fuera de oficina|ausente",
  "ausencia|fuori ufficio|fuori sede|assente|assenza|fora do escritório|ausência|afwezig*|niet op kantoor|nieobecność|poza biurem",
  "urlop|în afara biroului|nu sunt la birou|absență|concediu",
]);

/** Words within an automatic mail that say the person is away, and not merely that a mail has come in. */
export const AWAY_WORDS = phraseTable([
  "out of office|out of the office|ooo|on vacation|on holiday*|on annual leave|annual leave|on leave|maternity leave|paternity leave",
  "parental leave|sick leave|away from|am away|im away|currently away|be away|will be back|i am back|im back|i return|back in the office",
  "back on|return on|returning on|limited access to|no access to my|unavailable until|away until",
  "abwesen*|nicht im büro|nicht im haus|außer haus|urlaub*|elternzeit|mutterschutz|nicht erreichbar|wieder erreichbar|wieder im büro|zurück am",
  "wieder da|wieder für sie da|absent*|en congé|en congés|en vacances|de retour|congé maternité|indisponible jusqu*|hors du bureau",
  "fuera de la oficina|fuera de oficina|vacaciones|ausente*|de vuelta|regreso el|volveré|de permiso|baja maternal",
  "fuori ufficio|fuori sede|in ferie|ferie|assente|assenza|di ritorno|rientro|rientrerò|sarò di nuovo|in maternità",
  "fora do escritório|férias|ausência|de volta|regresso|retorno|licença maternidade|estarei fora",
  "afwezig*|op vakantie|vakantie|niet aanwezig|niet op kantoor|met verlof|zwangerschapsverlof|weer aanwezig|terug op|ben terug",
  "nieobecn*|poza biurem|urlop*|wracam|wrócę|będę dostępn*|zwolnieni*",
  "nu sunt la birou|nu sunt în birou|nu voi fi|în afara biroului|concediu|revin|mă întorc|voi reveni|indisponibil*",
]);

/** Words before the day on which somebody is back (folded letters, so that `à` and `până` are found). */
export const RETURN_WORDS: readonly string[] = [
  "until",
  "till",
  "through",
  "back",
  "return",
  "bis",
  "ab dem",
  "zuruck",
  "wieder",
  "jusqu",
  "retour",
  "reprise",
  "hasta",
  "vuelta",
  "vuelvo",
  "regres",
  "volver",
  "fino",
  "rientr",
  "ritorn",
  "torner",
  "ate",
  "volta",
  "retorn",
  "tot",
  "terug",
  "vanaf",
  "do dnia",
  "wrac",
  "wroc",
  "powr",
  "pana",
  "revin",
  "reven",
  "intorc",
];
