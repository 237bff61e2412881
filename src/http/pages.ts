// The style of all pages that the server renders, and the probe.

import { Elysia } from "elysia";

import { STYLE, textAnswer } from "./html.ts";

/** `/page.css` and the probe `/livez`. */
export const pages = () =>
  new Elysia({ name: "pages" })
    .get("/page.css", () => textAnswer(STYLE, "text/css"), { detail: { hide: true } })
    .get("/livez", () => textAnswer("ok\n", "text/plain"), { detail: { hide: true } });
