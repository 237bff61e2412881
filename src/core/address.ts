// E-mail addresses, read strictly: what passes here is one recipient and nothing else. Mail libraries
// turn `"b@x, v@evil"` into two recipients (reliability.md M1), so no other parser ever sees an address.

import type * as Tldts from "tldts";

const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const UNICODE_DOMAIN = /^[\p{L}\p{M}\p{N}.-]+$/u;

/** The address in lower case with an ASCII domain, plus tags kept (RFC 5321 4.1.2 dot-string); null when it is not one. */
export function parseAddress(text: string): string | null {
  if (text.length > 254) return null;
  const at = text.indexOf("@");
  const local = text.slice(0, at);
  if (at < 1 || local.length > 64 || !LOCAL.test(local)) return null;
  const domain = parseDomain(text.slice(at + 1));
  if (domain === null) return null;
  const address = `${local.toLowerCase()}@${domain}`;
  return address.length <= 254 ? address : null;
}

/** A host name with a dot in lower-case ASCII (IDNA to ASCII), or null: no literals, no numbers for a last label. */
export function parseDomain(text: string): string | null {
  if (text.length > 253 || !UNICODE_DOMAIN.test(text)) return null;
  const ascii = isAscii(text) ? text.toLowerCase() : asciiDomain(text);
  if (ascii === null || ascii.length > 253) return null;
  const labels = ascii.split(".");
  const last = labels.at(-1) ?? "";
  if (labels.length < 2 || !/[a-z]/.test(last) || last.length < 2) return null;
  return labels.every((label) => LABEL.test(label)) ? ascii : null;
}

/** What stands behind the last `@`: the host name of a parsed address. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}

/** A parsed address holds a host name and nothing else: to look for a URL or an IP in it takes three times as long. */
const PARSED_HOST = {
  allowPrivateDomains: true,
  detectIp: false,
  extractHostname: false,
  validateHostname: false,
};

// One mail asks for its company three times, and a campaign writes to the same companies again.
const companies = new Map<string, string | null>();
const COMPANIES_MOST = 1000;

/** The organisational domain of a parsed address: one company. Null for public mail domains, where neighbours are strangers. */
export function companyDomain(address: string): string | null {
  const host = domainOf(address);
  const known = companies.get(host);
  if (known !== undefined) return known;
  const company = companyOf(host);
  if (companies.size >= COMPANIES_MOST) companies.clear();
  companies.set(host, company);
  return company;
}

function companyOf(host: string): string | null {
  if (PUBLIC_DOMAINS.has(host)) return null;
  const { domain, isPrivate } = suffixes().parse(host, PARSED_HOST);
  if (domain === null || PUBLIC_DOMAINS.has(domain)) return null;
  // Under a private suffix the name is somebody's own: gmail.github.io is not Google's.
  const is_public = isPrivate !== true && PUBLIC_NAMES.has(domain.slice(0, domain.indexOf(".")));
  return is_public ? null : domain;
}

/** Do two host names belong to one owner, as far as their names tell? Public suffixes are nobody's. */
export function isSameOwner(one: string, other: string): boolean {
  const { getDomain } = suffixes();
  const domain = getDomain(one, { allowPrivateDomains: true });
  return domain !== null && domain === getDomain(other, { allowPrivateDomains: true });
}

/** The list of public suffixes, loaded at its first use: start-up stays fast. */
function suffixes(): typeof Tldts {
  return require("tldts");
}

/** Whether a text may stand in a header: no C0 or C1 controls, no U+2028 or U+2029, no half of a surrogate pair. */
export function isControlFree(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029)
      return false;
  }
  return text.isWellFormed();
}

function asciiDomain(text: string): string | null {
  // The URL parser holds the UTS 46 table; what it might read as a port or path was refused above.
  const url = URL.parse(`http://${text}`);
  return url === null ? null : url.hostname;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Providers that hand out addresses under the same name in many countries: yahoo.co.uk, gmx.at ... */
const PUBLIC_NAMES = new Set(
  "aol fastmail gmail gmx googlemail hotmail icloud live mailfence msn outlook proton protonmail rocketmail tuta tutanota windowslive yahoo yandex ymail zohomail".split(
    " ",
  ),
);

const PUBLIC_DOMAINS = new Set(
  (
    "me.com mac.com mail.com email.com usa.com consultant.com post.com europe.com pm.me hey.com duck.com hushmail.com " +
    "inbox.com lycos.com excite.com tutamail.com keemail.me posteo.de mailbox.org runbox.com startmail.com " +
    "comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com " +
    "optonline.net optimum.net frontier.com windstream.net netzero.net roadrunner.com rogers.com shaw.ca bell.net " +
    "sympatico.ca videotron.ca telus.net btinternet.com btopenworld.com sky.com virginmedia.com ntlworld.com " +
    "blueyonder.co.uk talktalk.net tiscali.co.uk bigpond.com bigpond.net.au optusnet.com.au xtra.co.nz " +
    "web.de t-online.de freenet.de arcor.de online.de vodafonemail.de mail.de 1und1.de kabelmail.de unitybox.de " +
    "a1.net aon.at chello.at kabsi.at bluewin.ch hispeed.ch sunrise.ch orange.fr wanadoo.fr free.fr laposte.net " +
    "sfr.fr neuf.fr bbox.fr numericable.fr aliceadsl.fr libero.it virgilio.it alice.it tin.it tim.it tiscali.it " +
    "inwind.it iol.it fastwebnet.it email.it telefonica.net terra.es ono.com sapo.pt iol.pt clix.pt uol.com.br " +
    "bol.com.br terra.com.br ig.com.br globo.com globomail.com telenet.be skynet.be proximus.be ziggo.nl kpnmail.nl " +
    "kpnplanet.nl xs4all.nl planet.nl home.nl chello.nl hetnet.nl upcmail.nl casema.nl wp.pl o2.pl onet.pl onet.eu " +
    "interia.pl interia.eu op.pl poczta.onet.pl tlen.pl gazeta.pl vp.pl poczta.fm seznam.cz email.cz centrum.cz " +
    "post.cz azet.sk zoznam.sk freemail.hu citromail.hu t-online.hu abv.bg mail.bg dir.bg ukr.net i.ua mail.ru " +
    "bk.ru list.ru inbox.ru internet.ru rambler.ru ya.ru telia.com comhem.se bredband.net online.no getmail.no " +
    "tdcadsl.dk mail.dk stofanet.dk luukku.com suomi24.fi kolumbus.fi inbox.lv one.lt otenet.gr forthnet.gr " +
    "walla.co.il walla.com 012.net.il qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com " +
    "189.cn 21cn.com naver.com daum.net hanmail.net nate.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp " +
    "nifty.com biglobe.ne.jp rediffmail.com sify.com indiatimes.com mweb.co.za webmail.co.za telkomsa.net vodamail.co.za"
  ).split(" "),
);
