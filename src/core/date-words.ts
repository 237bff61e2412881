// Names of months and days, and words of near days, by language: tables only, folded letters.

import { foldLetters } from "./fold-words.ts";

/** Lists of names, January or Monday first, to the number 1 and on. */
function numbered(lists: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    lists.flatMap((names, index) =>
      names.split(" ").map((name) => [foldLetters(name), index + 1] as const),
    ),
  );
}

export const MONTHS = numbered([
  "jan january januar janner janvier janv enero ene gennaio gen janeiro januari stycznia styczen ianuarie ian tammikuuta tammikuun ledna leden января янв ocak január",
  "feb february februar feber fevrier fevr febrero febbraio fevereiro fev februari lutego luty februarie helmikuuta helmikuun unora unor февраля фев subat február",
  "mar march marz mrz mars marzo marco maart mrt marca marzec martie marts maaliskuuta brezna brezen марта мар mart március",
  "apr april avril avr abril abr aprile kwietnia kwiecien aprilie huhtikuuta dubna duben апреля апр nisan április",
  "may mai mayo maggio mag maio mei maja maj toukokuuta kvetna kveten мая mayis május",
  "jun june juni juin junio giugno giu junho czerwca czerwiec iunie iun kesakuuta cervna cerven июня июн haziran június",
  "jul july juli juillet juil julio luglio lug julho lipca lipiec iulie iul heinakuuta cervence cervenec июля июл temmuz július",
  "aug august aout agosto ago augustus sierpnia sierpien augusti elokuuta srpna srpen августа авг agustos augusztus",
  "sep sept september septembre septiembre settembre set setembro wrzesnia wrzesien septembrie syyskuuta zari сентября сен eylul szeptember",
  "oct october oktober okt octobre octubre ottobre ott outubro out pazdziernika pazdziernik octombrie lokakuuta rijna rijen октября окт ekim október",
  "nov november novembre noviembre novembro listopada listopad noiembrie noi marraskuuta listopadu ноября ноя kasim",
  "dec december dezember dez decembre diciembre dic dicembre dezembro grudnia grudzien decembrie desember joulukuuta prosince prosinec декабря дек aralik",
]);

export const WEEKDAYS = numbered([
  "monday mon montag mo lundi lun lunes lunedi segunda segunda-feira maandag ma poniedzialek poniedzialku pon luni mandag maanantai maanantaina pondeli понедельник pazartesi måndag hétfő 月曜日 月曜 星期一 周一 週一",
  "tuesday tue tues dienstag di mardi martes martedi terca terca-feira dinsdag wtorek wtorku marti tisdag tirsdag tiistai tiistaina utery вторник sali kedd 火曜日 火曜 星期二 周二 週二",
  "wednesday wed mittwoch mi mercredi miercoles mercoledi quarta quarta-feira woensdag sroda srode sroda miercuri onsdag keskiviikko keskiviikkona streda среду среда carsamba szerda 水曜日 水曜 星期三 周三 週三",
  "thursday thu thur thurs donnerstag do jeudi jueves giovedi quinta quinta-feira donderdag czwartek czwartku joi torsdag torstai torstaina ctvrtek четверг persembe csütörtök 木曜日 木曜 星期四 周四 週四",
  "friday fri freitag fr vendredi viernes venerdi sexta sexta-feira vrijdag piatek piatku vineri fredag perjantai perjantaina patek пятницу пятница cuma péntek 金曜日 金曜 星期五 周五 週五",
  "saturday sat samstag sa samedi sabado sabato zaterdag sobota sobote sambata lordag lauantai суббота cumartesi szombat 土曜日 星期六 周六 週六",
  "sunday sun sonntag so dimanche domingo domenica zondag niedziela niedziele duminica sondag sunnuntai nedele воскресенье pazar vasárnap 日曜日 星期日 周日 週日",
]);

/** "tomorrow"; `morgen` is the morning as well, and counts only right after a word of return. */
export const TOMORROW =
  "tomorrow|morgen|demain|manana|domani|amanha|jutra|jutro|maine|imorgon|i morgen|huomenna|zitra|завтра|yarin|明日|明天".split(
    "|",
  );

/** "today": back on the next working day. */
export const TODAY =
  "today|heute|aujourdhui|hoy|oggi|hoje|vandaag|dzisiaj|dzis|astazi|azi|idag|i dag|tanaan|dnes|сегодня|bugun|本日|今日|今天".split(
    "|",
  );

/** "next week": back on its Monday. */
export const NEXT_WEEK =
  "next week|nachste woche|nachster woche|kommende woche|la semaine prochaine|semaine prochaine|la proxima semana|la semana que viene|proxima semana|la prossima settimana|prossima settimana|na proxima semana|volgende week|przyszlym tygodniu|przyszlego tygodnia|saptamana viitoare|nasta vecka|naeste uge|neste uke|ensi viikolla|pristi tyden|следующей неделе|gelecek hafta|haftaya|来週|下周|下週".split(
    "|",
  );

/** "in two weeks", "in 10 days": number words and units. */
export const COUNTS = new Map<string, number>(
  [
    "a one ein eine einer einem un une una um uma een en jeden o bir",
    "two zwei deux dos due dois duas twee dwa dwie doua tva to kaksi dva две два iki",
    "three drei trois tres tre drie trzy trei kolme tri три uc",
    "four vier quatre cuatro quattro quatro cztery patru fyra fire ctyri четыре dort",
    "five funf cinq cinco cinque vijf piec cinci fem pet пять bes",
    "six sechs seis sei zes szesc sase sex seks шесть alti",
  ].flatMap((names, index) => names.split(" ").map((name) => [name, index + 1] as const)),
);
export const UNITS = new Map<string, number>([
  ..."day days tag tage tagen jour jours dia dias giorno giorni dag dagen dni dzien zile zi dagar dage paivaa dny дней дня gun"
    .split(" ")
    .map((name) => [name, 1] as const),
  ..."week weeks woche wochen semaine semaines semana semanas settimana settimane weken tydzien tygodnie tygodni saptamana saptamani vecka veckor uge uger uke uker viikkoa viikon tydny tyden недели неделю hafta"
    .split(" ")
    .map((name) => [name, 7] as const),
]);
