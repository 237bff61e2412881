// The token in the session cookie: a JWT (RFC 7519) of a quarter of an hour that names a session and proves nothing
// else. Who it is and whether the session still is, the database says at every request.
import { errors, jwtVerify, SignJWT } from "jose";

const ISSUER = "imail";
const ALGORITHM = "HS256";
/** How long a token is good. */
export const TOKEN_LIFE_MS = 15 * 60_000;
/** A token of which less than this is left is renewed. */
export const SHORT_OF_LIFE_MS = TOKEN_LIFE_MS / 2;

export interface SessionToken {
  /** The 256 random bits of the session, base64url. */
  sid: string;
  /** ms UTC, whole seconds. */
  issued_at: number;
  expires_at: number;
}

/** Signs a token that is good from `now` (ms UTC) on for 15 min. */
export function signToken(key: Uint8Array, sid: string, now: number): Promise<string> {
  return new SignJWT({ sid })
    .setProtectedHeader({ alg: ALGORITHM })
    .setIssuer(ISSUER)
    .setIssuedAt(Math.floor(now / 1000))
    .setExpirationTime(Math.floor((now + TOKEN_LIFE_MS) / 1000))
    .sign(key);
}

/** What our own key has signed, expired or not; null for everything else. */
export async function readToken(key: Uint8Array, token: string): Promise<SessionToken | null> {
  try {
    // The epoch as the present: whether it has expired is decided with the session at hand, which may renew it.
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      requiredClaims: ["iat", "exp"],
      currentDate: new Date(0),
    });
    const { sid, iat = 0, exp = 0 } = payload;
    if (typeof sid !== "string") return null;
    return { sid, issued_at: iat * 1000, expires_at: exp * 1000 };
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}
