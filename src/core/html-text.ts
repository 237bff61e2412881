// The plain text of HTML, within limits: for the text alternative of our own mails and for reading others'.

import type * as HtmlToText from "html-to-text";
import type { HtmlToTextOptions } from "html-to-text";

/** Enough for any letter; a deeper or longer one is a bomb, and what is over is left out. */
const INPUT_CAP = 256 * 1024;
const MAX_DEPTH = 60;

const SHARED: HtmlToTextOptions = {
  wordwrap: false,
  formatters: {
    quoteBegin: (_element, _walk, builder) => {
      builder.openBlock();
      builder.addInline("-----Original Message-----");
      builder.closeBlock();
    },
  },
  limits: { maxDepth: MAX_DEPTH, maxChildNodes: 5_000, ellipsis: "" },
};

/** The text alternative of our own HTML: links with their address, no images, headings as they are written. */
export function textOfHtml(html: string): string {
  return convert(html.slice(0, INPUT_CAP), {
    ...SHARED,
    selectors: [
      { selector: "a", options: { hideLinkHrefIfSameAsText: true, linkBrackets: ["<", ">"] } },
      { selector: "img", format: "skip" },
      ...HEADINGS,
    ],
  }).trim();
}

/** What somebody wrote in HTML: quotes begin with `>`, or with a line after which all is quoted; answers between them stay. */
export function textOfReply(html: string): string {
  const input = html.slice(0, INPUT_CAP);
  const selectors = [...PLAIN, ...QUOTE_BEGINNINGS, ...INDENTED];
  const text = convert(input, { ...SHARED, selectors: [...selectors, ...NOT_NEW] }).trim();
  // Some write their answer into their own signature.
  return text === "" && /signature/i.test(input)
    ? convert(input, { ...SHARED, selectors }).trim()
    : text;
}

const HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({
  selector,
  options: { uppercase: false },
}));

const PLAIN = [
  { selector: "a", options: { ignoreHref: true } },
  { selector: "img", format: "skip" },
  { selector: "table", format: "block" },
  ...HEADINGS,
];

/** Outlook, Yahoo and GMX mark only where the quote begins: what follows is told by a line. */
const QUOTE_BEGINNINGS = [
  "#divRplyFwdMsg",
  "#appendonsend",
  "#mail-editor-reference-message-container",
  ".OutlookMessageHeader",
  ".yahoo_quoted",
  "div[name=quote]",
  "#zwchr",
  'div[style*="border-top:solid #E1E1E1"]',
  'div[style*="border-top:solid #B5C4DF"]',
  'div[style*="border-top: 1pt solid rgb(225"]',
].map((selector) => ({ selector, format: "quoteBegin" }));

/** Signatures, and what clients write above a quote that they mark. */
const NOT_NEW = [
  ".gmail_signature",
  ".moz-cite-prefix",
  ".moz-signature",
  ".protonmail_signature_block",
  "#ms-outlook-mobile-signature",
  "#composer_signature",
  "#Signature",
  "div[name=messageSignatureSection]",
].map((selector) => ({ selector, format: "skip" }));

/** An indented paragraph of one's own, as Gmail and Apple make it, is no quote. */
const INDENTED = [
  "blockquote.webkit-indent-blockquote",
  'blockquote[style*="border:none"]',
  'blockquote[style*="border: none"]',
].map((selector) => ({ selector, format: "block" }));

/** Loaded at the first HTML: most mails are plain, and start-up stays fast. */
const convert: typeof HtmlToText.convert = (html, options) => {
  const library: typeof HtmlToText = require("html-to-text");
  return library.convert(html, options);
};
