// Leads the links of a mail through addresses that count clicks. Only what a click opens in a browser is touched: never
// `mailto:` or `tel:`, places on a page, images, comments or what is no link to a mail client. What cannot be read with
// certainty stays as it was: an uncounted click is better than a broken link.

/** A mail's bodies with their links led away, and where the n-th of them was going. */
export interface Rewritten {
  html: string | null;
  text: string | null;
  /** Each target once; its place is the link's number. */
  targets: string[];
}

export interface LinkRules {
  /** The address that stands for the n-th link: letters, digits and `:/.-_?=&%` only. */
  urlOf(link: number): string;
  /** Links that begin so are ours and stay. */
  own: string;
}

/** Links beyond this number stay as they are: nobody writes such a mail. */
const LINKS_MOST = 200;
const TARGET_LENGTH = 4000;

/** Rewrites both bodies with one numbering: the same target has the same number in both. */
export function rewriteLinks(
  bodies: { html: string | null; text: string | null },
  rules: LinkRules,
): Rewritten {
  const numbers = new Map<string, number>();
  const lead = (target: string): string | null => {
    if (!isCounted(target, rules.own)) return null;
    const known = numbers.get(target);
    if (known === undefined && numbers.size >= LINKS_MOST) return null;
    const link = known ?? numbers.size;
    numbers.set(target, link);
    return rules.urlOf(link);
  };
  const html = bodies.html === null ? null : rewriteHtml(bodies.html, lead);
  const text = bodies.text === null ? null : rewriteText(bodies.text, lead);
  return { html, text, targets: [...numbers.keys()] };
}

