// How automatic replies name themselves, by language: tables only.

import { phraseTable } from "./fold-words.ts";

/** Beginnings of subjects that only a responder writes (folded words). A person's answer has `Re:` before them. */
export const AUTO_SUBJECTS = phraseTable([
  "automatic reply|automatic response|auto reply*|autoreply*|auto response*|autoresponse*|autoresponder|auto responder",
  "automatische antwort|automatische rückantwort|réponse automatique|respuesta automática|risposta automatica",
  "resposta automática|automatisch antwoord|automatische reactie|automatyczna odpowiedź|autoodpowiedź|odpowiedź automatyczna",
  "răspuns automat|automatiskt svar|autosvar|automatisk svar|automatická odpověď|automatické odpověď|automaattinen vastaus",
  "automatikus válasz|автоматический ответ|автоответ*|otomatik yanıt|otomatik cevap|自動応答*|自動返信*|自动回复*|自动答复*|自動回覆*|자동 회신*",
]);

/** Beginnings of subjects that say the person is away. */
export const AWAY_SUBJECTS = phraseTable([
  "out of office|out of the office|ooo|oof|away from the office|on vacation|on holiday|on leave|on annual leave|i am away|vacation reply",
  "abwesenheit*|abwesend|nicht im büro|urlaub|absence du bureau|absent*|en congés|fuera de la oficina|fuera de oficina|ausente",
  "ausencia|fuori ufficio|fuori sede|assente|assenza|fora do escritório|ausência|afwezig*|niet op kantoor|nieobecność|poza biurem",
  "urlop|în afara biroului|nu sunt la birou|absență|concediu|frånvaro*|ej på kontoret|semester|fraværende|ikke på kontoret|ferie|poissa|lomalla",
  "mimo kancelář|nepřítomnost|dovolená|вне офиса|нет на месте|в отпуске|отпуск|ofis dışında|ofis dışındayım|izindeyim|不在通知*|不在の*|休暇*|外出*|休假*",
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
  "semester|på semester|föräldraledig*|inte på kontoret|tillbaka på kontoret|åter på kontoret|på ferie|ferie|fraværende|ikke på kontoret|tilbage på kontoret|tilbake på kontoret|barsel*",
  "lomalla|poissa|en ole toimistolla|palaan|mimo kancelář|dovolen*|nepřítomn*|szabadság*|irodán kívül|в отпуске|отпуске|отсутств*|вне офиса|командировк*",
  "izindeyim|yıllık izin*|tatildeyim|ofis dışında*|ofiste olmayacağım|dönüyorum|döneceğim",
  "*不在|*休暇|*休業|*夏季休|*お休み|*外出して|*出張|*休假|*度假|*外出|*不在办公室|*出差|*年假|*휴가|*부재",
]);

/** Automatic mail of a mailbox whose person has gone for good: nobody comes back, somebody else may be named. */
export const LEFT_WORDS = phraseTable([
  "no longer with|no longer works*|no longer work at|no longer work for|no longer employed|no longer at|no longer part of|has left the company|have left the company|left the company|left the organisation|left the organization|i have left|ive left|has left us|left our company|moved on from|my last day was|last day at",
  "nicht mehr im unternehmen|nicht mehr für|nicht mehr bei|das unternehmen verlassen|unternehmen verlassen|aus dem unternehmen ausgeschieden|ausgeschieden|nicht mehr beschäftigt|nicht mehr in unserem",
  "ne travaille plus|ne travaillons plus|ne fait plus partie|ne fais plus partie|a quitté|ai quitté|jai quitté|nest plus parmi|plus dans lentreprise|quitté la société|quitté lentreprise",
  "ya no trabaj*|ya no forma parte|ya no formo parte|ha dejado la empresa|dejó la empresa|he dejado la empresa|ya no pertenece",
  "non lavora più|non lavoro più|non fa più parte|non faccio più parte|ha lasciato lazienda|ho lasciato lazienda|ha lasciato la società",
  "não trabalha mais|não trabalho mais|já não trabalh*|não faz mais parte|não faço mais parte|já não faz parte|deixou a empresa|deixei a empresa",
  "niet meer werkzaam|werkt niet meer|werk niet meer|niet langer werkzaam|uit dienst|niet meer in dienst",
  "nie pracuje już|już nie pracuj*|nie pracuję już|nie jest już pracowni*|zakończył pracę|zakończyła pracę|zakończyłem pracę|zakończyłam pracę",
  "nu mai lucr*|nu mai face parte|nu mai fac parte|a părăsit compania|am părăsit compania|nu mai este angajat*",
  "har slutat|arbetar inte längre|jobbar inte längre|slutat på|ikke længere ansat|arbejder ikke længere|er fratrådt|har sluttet|jobber ikke lenger|arbeider ikke lenger|ei ole enää|en työskentele enää",
  "již nepracuj*|už nepracuj*|больше не работа*|уже не работа*|уволил*|artık çalışm*|işten ayrıl*|şirketten ayrıl*|görevinden ayrıl*|*退職|*离职|*離職|*퇴사",
]);

