// How people ask for no more mail, in many languages. Recall matters more than precision here: mailing
// somebody who said stop is the worse mistake (domain.md "Inbound mail").
import { phraseTable } from "./fold-words.ts";

/** Phrases that say it wherever they stand in the new text. */
export const OPT_OUT_PHRASES = phraseTable([
  // English
  "unsubscribe*|unsubscribing|un subscribe|opt out|opt me out|opt us out|optout|opting out|remove me|remove us|remove my email|remove my e mail|remove my address|remove my name|remove my data|remove my contact|remove my details|remove my info*|remove our email|remove our address|remove our company|remove our data",
  "remove this email|remove this address|take me off your|take me off the|take me off this|take me off of|take me off any|take me off all|take us off your|take us off the|take us off this|take us out of|take me out of your|take my name|take my email|take my address|delete me|delete my|stop emailing|stop mailing",
  "stop e mailing|stop sending|stop contacting|stop writing|stop messaging|stop spamming|stop these|stop the emails",
  "stop reaching out|stop bothering|stop following up|stop with the|stop all|do not contact me|do not contact us|dont contact me|dont contact us|do not contact again|not contact me|not contact us",
  "do not email me|do not email us|do not email again|dont email me|dont email us|dont email again|do not e mail me|dont e mail me|do not send me|do not send us|dont send me|dont send us|do not send any more|dont send any more|do not send these|dont send these|do not mail me|dont mail me|do not write to me|do not write to us|do not write me|do not write again|dont write me|dont write to me|mark this as spam|mark you as spam",
  "do not reach out|dont reach out|do not message|dont message|never contact|never email|never write|no more emails",
  "no more mails|no more e mails|no more messages|no more of these|no further emails|no further contact|no further messages",
  "no further e mails|no further communication|cease and desist|cease contact|leave me alone|leave us alone|off your list",
  "off this list|off the list|off your mailing|off of your|from your list|from your mailing|from your database|from this list",
  "from your contact|from your emails|me from the list|from this mailing|from all lists|not wish to receive|dont wish to receive|no longer wish|not want to receive|dont want to receive|no longer want",
  "not wish to be|dont wish to be|not want to be contacted|dont want to be contacted|dont want these|not want these|dont want your|not want your|dont want any|not want any|no longer interested in receiving|lose my email",
  "lose my address|do not follow up|dont follow up|right to erasure|right to be forgotten|erase my|this is spam|reported as spam",
  "reporting you|reporting this|marked as spam|marking this as spam|not consent|withdraw my consent|quit emailing|quit sending",
  "das ist spam|cest du spam|esto es spam|questo è spam|isto é spam|isso é spam|dit is spam|to jest spam|acesta este spam|detta är spam|dette er spam|toto je spam|это спам|bu spam",
  // German
  "abmelden|abmeldung|melden sie mich ab|melde mich ab|abbestellen|abbestelle|bestelle ich ab|austragen|tragen sie mich aus",
  "trag mich aus|entferne mich|entfernen sie mich|entfernen sie meine|entferne meine|entfernen sie uns|verteiler|aus ihrer liste|von ihrer liste",
  "aus deiner liste|von deiner liste|von der liste|ihrer datenbank|adresse entfernen|adresse loschen|adresse löschen|keine weiteren mails|keine weitere mail",
  "keine weiteren e mails|keine weiteren emails|keine mails|keine e mails|keine emails|keine werbung|keine weiteren nachrichten",
  "keine weiteren anfragen|keine nachrichten mehr|keine weitere kontaktaufnahme|keine kontaktaufnahme|nicht mehr kontaktieren",
  "nicht mehr anschreiben|nicht weiter kontaktieren|nicht weiter anschreiben|kontaktieren sie mich nicht|kontaktiert mich nicht",
  "schreiben sie mir nicht|schreib mir nicht|schreiben sie uns nicht|mailen sie mir nicht|bitte nicht mehr|mich nicht mehr",
  "mir nicht mehr|uns nicht mehr|löschen sie meine|löschen sie mich|lösche meine|daten löschen|löschung meiner|unterlassen sie",
  "unterlassung|widerspreche|werbewiderspruch|lassen sie mich in ruhe|lass mich in ruhe|nehmen sie mich aus|nehmen sie mich von|nehmen sie mich bitte aus|nehmen sie mich bitte von|nimm mich aus|nimm mich von|hören sie auf",
  "hör auf|kein interesse an weiteren|nichts mehr von ihnen|das ist spam|als spam",
  // French
  "désinscri*|désabonn*|retirez moi|retirer de|me retirer|nous retirer|retirez mon|retirez nous|supprimez moi|supprimer mon",
  "supprimez mon|supprimer mes|supprimez mes|me supprimer|ne plus recevoir|plus recevoir|plus me contacter|plus nous contacter",
  "me contactez plus|nous contactez plus|plus être contacté*|mécrivez plus|plus mécrire|plus menvoyer|menvoyez plus|arrêtez de",
  "arrêter de|arrête de|merci darrêter|cessez de|cesser de|plus de mails|plus de mail|plus demails|plus de messages|de votre liste|de vos listes",
  "de votre base|de la liste|de vos fichiers|de votre fichier|plus me solliciter|me sollicitez plus|laissez moi tranquille|droit à leffacement",
  // Spanish
  "dar de baja|dame de baja|deme de baja|denme de baja|darnos de baja|darse de baja|doy de baja|solicito la baja|quiero la baja|pido la baja|baja por favor|cancelar suscripción|cancelar la suscripción|cancelar mi suscripción|desuscri*|darme de baja|eliminar mi",
  "elimine mi|elimina mi|eliminen mi|elimíname|elimíneme|elimínenme|borrar mi|borre mi|borra mi|bórrame|bórreme|bórrenme",
  "no me escriba*|no me escribas|no me envíe*|no me envíes|no me mande*|no me contacte*|no nos contacte*|no contactar|no enviar",
  "no envíen|no envíe más|no me envíes|no quiero recibir|no deseo recibir|no queremos recibir|no quiero más|no deseo más",
  "dejar de recibir|dejen de enviar*|deje de enviar*|deja de enviar*|dejen de mandar*|deje de mandar*|deja de mandar*|dejen de escribir*|deje de escribir*|deja de escribir*|dejen de contactar*|deje de contactar*|dejad de|quítame|quíteme|quítenme|sácame|sáqueme|sáquenme|de su lista|de tu lista|de sus listas",
  "de vuestra lista|de la lista|no vuelva a|no vuelvas a|no vuelvan a|no más correos|más correos no|paren de|pare de",
  // Italian
  "cancellami|cancellatemi|mi cancelli|cancellarmi|cancellare il mio|cancellate il mio|cancelli il mio|cancellare la mia|cancellazione dalla|cancellazione dei miei|cancellazione del mio",
  "disiscri*|annullare l iscrizione|annullare liscrizione|annulla iscrizione|rimuovimi|rimuovetemi|rimuovermi|mi rimuova",
  "rimuovere il mio|rimuovete il mio|rimuova il mio|toglietemi|togliermi|toglimi|mi tolga|non contattatemi|non contattarmi|non contattateci",
  "non mi contatti|non mi contattate|non contattarci|non scrivetemi|non scrivermi|non mi scriva|non mi scrivete|non inviatemi",
  "non inviarmi|non mi invii|non mi inviate|non mandatemi|non mandarmi|non mi mandi|non desidero ricevere|non voglio ricevere",
  "non desidero più|non voglio più|non vogliamo più|non intendo ricevere|smettete di|smettila di|smetta di|la smetta|dalla vostra",
  "dalle vostre liste|dalla lista|dalla tua lista|dalla sua lista|dalla mailing list|basta mail|basta email",
  // Portuguese
  "descadastr*|cancelar inscrição|cancelar a inscrição|cancelar minha inscrição|cancelar subscrição|cancelar a subscrição",
  "anular subscrição|anular a subscrição|remover meu|remova meu|remova me|remover me|remova o meu|remover o meu|me remova|me remover",
  "me remove|remova nos|retire me|me retire|me tire|retirar meu|retire meu|retire o meu|parar de receber|parem de|pare de",
  "não quero receber|não desejo receber|não queremos receber|não quero mais|não desejo mais|não me contacte*|não me contate*",
  "não nos contacte*|não me envie*|não me mande*|não me escreva*|não enviar|não envie mais|não enviem|da sua lista|da vossa lista|da tua lista|das suas listas|da lista",
  "excluir meu|exclua meu|me exclua|me excluir|eliminar o meu|elimine o meu|deixar de receber|deixem de|sair da lista",
  // Dutch
  "afmelden|afmelding|meld me af|meld mij af|uitschrijven|uitschrijving|schrijf me uit|schrijf mij uit|verwijder me|verwijder mij",
  "verwijder mijn|verwijder ons|verwijderen uit|verwijderen van|gegevens verwijderen|adres verwijderen|geen mail meer|geen mails meer",
  "geen e mail meer|geen e mails meer|geen emails meer|geen berichten meer|geen verdere|niet meer mailen|niet meer e mailen",
  "niet meer benaderen|niet meer te benaderen|niet meer te mailen|niet meer contacteren|niet meer sturen|niet meer ontvangen",
  "mail me niet|mail mij niet|stop met|haal me|haal mij|haal ons|van uw lijst|uit uw lijst|van je lijst|uit je lijst|van jullie lijst|van de lijst|uit de lijst|uit uw bestand|uit jullie bestand",
  "uit uw database|uit jullie database|laat me met rust|geen prijs op|niet langer ontvangen",
  // Polish
  "wypisz mnie|wypiszcie mnie|wypisać|wypisanie|proszę wypisać|usuń mnie|usuńcie mnie|proszę usunąć mnie|proszę usunąć mój|proszę usunąć moje|proszę o usunięcie moich|proszę o usunięcie mojego|usunięcie mojego",
  "usunąć mój|usuń mój|usunąć mnie|usunięcie moich|nie chcę otrzymywać|nie chcemy otrzymywać|nie życzę sobie|nie życzymy sobie",
  "nie wyrażam zgody|rezygnuję z|rezygnacja z|zrezygnować z|proszę nie pisać|proszę nie wysyłać|proszę więcej nie",
  "nie wysyłaj*|nie wysyłać|niewysyłanie|nie kontaktować|nie kontaktuj*|się nie kontaktować|z listy|z bazy|nie pisać|nie pisz",
  "nie piszcie|wycofuję zgodę|cofam zgodę|przestań|przestańcie|odsubskryb*|wyrejestr*",
  // Romanian
  "dezabon*|ștergeți mă|șterge mă|ștergeți adresa|ștergeți mi|ștergeți ne|șterge mi|ștergerea datelor|ștergerea adresei|scoateți mă|scoate mă|scoateți ne",
  "eliminați mă|nu mai doresc|nu mai vreau|nu mai dorim|nu mai vrem|nu doresc să primesc|nu vreau să primesc|nu dorim să primim",
  "nu mi mai|nu ne mai|nu mă mai|nu mai trimite*|nu mai scrie*|nu mai contacta*|încetați|opriți|din lista dumneavoastră|din lista voastră",
  "din lista|din listă|din baza de date|din baza dumneavoastră|lăsați mă în pace|nu mă contacta*|nu îmi mai|nu mi trimite*",
]);