function isCounted(target: string, own: string): boolean {
  if (target.length > TARGET_LENGTH || !/^https?:\/\//i.test(target)) return false;
  const url = URL.parse(target);
  if (url === null || url.hostname === "") return false;
  return url.username === "" && url.password === "" && !target.startsWith(own);
}

type Lead = (target: string) => string | null;

/** Elements whose content is text for the browser, not tags. */
const RAW = new Set("script style textarea title xmp iframe noembed noframes".split(" "));
const TAG = /<(!--|[a-z][^\s/>]*)/gi;

function rewriteHtml(html: string, lead: Lead): string {
  let done = "";
  let from = 0;
  TAG.lastIndex = 0;
  for (let found = TAG.exec(html); found !== null; found = TAG.exec(html)) {
    const name = (found[1] ?? "").toLowerCase();
    if (name === "!--") {
      TAG.lastIndex = behind(html, /--!?>|^>|^->/g, found.index + 4);
      continue;
    }
    const tag = readTag(html, found.index + found[0].length);
    TAG.lastIndex = RAW.has(name)
      ? behind(html, new RegExp(`</${name}(?=[\\s/>])`, "gi"), tag.end)
      : tag.end;
    // A tag that never ends is none.
    if (!tag.is_closed || tag.href === null || (name !== "a" && name !== "area")) continue;
    const target = decodeHref(html.slice(tag.href.start, tag.href.end));
    const url = target === null ? null : lead(target);
    if (url === null) continue;
    const value = escapeValue(url);
    done += html.slice(from, tag.href.start) + (tag.href.is_quoted ? value : `"${value}"`);
    from = tag.href.end;
  }
  return done + html.slice(from);
}

/** Where `end` has matched from `at` on; the end of the text when it does not. */
function behind(html: string, end: RegExp, at: number): number {
  // The anchored forms of an empty comment, `<!-->` and `<!--->`.
  if (end.source.includes("^") && /^-?>/.test(html.slice(at, at + 2)))
    return html.indexOf(">", at) + 1;
  end.lastIndex = at;
  return end.exec(html) === null ? html.length : end.lastIndex;
}

interface Href {
  start: number;
  end: number;
  is_quoted: boolean;
}

interface Tag {
  end: number;
  is_closed: boolean;
  /** The value of the first `href`: a browser ignores the others. */
  href: Href | null;
}

// One attribute as the HTML standard's tokenizer reads it (13.2.5.32 to 13.2.5.38). Sticky: each match begins where the last ended.
const ATTRIBUTE =
  /[\s/]*(?:(>)|([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|((?!["'])[^\s>]*)))?)/y;

/** A quote that is opened and never closed: to a browser the tag never ends. */
const OPEN_QUOTE = /\s*=\s*["']/y;

function readTag(html: string, at: number): Tag {
  let href: Href | null = null;
  let end = at;
  for (;;) {
    ATTRIBUTE.lastIndex = end;
    const found = ATTRIBUTE.exec(html);
    if (found === null) return { end: html.length, is_closed: false, href: null };
    end = ATTRIBUTE.lastIndex;
    if (found[1] !== undefined) return { end, is_closed: true, href };
    const quoted = found[3] ?? found[4];
    OPEN_QUOTE.lastIndex = end;
    if (quoted === undefined && found[5] === undefined && OPEN_QUOTE.test(html))
      return { end: html.length, is_closed: false, href: null };
    if (href !== null || found[2]?.toLowerCase() !== "href") continue;
    const value = quoted ?? found[5];
    if (value === undefined) continue;
    const close = quoted === undefined ? end : end - 1;
    href = { start: close - value.length, end: close, is_quoted: quoted !== undefined };
  }
}

const ENTITIES: Record<string, string> = {
  amp: "&",
  apos: "'",
  colon: ":",
  commat: "@",
  equals: "=",
  gt: ">",
  lowbar: "_",
  lt: "<",
  num: "#",
  percnt: "%",
  period: ".",
  plus: "+",
  quest: "?",
  quot: '"',
  sol: "/",
};

/** What a browser makes of an attribute's value, or null where that takes a table of entities that we do not have. */
function decodeHref(value: string): string | null {
  let is_certain = true;
  const decoded = value.replaceAll(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z][a-z0-9]{1,30}));/gi,
    (whole: string, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) {
        const known = ENTITIES[name];
        if (known === undefined) is_certain = false;
        return known ?? whole;
      }
      const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
      if (code < 0x20 || (code >= 0x80 && code < 0xa0) || code > 0x10_ff_ff) is_certain = false;
      return is_certain ? String.fromCodePoint(code) : whole;
    },
  );
  // Browsers know some entities without a semicolon, but never before `=` or a letter in an attribute: `&copy=1` is no sign.
  if (/&(?:amp|lt|gt|quot|copy|reg)(?![a-z0-9=;])/i.test(value)) is_certain = false;
  return is_certain ? decoded.replaceAll(/[\t\n\r]/g, "").trim() : null;
}

const escapeValue = (url: string) => url.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

const PLAIN = /\bhttps?:\/\/[^\s<>"“”„«»]+/gi;

function rewriteText(text: string, lead: Lead): string {
  return text.replaceAll(PLAIN, (found) => {
    const target = withoutTrail(found);
    const url = lead(target);
    return url === null ? found : url + found.slice(target.length);
  });
}

const CLOSERS: Record<string, string> = { ")": "(", "]": "[", "}": "{" };
const OPENERS = new Set(Object.values(CLOSERS));
const TRAIL = new Set(".,;:!?'*_~|`’…。、，");

/** A link ends before the punctuation of the sentence; a bracket belongs to it where it was opened in it. */
function withoutTrail(link: string): string {
  /** How many more of a kind are closed than opened, up to `end`. */
  const open = new Map<string, number>();
  for (const character of link) {
    const kind = CLOSERS[character] ?? character;
    if (OPENERS.has(kind)) open.set(kind, (open.get(kind) ?? 0) + (kind === character ? -1 : 1));
  }
  let end = link.length;
  for (; end > 0; end--) {
    const last = link[end - 1] ?? "";
    const opener = CLOSERS[last];
    if (opener === undefined && !TRAIL.has(last)) break;
    if (opener === undefined) continue;
    const surplus = open.get(opener) ?? 0;
    if (surplus <= 0) break;
    open.set(opener, surplus - 1);
  }
  return link.slice(0, end);
}

/** The HTML with an image of one point at its end: whoever loads it has opened the mail. */
export function addPixel(html: string, url: string): string {
  const pixel = `<img src="${escapeValue(url)}" width="1" height="1" alt="" style="display:block;border:0">`;
  const at = html.toLowerCase().lastIndexOf("</body");
  return at < 0 ? html + pixel : html.slice(0, at) + pixel + html.slice(at);
}
