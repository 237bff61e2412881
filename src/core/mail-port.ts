// What the engine needs of SMTP and IMAP, as outcomes and not as exceptions. The real port and the
// sandbox both keep this contract, and one conformance suite holds them to it.

export type Security = "tls" | "starttls" | "none";

/** One server of a mailbox, with the login in clear: lives only in memory, never in a log. */
export interface MailServer {
  host: string;
  port: number;
  /** `none` only towards loopback: a password never travels in clear text. */
  security: Security;
  username: string;
  /** "" where the server is logged into with a token of `tokens`. */
  password: string;
  /** PEM of a private certificate authority, beside the system's. */
  ca: string | null;
  /** In place of a password: XOAUTH2 or OAUTHBEARER (RFC 7628). */
  tokens?: AccessTokens;
}

/** The access tokens of one mailbox, from the provider that its owner signed in with. */
export interface AccessTokens {
  /**
   * One that should be good for minutes to come. `refused` is the token that a server has just not taken: then a new
   * one is asked for. Throws TokenError.
   */
  get(refused?: string): Promise<string>;
}

/** No access token could be had. `token`: its owner must sign in again. Anything else passes, or is a setting. */
export class TokenError extends Error {
  readonly fault: LoginFault;
  constructor(fault: LoginFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

export interface MailAccount {
  inbox_id: number;
  email: string;
  provider: "smtp" | "gmail" | "microsoft" | "sandbox";
  /** How both servers are logged into; `oauth` accounts get their `tokens` on the way to the port. */
  auth?: "password" | "oauth";
  smtp: MailServer;
  imap: MailServer;
}

/** A mail whose last byte is held back behind the server's 354: the commit point decides. Both are synchronous. */
export interface Held {
  /** Lets the last byte and the final dot go. */
  release(): void;
  /** Destroys the stream: no dot is written, the server delivers nothing. */
  refuse(): void;
}

export interface SendOrder {
  envelope: { from: string; to: string };
  /** The finished RFC 5322 bytes, CRLF line ends, ending in CRLF. */
  bytes: Uint8Array;
  /** Called once, when all bytes but the last are written. Exactly one of `release` and `refuse` must follow. */
  onHeld(held: Held): void;
  /** Ends the session early. Before the dot the outcome is `unreached`, after it `unclear`. A kept session ends with it too. */
  signal: AbortSignal;
  /** Another mail of this inbox follows soon: once this one is accepted the session may wait for it. */
  has_next?: boolean;
}

/**
 * What became of one mail.
 * `accepted` 250 after the dot. `deferred` 4xx and `rejected` 5xx about the message or the recipient.
 * `refused` our commit point said no. `unreached` no dot was written and the fault lies with the
 * connection, TLS or the login: it belongs to the inbox, never to the message.
 * `unclear` the dot was written and no answer came (RFC 1047): only evidence can settle it.
 */
export type SendOutcome =
  | { outcome: "accepted"; response: string }
  | {
      outcome: "deferred" | "rejected";
      response: string;
      code: number;
      enhanced: string | null;
      after_dot: boolean;
    }
  | { outcome: "refused" }
  | { outcome: "unreached"; fault: LoginFault; response: string }
  | { outcome: "unclear"; response: string };

/**
 * Why a server could not be used. `auth` is a wrong login; `token` a sign-in with the provider that has ended;
 * `limit` a server's own limit on connections.
 */
export type LoginFault =
  | "connect"
  | "timeout"
  | "tls_untrusted"
  | "tls_mismatch"
  | "no_starttls"
  | "greeting"
  | "auth"
  | "token"
  | "limit"
  | "protocol";

export type CheckOutcome =
  | { outcome: "ok" }
  | { outcome: "failed"; server: "smtp" | "imap"; fault: LoginFault; response: string };

export type FolderRole = "inbox" | "junk" | "sent" | "all";
export interface Folder {
  path: string;
  role: FolderRole;
}

/** Where reading stands in one folder (RFC 9051 2.3.1.1). */
export interface FolderStatus {
  uidvalidity: number;
  uidnext: number;
}

export interface FetchedMail {
  uid: number;
  /** INTERNALDATE, ms UTC. */
  received_at: number;
  /** Size on the server in bytes. */
  size: number;
  /** The whole mail, or only its header when `size` is above the cap. */
  bytes: Uint8Array;
  truncated: boolean;
}

export interface FetchedHeaders {
  /** `bytes` end with the header. */
  mails: FetchedMail[];
  /** The first UID behind those that were looked at; `from_uid` where there were none. */
  next_uid: number;
}

/**
 * A failed or dropped session. Every method of MailboxSession may throw it; `fault` says whose business it is. `uids` are
 * the mails that were being fetched when it broke: one of them may be why.
 */
export class MailboxError extends Error {
  readonly fault: LoginFault;
  readonly uids: readonly number[];
  constructor(fault: LoginFault, message: string, uids: readonly number[] = []) {
    super(message);
    this.fault = fault;
    this.uids = uids;
  }
}

/**
 * One logged-in IMAP session of one inbox, for one call at a time; only `wait` is ended by the next call.
 * After a MailboxError it is closed and a new one must be opened.
 */
export interface MailboxSession {
  folders(): Promise<Folder[]>;
  status(folder: string): Promise<FolderStatus>;
  /**
   * Mails with a UID of `from_uid` or more, oldest first, at most `limit` and about 8 MB, and at least one where there is
   * any: none means that there is none. Sets no flag (BODY.PEEK). Throws where the folder's UIDVALIDITY is no longer
   * what `status` has told.
   */
  fetchFrom(folder: string, from_uid: number, limit: number): Promise<FetchedMail[]>;
  /** The same mails as their header only, without those that are drafts. */
  fetchHeaders(folder: string, from_uid: number, limit: number): Promise<FetchedHeaders>;
  /** The lowest UID of the mails that came in at `since` (ms UTC, to the day) or later, or null: after a UIDVALIDITY reset. */
  firstUidSince(folder: string, since: number): Promise<number | null>;
  /** UIDs of the mails in which the header has exactly this value (RFC 9051 6.4.4 HEADER). */
  findByHeader(folder: string, header: string, value: string): Promise<number[]>;
  append(folder: string, bytes: Uint8Array, flags: string[]): Promise<void>;
  /**
   * Waits for news of the INBOX (IDLE), or until `ms` (25 min at most) have gone by, or the signal. News is
   * also what came since this session's last `status` or `fetchFrom` of the INBOX.
   */
  wait(ms: number, signal: AbortSignal): Promise<"news" | "quiet">;
  close(): Promise<void>;
}

export interface MailPort {
  send(account: MailAccount, order: SendOrder): Promise<SendOutcome>;
  /** Logs into SMTP and then IMAP, changes nothing. */
  check(account: MailAccount, signal: AbortSignal): Promise<CheckOutcome>;
  /** Logs in or throws MailboxError. The signal ends the session too, not only the login. */
  openMailbox(account: MailAccount, signal: AbortSignal): Promise<MailboxSession>;
}
