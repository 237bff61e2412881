// The pages that explain the API: the reference, the error codes, the changelog, /openapi.json and /llms.txt.

import { Elysia } from "elysia";

import { SNAPSHOTS } from "../../core/versions.ts";
import { textAnswer } from "../../http/html.ts";
import { changelogPage } from "./changelog.ts";
import { errorList, errorPage, isFaultCode, noSuchError } from "./errors.ts";
import { explainPage } from "./explain.ts";
import { llmsText } from "./llms.ts";
import { EXAMPLES, type Manual } from "./manual.ts";
import { REFERENCE_CSP, referencePage } from "./reference.ts";
import scalar from "./scalar.js.gz" with { type: "file" };

const HIDDEN = { detail: { hide: true } };
const page = (text: string, status = 200) => textAnswer(text, "text/html", status);

const reference = () =>
  new Response(referencePage(), {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": REFERENCE_CSP,
    },
  });

/** The page names the version in the URL, so what is there never changes. */
async function scalarScript(request: Request): Promise<Response> {
  const packed = await Bun.file(scalar).bytes();
  const takes_gzip = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  return new Response(takes_gzip ? packed : Bun.gunzipSync(packed), {
    headers: {
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
      vary: "accept-encoding",
      ...(takes_gzip ? { "content-encoding": "gzip" } : {}),
    },
  });
}

function codePage(code: string): Response {
  if (!isFaultCode(code)) return page(noSuchError(), 404);
  return page(errorPage(code, EXAMPLES.errors));
}

/** `/docs…`, `/changelog`, `/openapi.json` and `/llms.txt`. */
export const docs = (manual: Manual) =>
  new Elysia({ name: "docs" })
    .get("/docs", () => reference(), HIDDEN)
    .get("/docs/scalar.js", ({ request }) => scalarScript(request), HIDDEN)
    .get("/docs/errors", () => page(errorList()), HIDDEN)
    .get("/docs/errors/:code", ({ params }) => codePage(params.code), HIDDEN)
    .get("/docs/explain", () => page(explainPage()), HIDDEN)
    .get("/docs/changelog", () => page(changelogPage(SNAPSHOTS)), HIDDEN)
    .get("/changelog", () => page(changelogPage(SNAPSHOTS)), HIDDEN)
    .get("/llms.txt", () => textAnswer(llmsText(manual.document()), "text/plain"), HIDDEN)
    .get("/openapi.json", () => textAnswer(manual.text(), "application/json"), HIDDEN);
