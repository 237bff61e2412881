// How people ask for no more mail in free words: each rule is groups of words that stand in one sentence, in any order;
// and harmless phrases that hold the same words. Tables only; a `*` at an end lets the word go on there.

import { phraseTable } from "./fold-words.ts";

/** Groups between `+`, words of a group between `|`. */
export const OPT_OUT_RULES: readonly string[] = [
  // English
  "remove|delete|drop|cross|erase|strike|scrub|wipe|exclude|purge + me|my|us|our|mine + list*|sequence*|database|emails|mailing*|system|data|address|email|records|crm|campaign*|distribution|contacts|information",
  "get|take + off + list*|mailing*|sequence*|database|emails",
  "stop|quit|cease|refrain|desist|discontinue + emailing|mailing|contacting|sending|writing|messaging|spamming|bothering|soliciting|pestering|emails|mails|messages|followups|communication*|outreach",
  "not|dont|never|rather|without + want|wish|like|prefer|care|interested + receive|receiving|hear|contacted|emailed|solicited|emails|spam|solicitation*",
  "rather|prefer + not + contacted|receive|emailed|hear",
  "not|dont + send|sending|mail|email|write|message|contact|approach + anymore|further|again|such|unsolicited",
  "no + further|future|additional + email*|mail*|message*|contact|communication*|correspondence|outreach",
  "withdraw|revoke + consent",
  "unsub|unsubscribe + me|us|my|please|pls|now|immediately|kindly|this|thanks",
  // German
  "entfern*|streich*|lösch*|nehm*|nimm|trag*|austrag*|meld*|abmeld*|entfernung|löschung|raus + mich|mir|uns|meine*|unsere*|ich|wir + verteiler*|liste*|datenbank*|newsletter*|adresse*|daten|system*|mailing*|kontakte*|aus|ab",
  "nicht|nie|keine*|kein + mehr|wieder|weiter*|künftig* + schreib*|anschreib*|angeschrieb*|kontaktier*|bekomm*|erhalt*|email*|mail*|mails|werbung*|nachricht*|zusendung*|post|belästig*|anfrag*|kontaktaufnahm*|anruf*",
  "absehen|absehe|sehen|unterlass*|verzicht* + weitere*|zukünftig*|künftig* + anfrag*|mail*|kontakt*|nachricht*|zusendung*|schreiben|werbung|mails",
  "widerspreche|widerspruch|widerrufe|widerruf + daten|werbung|einwilligung|nutzung|werbezweck*|verarbeitung|zusendung*",
  "möchte*|will|wollen|wünsch* + keine* + mails|mail|emails|werbung|newsletter|kontaktaufnahme|nachricht*|zusendung*|spam",
  "unerwünschte* + werbung|mail*|post",
  // French
  "retir*|enlev*|supprim*|effac*|deffac*|dôter|ôter|ray*|désinscri*|désabonn* + moi|me|mon|mes|ma|nous|notre|nos|coordonnées + liste*|base|fichier*|données|adresse*|coordonnées|diffusion|mail*|désinscri*|désabonn*",
  "ne|cesser|cessez|arrêter|arrêtez|inutile|stop|aucun + recev*|contact*|relanc*|sollicit*|démarch*|recontact*|écrire|envoy*|menvoy*|mécri* + plus|pas|cesser|cessez|arrêter|arrêtez|inutile|stop|aucun",
  "plus|aucun + mail*|message*|email*|courriel* + votre|vos|svp|merci",
  "droit + opposition|dopposition|effacement|leffacement|doubli",
  // Spanish
  "elimin*|borr*|sac*|quit*|remuev*|retir*|suprim* + mi|mis|me|nuestr*|bórrenme|sáquenme|quítenme + lista*|base|datos|dirección|correo|contactos|direcciones",
  "no|dej*|paren|basta|ninguna + recib*|escrib*|envi*|contact*|mand*|insist*|molest*|bombarde* + más|ninguna|dej*|deseo|quiero|basta|nunca|publicidad",
  "no + más + correos|emails|mails|mensajes|publicidad|e-mails",
  "derecho + oposición|supresión|cancelación",
  "cancel* + mis|datos|suscripción",
  "basta + correos|mails|emails|mensajes",
  "revoco|retiro + consentimiento",
  // Italian
  "cancell*|rimuov*|rimoss*|elimin*|togli*|togl*|rimozione + mi|mio|mia|miei|nostro|nostri|ci|dati|contatto|rimosso|rimossa + dati|lista|liste|indirizzo|contatto|mailing|database|nominativo",
  "non + più|ulteriormente|altre|altri|gradisc*|gradisco|desider* + scriv*|contatt*|invi*|mand*|ricev*|mail|email|messaggi|pubblicità",
  "smett*|smettila|smetta|finitela|basta + scriv*|mand*|invi*|mail|email|messaggi|contatt*|spam",
  "oppongo|opposizione + trattamento|dati",
  "revoco|ritiro + consenso",
  "lasciatemi|lasciami|lasciateci + pace",
  "annull* + iscrizione",
  // Portuguese
  "remov*|remoção|retir*|exclu*|apag*|elimin*|delet*|tir* + me|meu|meus|minha|nosso|nossos|dos|removam-me + lista*|dados|endereço|email|mail|nome|base|banco|contacto|contato",
  "não|parem|pare|chega|deixar|deixem|nunca + receb*|envi*|contact*|contat*|escrev*|mand*|insist*|incomod*|voltem + mais|voltem|publicidade|deixar|pare|parem|chega|insist*|nada|nunca",
  "chega|basta + mail*|emails|mensagens",
  "cancel* + inscrição|subscrição|assinatura + minha|a|meu|quero",
  "revogo|retiro + consentimento",
  "deixem|deixe + paz",
  "sair|sai + lista|listas",
  // Dutch
  "verwijder*|schrap*|haal|meld|schrijf|uitschrijv*|afmeld*|wis + mij|me|mijn|ons|onze + lijst*|gegevens|adres|bestand|database|verzendlijst|mailing*|systeem|af|uit|nieuwsbrief",
  "geen|niet|niets|nooit|stop + meer|verder*|langer|stop + mail*|mailen|mails|contact*|contacteren|benader*|benaderd|stuur|sturen|bericht*|ontvang*|schrijv*|lastig",
  "geen + wens|wensen|wil|willen + reclame|mails|spam|nieuwsbrief*|e-mails|emails|berichten",
  "hou|houd|stop|kap + op|met + mails|mailen|sturen|schrijven|e-mails|berichten",
  "maak|maken + bezwaar",
  "trek|intrekken + toestemming",
  "laat|laten + mij|me|ons + rust",
  "stel|stellen + prijs + geen",
  // Polish
  "usu*|wypis*|skreśl*|wykreśl* + mnie|mój|moje|moich|mojego|nas|nasz|się|adres + list*|baz*|dane|danych|adres*|newsletter*|się|bazy|rejestr*",
  "przesta*|zaprzesta*|koniec|dość + pisać|wysyła*|mail*|mailami|spam*|korespondencj*|kontakt*",
  "nie + pisać|piszcie|pisz|wysyła*|wysłać|kontakt*|niewysyłanie + więcej|proszę|chcę|mi|mnie|już",
  "nie + chcę|chcemy|życz*|zgody + otrzymywać|dostawać|wiadomości|maili|ofert*|informacji|kontakt*",
  "proszę + niewysyłanie",
  "sprzeciw* + danych|przetwarz*",
  "wycof*|cofam|odwołuję + zgod*",
  "spokój|spokoju + dajcie|daj|zostaw*",
  "wypis* + chcę|się|proszę|mnie",
  "rezygnuj* + subskrypcj*|newslett*|wiadomości|mailing*",
  // Romanian
  "șterg*|scoat*|scot*|elimin* + mă|mea|mele|meu|îmi|ne|noastre|mi + list*|listă|baza|adres*|datele|datelor|date|pe|personale",
  "nu|încet*|opri*|gata|stop + mai|doresc|dori|vreau|încet*|opri*|gata|stop + trimit*|scri*|contact*|primesc|primi|reveni*|mail*|email*|mesaj*|oferte|reclame + nu|încet*|opri*|gata|stop",
  "retrag + consimțământul|acordul",
  "opun + prelucrării|datelor",
  "lăsați|lasă + pace",
  // Swedish
  "ta|radera|stryk|avregistrera + bort|radera|stryk|avregistrera + mig|min|mina|oss|vår|våra + listan|lista|register|adress|uppgifter|utskick|epost|post|mig|avregistrera|databas",
  "inte|inga|inget|ingen|sluta|aldrig + fler|mer|igen|vill|önskar|ha|få|sluta|vidare + mejl*|mail*|utskick|reklam|kontakt*|kontaktad*|skicka|skriva|höra|hör|mejla|meddelanden|spam",
  "avregistrera|avprenumerera|avanmäl* + mig|oss|min|jag|tack|prenumeration*",
  "avsluta + prenumeration*",
  "återkallar|drar + samtycke",
  "avböjer|undanber + kontakt|kontakter|mail|mejl|utskick|mer|vidare",
  "lämna + fred",
  "ta + bort + mig",
  "skicka + inget|inga + mer|fler",
  // Danish, Norwegian
  "fjern|slet|afmeld|frameld|avmeld|meld|stryk + mig|meg|min|mine|os|oss|vores + listen|liste|database|adresse|oplysninger|opplysninger|data|register|fra|af|mig|meg|av",
  "fjern|slet|afmeld|avmeld + mig|meg|os|oss",
  "ikke|ingen|stop|hold|aldrig|aldri|slutt + flere|mere|mer|igen|igjen|ønsker|vil|stop|op|stopp|slutt + mail*|e-mails|modtage|motta|kontakt*|kontaktet|kontaktes|sende|send|skrive|skriv|besked*|meldinger|reklame|spam",
  "lad|la + være + sende|skrive|kontakte|fred|i",
  "trækker|trekker + samtyk*",
  "frabeder|frabed + mig|henvendelser|yderligere|os",
  "afmeldes|frameldes|avmeldes",
  // Czech
  "odhla*|odstra*|vyma*|smaž*|vyřaď*|výmaz*|zruš* + mě|mne|mou|moje|mých|mojí|moji|mi|nás|naši|se + seznam*|databáz*|údaj*|adres*|odběr*|se|mě|rozesíl*|chci",
  "nechci|nechceme|nepřej*|přesta*|žádné|žádný|již|už|dost + psát|pišt*|posíl*|zasíl*|dostáv*|kontaktov*|maily|maily|mailů|reklam*|nabídk*|další*|neposílejte|nekontaktujte|nepište|e + další*|mi|mě|si|být|maily|přesta*|už|již|dost",
  "nepište|neposílejte|nezasílejte|nekontaktujte + mi|mě|nám|nás|už|již|prosím",
  "odvol* + souhlas",
  "odhlá* + prosím|chci|odběru|odhlásit",
  "pokoji + nechte|nech",
  // Russian
  "удал*|исключ*|убер*|отпи* + меня|мой|моя|мои|нас|наш + рассыл*|списк*|баз*|адрес*|данные|меня",
  "не|больше|прекрат*|перестан*|хватит + пиш*|писать|присыла*|слать|шлите|беспоко*|связыва*|получать|рассыл*|писем|письма|рекламу + больше|прекрат*|перестан*|хватит|хочу|хотим|прошу|просьба|не + не|больше|прекрат*|перестан*|хватит + писать|пишите|присыла*|беспоко*|связывайтесь|рассыл*|слать|шлите|рекламу|получать|письма",
  "отзыва* + согласие",
  "удалить + данные|персональные + прошу|требую|персональные",
  "отказываюсь|отказ + рассыл*|писем",
  "не + давал*|согласия + рассыл*",
  "оставьте + покое",
  "отпис* + хочу|хотим|прошу|меня",
  // Turkish
  "çıkar*|çık*|kaldır*|sil* + beni|adımı|adresimi|bizi|aboneli*|üyelik*|verilerimi|verilerimin + liste*|çık*|sil*|çıkar*|kaldır*",
  "e|posta|mail*|mesaj*|reklam*|ileti* + istemiyor*|göndermeyin*|atmayın*|yazmayın*|yollamayın*|geçmeyin*|bırak*",
  "yazmayın|yazmayınız|aramayın + bana|bize|bir|daha|ilgilenmiyorum",
  "göndermeyi|yazmayı|atmayı + bırak*|durdur*|kes*",
  "iptal + aboneliğimi|aboneliği|üyeliğimi + et|edin|ediniz|etmek",
  "rahat* + bırak*|etmeyin",
  "onay*|rıza* + geri",
  "silinmesini + veri*|talep",
];