/** Words that say it only when nothing but a courtesy stands beside them: "please remove". */
export const OPT_OUT_VERBS: ReadonlySet<string> = new Set(
  "remove removed loschen entfernen borrar eliminar cancelar parar pare rimuovi rimuovere cancella cancellare remover usun stergeti opriti fjern slet iptal cik baja basta gata dosc 停止 解除".split(
    " ",
  ),
);

/** Words of politeness: they do not count. */
export const COURTESIES: ReadonlySet<string> = new Set(
  "hello hi dear please pls thanks thank you kindly now me us hallo bitte danke guten tag mich bonjour merci svp sil vous plait moi hola por favor gracias ciao grazie per favore ola obrigado obrigada alstublieft aub bedankt prosze dziekuje va rog multumesc tack tak prosim dekuji пожалуиста спасибо lutfen tesekkurler beni mig meg mej me".split(
    " ",
  ),
);

/** Words that say it when the whole new text, or the subject, is hardly more than them. */
export const OPT_OUT_WORDS: ReadonlySet<string> = new Set(
  (
    "stop unsubscribe unsub optout cease abmelden austragen abbestellen stopp aufhoren " +
    "desinscription desinscrire desabonner desabonnement arret arretez arreter " +
    "cancellatemi descadastrar parem sair afmelden uitschrijven stoppen " +
    "wypisz wypisuje rezygnacja rezygnuje przestan dezabonare dezabonati " +
    "desinscrever cancelamento avregistrera avprenumerera avanmal afmeld frameld avmeld odhlasit odhlaste odhlaseni отписаться отпишите отписка стоп td 退订 退訂 配信停止 退会 수신거부"
  ).split(" "),
);

/** Newsletter footers of the sender's own company: "click here to unsubscribe" is nobody's wish. */
export const CLICK_PHRASES = phraseTable([
  "click here|click the|click on|clicking here|klicken sie hier|hier klicken|cliquez ici|cliquez sur|en cliquant|haga clic|haz clic",
  "clicca qui|cliccando|clique aqui|klik hier|kliknij|click aici|apasă aici|manage preferences|manage your|email preferences",
]);
