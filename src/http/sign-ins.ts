// What the routes and the page of the callback need of signing in with a provider. resources/inboxes keeps it.

import type { MailServer } from "../core/mail-port.ts";
import type { OAuthProvider } from "../core/oauth-port.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** A page of the sign-in, in plain text: whoever shows it escapes it. */
export interface SignInPage {
  status: 200 | 400 | 502;
  title: string;
  /** What went wrong; null where nothing did. */
  problem: string | null;
  text: string[];
  link: { url: string; text: string } | null;
}

export type SignInStep = { redirect: string } | { page: SignInPage };

/** What a person types on another device. */
export interface ShownCode {
  user_code: string;
  verification_uri: string;
  /** ms UTC */
  expires_at: number;
}

export interface BegunCode extends ShownCode {
  device_code: string;
  interval_s: number;
}

export interface SignIns {
  /** Throws `oauth_client_missing`. */
  assertClient(provider: OAuthProvider): void;
  /** The provider's servers, without a password. */
  serversOf(provider: OAuthProvider, email: string): { smtp: MailServer; imap: MailServer };
  /** The link with which the owner of an inbox begins; good until somebody has signed in with it. */
  linkOf(ledger: Ledger, inbox_id: number): string;
  /** A link was opened: on to the provider. */
  begin(link: string): Promise<SignInStep>;
  /** The provider has sent the browser back. */
  finish(callback: URL, signal: AbortSignal): Promise<SignInPage>;
  /** Asks for a code to type elsewhere. Throws `invalid_field`, `oauth_client_refused`, `unavailable`. */
  askCode(ledger: Ledger, provider: OAuthProvider): Promise<BegunCode>;
  /** From now on the provider is asked whether somebody has typed it. */
  keepCode(ledger: Ledger, inbox_id: number, code: BegunCode): void;
  /** The code that is waited for, or null. */
  codeOf(ledger: Ledger, inbox_id: number): ShownCode | null;
  /** Asks the providers about the codes that are due. Called every second. */
  look(): Promise<void>;
}