/** In a sentence with one of these somebody misses a mail, or sends us elsewhere. */
export const NO_WISH: ReadonlySet<string> = new Set(
  "erneut nochmal nochmals zustandig kollege kollegin gefunden recu retrouve recibido recibi encuentro vez vezes recebi recebemos ricevuto trovo opnieuw gevonden raz dostalem dostalam otrzymalem otrzymalam primit gasesc hittar hittade fatt fick fundet faet modtaget nedostal nedostala nasel получил получила получали almadim almadik bulamadim".split(
    " ",
  ),
);

/** Where words have no blanks between them: the phrases themselves. */
export const OPT_OUT_RUNS = phraseTable([
  "*配信停止し*|*配信停止を*|*配信停止希望*|*配信停止お願い*|*送信を停止*|*送信停止*|*配信を停止*|*配信を解除*|*配信解除*|*配信を止め*|*配信を中止*|*購読を解除*|*購読解除*|*購読を停止*|*登録を解除*|*登録解除*|*登録を削除*|*リストから削除*|*リストから外*|*リストから除*|*名簿から*|*アドレスを削除*|*個人情報の削除*|*個人情報を削除*|*データを削除*|*退会します*|*退会し*|*退会希望*|*送らないで*|*送信しないで*|*メールしないで*|*連絡しないで*|*送るのをやめ*|*送信をやめ*|*送るのを止め*|*連絡は不要*|*ご連絡は不要*|*メールは不要*|*メール不要*|*営業はお断り*|*メールはお断り*|*お断りします*|*お断りいたします*|*これは迷惑メール*|*これはスパム*|*連絡はご遠慮*|*メールはご遠慮*|*ご遠慮ください*|*お控えください*|*配信を希望しません*|*希望しません*|*受信を拒否*|*受け取りたくありません*",
  "*取消订阅*|*取消訂閱*|*我要退订*|*请退订*|*帮我退订*|*退订谢谢*|*我要退訂*|*从名单中删*|*从列表中删*|*移出邮件列表*|*移出名单*|*移出列表*|*把我移除*|*将我移除*|*把我删除*|*请移除*|*不要再给我*|*不要再发*|*不要再寄*|*不要再聯絡*|*不要再联系*|*别再联系*|*别再发*|*勿再联系*|*请勿再*|*勿再发*|*停止发送*|*停止寄送*|*停止骚扰*|*不想再收到*|*不希望再收到*|*不想收到*|*不再接收*|*这是垃圾邮件*|*這是垃圾郵件*|*请勿打扰*|*不要再打扰*|*不要打扰*|*拒收*|*以后不要发*|*以后别发*|*删除我的邮箱*|*删除我的个人*|*删除我的信息*|*删除我的地址*|*刪除我的*",
  "*수신 거부*|*수신거부*|*구독 취소*|*구독을 취소*|*보내지 마세요*|*연락하지 마세요*|*삭제해 주세요*",
]);

