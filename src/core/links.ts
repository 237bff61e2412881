// The links of a mail's body, as far as a template shows them: which of them no mail should carry.

/** A link that lead data completes is only as good as its beginning. Bounded: an open brace costs 500 characters, not all. */
const LIQUID = /\{\{[^}]{0,500}\}\}|\{%[^%]{0,500}%\}/g;
const HREF = /\b(?:href|src|action)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi;
const PLAIN = /\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s<>"')\]|{}]+/gi;
/** Harmless in a mail besides the web's own. */
const TAKEN = new Set(["http:", "https:", "mailto:", "tel:", "cid:"]);
const LINKS_MOST = 500;

export interface BadLink {
  link: string;
  why: "scheme" | "credentials" | "address";
}

/** The links that should not be sent, each once: another scheme than the web's, a login in it, no address at all. */
export function badLinks(body: string, html: boolean): BadLink[] {
  const found = new Map<string, BadLink>();
  for (const link of linksOf(body.replaceAll(LIQUID, "x"), html)) {
    const why = faultOf(link);
    if (why !== null) found.set(link, { link: shown(link), why });
  }
  return [...found.values()];
}

function linksOf(text: string, html: boolean): string[] {
  const plain = [...text.matchAll(PLAIN)].map(([link]) => link);
  const attributes = html
    ? [...text.matchAll(HREF)].map((match) => match[1] ?? match[2] ?? match[3] ?? "")
    : [];
  return [...attributes, ...plain].map((link) => link.trim()).slice(0, LINKS_MOST);
}

function faultOf(link: string): BadLink["why"] | null {
  // A place on the same page, or a link that is nothing but lead data.
  if (link.startsWith("#") || link === "x") return null;
  const url = URL.parse(decoded(link));
  if (url === null) return "address";
  if (!TAKEN.has(url.protocol)) return "scheme";
  return url.username === "" && url.password === "" ? null : "credentials";
}

/** A browser reads entities and drops line breaks and tabs before it looks at the scheme. */
const decoded = (link: string) =>
  link
    .replaceAll("&amp;", "&")
    .replaceAll("&colon;", ":")
    .replaceAll(/&#(?:x3a|58);?/gi, ":");

/** Short, and without the login that must not stand in it. */
const shown = (link: string) => link.replace(/\/\/[^/@\s]*@/, "//…@").slice(0, 100);
