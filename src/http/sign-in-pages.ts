// The pages of signing in with Google or Microsoft. No cookie is asked for: the browser brings none along when another
// site sends it here, and the link's signature and the provider's `state` say whose sign-in it is.
import { Elysia } from "elysia";

import { AppError } from "../core/faults.ts";
import { escaped, html, prose, textAnswer } from "./html.ts";
import { searchOf } from "./place.ts";
import type { SignInPage } from "./sign-ins.ts";
import type { Wiring } from "./wiring.ts";

function pageAnswer({ status, title, problem, text, link }: SignInPage): Response {
  const parts = [
    `<h1>${escaped(title)}</h1>`,
    problem === null ? "" : `<p class="problem" role="alert">${escaped(problem)}</p>`,
    ...text.map((one) => `<p>${prose(one)}</p>`),
    link === null
      ? ""
      : `<p><a class="button" href="${escaped(link.url)}">${escaped(link.text)}</a></p>`,
  ];
  const body = `<main class="narrow">\n${parts.filter((one) => one !== "").join("\n")}\n</main>`;
  return textAnswer(html(`${title} - imail`, body), "text/html", status);
}

/** A fault of ours as a page: whoever reads it has a browser. */
async function asPage(make: () => Promise<Response>): Promise<Response> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const title = "You are not signed in";
    return pageAnswer({ status: 502, title, problem: error.message, text: [], link: null });
  }
}

const hidden = { detail: { hide: true } };
/** The router answers HEAD with a GET's handler; a sign-in is begun and finished by a visit, not by a look. */
const justLooks = ({ method }: Request) => method !== "GET";

/** `/oauth/start` and `/oauth/callback`. */
export const signInPages = (wiring: Wiring) =>
  new Elysia({ name: "sign-in-pages" })
    .get(
      "/oauth/start",
      ({ request }) =>
        asPage(async () => {
          if (justLooks(request)) return textAnswer("", "text/html");
          const link = queryOf(request).searchParams.get("link") ?? "";
          const step = await wiring.sign_ins.begin(link);
          if ("page" in step) return pageAnswer(step.page);
          return new Response(null, { status: 303, headers: { location: step.redirect } });
        }),
      hidden,
    )
    .get(
      "/oauth/callback",
      ({ request }) =>
        asPage(async () => {
          if (justLooks(request)) return textAnswer("", "text/html");
          return pageAnswer(await wiring.sign_ins.finish(queryOf(request), request.signal));
        }),
      hidden,
    );

const queryOf = (request: Request) => new URL(searchOf(request), "http://127.0.0.1");