/** What holds the same words and asks for nothing of the kind: taken out before anything is looked for. */
export const HARMLESS = phraseTable([
  "unsubscribe rate*|unsubscription rate*|unsubscribe page*|unsubscribe header*|unsubscribe process*|unsubscribe feature*|unsubscribe handling|handle unsubscribe*|handles unsubscribe*|handle opt out*|manage unsubscribe*|how people can unsubscribe|people can unsubscribe|people unsubscribe|users unsubscribe|customers unsubscribe|recipients unsubscribe|contacts unsubscribe|who unsubscribe*|we unsubscribed from our|i unsubscribed from our|unsubscribed from our old|unsubscribed contacts|number of unsubscribe*|unsubscribes per",
  "users opt out|people opt out|customers opt out|recipients opt out|opt out rate*|opt out process|opt out page|opt out period|who opt out",
  "dont remove me|do not remove me|dont remove my|do not remove my|dont take me off|do not take me off|dont unsubscribe me|do not unsubscribe me|dont delete me|dont delete my|do not delete my|never remove me|didnt unsubscribe|did not unsubscribe|dont want to miss|not want to miss|do not call before|miss your emails|stop by|stop over|non stop|full stop|cant stop|can not stop|cannot stop",
  "abmelderate*|abmeldequote*|wie funktioniert die abmeldung|abmeldung bei ihrem|abmeldung bei eurem|abmeldung von kontakten|abmeldungen|in den verteiler|in ihren verteiler|in euren verteiler|auf den verteiler|den alten entwurf|melde mich nächste|melde mich im|melde mich gern|melde mich bei|melde mich wieder|melde mich zurück|melde mich später|melde mich am|melde mich dann|trage mich in|trage mich gern|melden sie sich gern|melden uns mit|melden uns wieder|keine weitere agentur|nicht mehr vor|stoppen sie kurz",
  "taux de désabonnement|taux de désinscription|gérez vous la désinscription|gérez vous les désinscription*|gérer les désinscription*|gérez les désinscription*|désinscription des contacts|le stop|un stop|base de données est|nhésitez pas|ne reçois plus la facture|plus tard|arrêtons nous|arrêté notre",
  "tasa de bajas|tasa de baja|gestionan las bajas|planta baja|de baja hasta|de baja médica|de baja laboral|más bajos|más baja|no deje de|no dejes de|no dejen de|no dude en|no dudes en|no quiero perder|enviarme más",
  "tasso di disiscrizione|gestite le cancellazioni|gestite le disiscrizioni|basta una|basta un|basta che|non esiti|non vogliamo perdere|bozza vecchia|vecchio contratto|lasciatemi pensare",
  "taxa de descadastr*|taxa de cancelamento|pedidos de remoção|pare em|não hesite|não deixe de|não deixem de|não quero perder|rascunho",
  "afmeldpercentage*|de afmelding van|afmelding van contacten|afmeldingen|stop het|aarzel niet|neem contact op met|oude concept|ik meld me|uit de offerte|geen tijd",
  "wskaźnik wypis*|wskaźnik rezygnacji|obsługujecie rezygnacj*|wypiszę|pozycję z oferty|pozycji z oferty|drugą pozycję|nie dzwonić przed|nie wahać|proszę o kontakt",
  "rata de dezabon*|gestionați dezabon*|ciorna veche|din ofertă|nu ezita*|nu mă sunați|nu vrem să pierdem|nu mai am",
  "avregistreringsgrad*|hanterar ni avregistrering*|stopp på|tveka inte|andra raden|förlora tid",
  "frameldingsrate*|håndterer i afmelding*|tøv ikke|melder tilbage|spilde tid",
  "míra odhlášení|řešíte odhlaš*|řešíte odhlás*|neváhejte|ztrácet čas|druhý řádek|starý návrh|nevolejte",
  "процент отпис*|обрабатываете отписк*|не стесняйтесь|терять время|не звоните до|старый черновик|вторую строку",
  "abonelik iptal oran*|abonelik iptallerini|çekinmeyin|zaman kaybetmek|ikinci satır*|eski taslağı|bana yazmaktan",
  "*配信停止率*|*配信停止はどう*|*退订率*|*如何处理退订*|*不要打电话*|*迷惑メールフォルダ*|*垃圾邮件箱*",
]);
