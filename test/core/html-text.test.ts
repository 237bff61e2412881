import { expect, test } from "bun:test";

import { textOfHtml, textOfReply } from "../../src/core/html-text.ts";
import { msOf } from "./mails.ts";

test.each([
  "<div>",
  "<",
  "<b",
  "&",
  "&#",
  "<a href='",
  "<!--",
  "<table><tr><td>",
  "<blockquote type=cite>",
  "<p>x</p>",
  "x ",
  "<ul><li>",
  "</p>",
  '<div class="a b c gmail_quote">',
])("100 KB of %s as HTML take less than 100 ms", (part) => {
  const html = part.repeat(100_000 / part.length);
  textOfReply("<p>warm</p>");
  expect(msOf(() => textOfReply(html))).toBeLessThan(100);
  expect(msOf(() => textOfHtml(html))).toBeLessThan(100);
});
