// The session cookie: what a browser brings and what it is told to keep (reliability.md D1). Scripts cannot read it and
// pages of other sites cannot send it.
import type { SessionCookie } from "./caller.ts";
import { hostOf, isOurOrigin } from "./place.ts";

const NAME = "imail_session";
const MAX_TOKEN = 1024;

/** The token in the request's cookie, or null. */
export function readSessionCookie(request: Request): string | null {
  const header = request.headers.get("cookie") ?? "";
  const pair = header
    .split(";")
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${NAME}=`));
  const token = pair?.slice(NAME.length + 1) ?? "";
  return token === "" || token.length > MAX_TOKEN ? null : token;
}

/** The `Set-Cookie` of a new or renewed session. */
export function writeSessionCookie({ token, secure, max_age_s }: SessionCookie): string {
  // Lax or None would send it along from other sites' pages; no Domain: no other host ever gets it.
  return `${NAME}=${token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${max_age_s}${secure ? "; Secure" : ""}`;
}

/** The `Set-Cookie` that makes a browser forget it. */
export const endSessionCookie = `${NAME}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0`;

/** Did this come over https? Only the browser's own word counts: headers of a proxy can be made up (reliability.md D9). */
export function isSecure(request: Request): boolean {
  return (request.headers.get("origin") ?? request.url).startsWith("https:");
}

/** A request that a cookie lets in must say that one of our own pages sent it. */
export function isFromOurPage(request: Request): boolean {
  const origin = request.headers.get("origin");
  if (origin !== null) return isOurOrigin(origin, hostOf(request));
  return request.headers.get("sec-fetch-site") === "same-origin";
}
