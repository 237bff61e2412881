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

/** What somebody wrote in HTML, without the quotes that mail clients mark as such; quoted blocks begin with `>`. */
export function textOfReply(html: string): string {
  const input = html.slice(0, INPUT_CAP);
  const text = convert(input, {
    ...SHARED,
    selectors: [...PLAIN, OUTLOOK_QUOTE, ...QUOTES],
  }).trim();
  // Somebody who answers within the quote has written nothing outside of it.
  return text === "" && /quote|cite|signature/i.test(input)
    ? convert(input, { ...SHARED, selectors: [...PLAIN, OUTLOOK_QUOTE] }).trim()
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

/** Where Gmail, Yahoo, Apple, Proton, Thunderbird and Outlook keep what they quote. */
const QUOTES = [
  ".gmail_quote",
  ".gmail_attr",
  ".gmail_signature",
  ".yahoo_quoted",
  ".protonmail_quote",
  ".moz-cite-prefix",
  ".moz-signature",
  ".zmail_extra",
  ".tutanota_quote",
  "blockquote[type=cite]",
  "#mail-editor-reference-message-container",
  "#ms-outlook-mobile-signature",
  "#Signature",
].map((selector) => ({ selector, format: "skip" }));

/** Outlook marks only where the quote begins: what follows is told by this line. */
const OUTLOOK_QUOTE = { selector: "#divRplyFwdMsg", format: "quoteBegin" };

/** Loaded at the first HTML: most mails are plain, and start-up stays fast. */
const convert: typeof HtmlToText.convert = (html, options) => {
  const library: typeof HtmlToText = require("html-to-text");
  return library.convert(html, options);
};