/** Services that hold a mail until its sender proves to be a person. A person may want to do so. */
export const CHALLENGE_DOMAINS: readonly string[] = [
  "boxbe.com",
  "spamarrest.com",
  "mailinblack.com",
  "sendio.com",
  "choicemail.com",
  "bluebottle.com",
  "knowthesender.com",
];
export const CHALLENGE_WORDS = phraseTable([
  "spam arrest|boxbe|mailinblack|mail in black|verify that you are a person|verify that you are human|prove you are human|verify your email so that|confirm that you sent|to have your message delivered|in order to deliver your message|message is being held|message has been held|messages are being held",
  "approved sender*|approve your message|sender verification|verification of sender|guest list|waiting for your confirmation|bestätigen sie ihre absender*|votre message est en attente|vous authentifier|confirmar que es una persona",
]);

/** Lines that a ticket system or a web form writes, and no person. */
export const MACHINE_LINES = phraseTable([
  "this is an automated|this is an automatic|this is an auto generated|this is a system generated|this is an auto response|this email was generated automatically|this message was generated automatically|this email was automatically generated|this message was automatically generated|please do not reply to this|do not reply to this|type your reply above this line|please type your reply above|please reply above this line|reply above this line|write above this line|add a comment by replying",
  "dies ist eine automatisch*|diese e mail wurde automatisch|diese mail wurde automatisch|diese nachricht wurde automatisch|bitte antworten sie nicht auf diese|ceci est un message automatique|ceci est une réponse automatique|cet email est envoyé automatiquement|merci de ne pas répondre à ce|este es un mensaje automático|este es un correo automático|no responda a este|por favor no responda a este",
  "questo è un messaggio automatico|non rispondere a questa|non rispondere a questo|esta é uma mensagem automática|não responda a este|não responda a esta|dit is een automatisch*|wiadomość wygenerowana automatycznie|ta wiadomość została wygenerowana|acesta este un mesaj automat|detta är ett automatiskt|dette er en automatisk|toto je automaticky|это автоматическое|это сообщение сформировано автоматически|bu otomatik|bu e posta otomatik*|*このメールは自動|*本メールは自動|*自動送信|*自动发送|*系统自动",
]);

/** Local parts that no person reads: what comes from them was written by a machine. */
export const ROBOT_LOCALS =
  /^(?:no|do-?not|donot|ne-?pas|non)[-_.]?(?:reply|respond|repondre|rispondere)(?:[-_.+].{0,40})?$/;

/** Words before the day on which somebody is back (folded when they are used). */
export const BACK_WORDS: readonly string[] =
  "back|return|resum|zurück|wieder|ab dem|ab |retour|reprise|reprendr|à partir d|vuelta|vuelv|regres|volver|reincorpor|a partir d|rientr|ritorn|torner|torno|di nuovo|volta|retorn|terug|vanaf|weer|wrac|wróc|powr|ponownie|od dnia|revin|reven|întorc|începând cu|tillbaka|åter|tilbage|tilbake|igen fra|palaan|takaisin|zpět|vrátím|opět|vissza|верн|возвращ|выйду|буду снова|dön|geri|返回|回来|恢复|回到|復帰|戻り|出社".split(
    "|",
  );

/** Words before the last day of an absence, or before the return: both are read as the same day. */
export const UNTIL_WORDS: readonly string[] =
  "until|till|through|thru|up to|bis|einschließlich|inklusive|jusqu|hasta|inclusive|fino|compreso|até|tot|t/m|tot en met|do dnia|do |włącznie|până|t.o.m|till och med|til og med|til |asti|az do|až do|do |до|по |至|到|直到".split(
    "|",
  );

/** Words after the day: in Japanese, Chinese, Turkish, Finnish and Hungarian they stand there. */
export const BACK_AFTER: readonly string[] = [
  "^.{0,8}(?:から(?:出社|復帰|通常|対応)|に(?:出社|復帰|戻)|より(?:出社|復帰|通常)|回来|返回|恢复|復帰)",
  "^.{0,14}(?:donuyor|donece|ofiste olac|isbasi|wieder|zuruck|takaisin|palaan|weer |back|igen|de retour|de vuelta|di nuovo|de volta|vissza)",
];
export const UNTIL_AFTER: readonly string[] = [
  "^.{0,6}(?:まで|迄|까지|为止|之前|期间|kadar|asti|saakka|-ig\\b)",
  "^.{0,10}kadar",
];

/** Words that no English text has: where one stands, days come before months. */
export const FOREIGN_WORDS: readonly string[] =
  "bis|nicht|ich|und|jusqu|jusqu'au|je|suis|vous|hasta|estare|estoy|hasta el|fino|sono|ate|estou|ferias|tot|ben|niet|afwezig|jestem|nie|do dnia|urlop|pana|sunt|voi|jag|ar|tillbaka|jeg|er|ikke|til|olen|asti|jsem|budu|я|до|с|kadar|donece|izindeyim".split(
    "|",
  );
