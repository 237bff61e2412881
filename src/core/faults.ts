// Every error code: its HTTP status, its sentence and the text of its page. One table for API, docs and OpenAPI.

interface FaultEntry {
  status: number;
  /** One line: what this code means. */
  title: string;
  /** What to do about it, for `/docs/errors/<code>`. */
  remedy: string;
}

export const FAULTS = {
  malformed_json: {
    status: 400,
    title: "The body is not valid JSON.",
    remedy:
      "Send UTF-8 JSON with one object at the top, at most 32 levels deep and without keys such as `__proto__`.",
  },
  invalid_field: {
    status: 400,
    title: "A field has a value that is not allowed.",
    remedy:
      "`error.field` names the place, the message its limit; `details` lists every invalid field.",
  },
  unknown_field: {
    status: 400,
    title: "The request has a field or parameter that this route does not know.",
    remedy: "Remove it or correct its spelling. Nothing is dropped in silence.",
  },
  invalid_version: {
    status: 400,
    title: "`Imail-Version` is no date, or lies in the future.",
    remedy:
      "Send a date such as `2026-11-21`, not after today; the latest snapshot that is not after it answers. Without the header the newest does. `/docs/changelog` lists them.",
  },
  provider_mode: {
    status: 400,
    title: "This kind of inbox does not exist in the mode of the key.",
    remedy: 'Use `provider: "sandbox"` with a test key and a real provider with a live key.',
  },
  smtp_auth_failed: {
    status: 400,
    title: "The SMTP server refused the login.",
    remedy: "Check user name and password. Providers with two-factor login want an app password.",
  },
  imap_auth_failed: {
    status: 400,
    title: "The IMAP server refused the login.",
    remedy: "Check user name and password, and that IMAP is switched on for this mailbox.",
  },
  smtp_unreachable: {
    status: 400,
    title: "The SMTP server could not be reached.",
    remedy: "Check host, port and security: 465 takes `tls`, 587 takes `starttls`.",
  },
  imap_unreachable: {
    status: 400,
    title: "The IMAP server could not be reached.",
    remedy: "Check host, port and security: 993 takes `tls`, 143 takes `starttls`.",
  },
  oauth_client_missing: {
    status: 400,
    title: "Signing in with this provider needs an OAuth client of your own.",
    remedy:
      "The message names the settings and the redirect URI to register. A Gmail mailbox can do without: send `smtp.password` with an app password.",
  },
  oauth_client_refused: {
    status: 400,
    title: "The provider does not take the OAuth client of the settings.",
    remedy:
      'Compare id, secret and tenant with what the provider shows; a secret may have expired. For `auth: "device"` the app must allow public client flows.',
  },
  tls_untrusted: {
    status: 400,
    title: "The server's certificate is not trusted.",
    remedy:
      "Use the host name that stands in the certificate, or give the private authority's certificate as `ca`.",
  },
  tls_mismatch: {
    status: 400,
    title: "The server does not speak TLS in the way that was asked for.",
    remedy: 'Port 465 and 993 take `security: "tls"`, 587 and 143 take `security: "starttls"`.',
  },
  missing_key: {
    status: 401,
    title: "There is no API key.",
    remedy: "Send `Authorization: Bearer imk_…`. `imail keys create` makes a key.",
  },
  invalid_key: {
    status: 401,
    title: "The API key is malformed, unknown, expired or revoked.",
    remedy: "Make a new key with `imail keys create`; a key is shown once only.",
  },
  invalid_session: {
    status: 401,
    title: "The session has ended.",
    remedy:
      "Sign in again at `/login`. A session ends 12 hours after its last use, and after 7 days.",
  },
  login_failed: {
    status: 401,
    title: "The e-mail address or the password is wrong.",
    remedy: "Check both. After five failures each further one makes the wait longer.",
  },
  invalid_setup_link: {
    status: 401,
    title: "The setup link is wrong, was used before or is older than 30 minutes.",
    remedy: "Start imail again: it prints a new link. Or use `imail setup` where the data is.",
  },
  scope_missing: {
    status: 403,
    title: "The key does not have the scope that this route needs.",
    remedy: "The message names the scope. Make a key that has it.",
  },
  session_only: {
    status: 403,
    title: "This route is for people who are signed in, not for API keys.",
    remedy: "Sign in at `/login`. On the command line, `imail workspaces` does the same.",
  },
  tier_gate: {
    status: 403,
    title: "The workspace's tier does not include this.",
    remedy: "`imail workspaces set --tier` changes the tier.",
  },
  wrong_origin: {
    status: 403,
    title: "A web page of another origin may not call this server.",
    remedy: "Call it from a program with a key, or from imail's own pages.",
  },
  not_found: {
    status: 404,
    title: "There is no such thing here, or it is not yours.",
    remedy: "Check the id and the mode of the key: live and test data never see each other.",
  },
  method_not_allowed: {
    status: 405,
    title: "This URL does not take that method.",
    remedy: "The `Allow` header lists the methods that it takes.",
  },
  lead_exists: {
    status: 409,
    title: "There is a lead with this address already.",
    remedy: "`error.lead_id` names it. Change that lead, or enroll it in the campaign.",
  },
  lead_suppressed: {
    status: 409,
    title: "The address is on the suppression list and is never mailed again.",
    remedy:
      "A person who asked not to be mailed stays unmailed. Remove the suppression only if you can prove consent.",
  },
  inbox_exists: {
    status: 409,
    title: "This mailbox is connected already.",
    remedy:
      "`error.inbox_id` names it. A live mailbox belongs to one workspace only, else its limits would count twice.",
  },
  inbox_in_use: {
    status: 409,
    title: "Leads wait for this inbox.",
    remedy:
      "`error.waiting` says how many. Name another active inbox with `?reassign_to=inb_…`: they go on with it, in new threads.",
  },
  already_enrolled: {
    status: 409,
    title: "The lead is in this campaign already, for life.",
    remedy: "Resume the enrollment to go on where it stood.",
  },
  step_in_use: {
    status: 409,
    title: "A step that has sent mails cannot be removed.",
    remedy: "Keep the step. Branches can lead around it.",
  },
  not_ready: {
    status: 409,
    title: "The campaign cannot run yet.",
    remedy: "`details` lists everything that is missing.",
  },
  wrong_state: {
    status: 409,
    title: "This cannot be done in the present state.",
    remedy: "The message names the state.",
  },
  not_uncertain: {
    status: 409,
    title: "Only a message in doubt can be settled.",
    remedy: "Read the message: evidence, or somebody before you, has settled it already.",
  },
  cannot_send_again: {
    status: 409,
    title: "This mail cannot be sent again.",
    remedy: "The message says why. Settle it as `sent` or as `failed`.",
  },
  clock_running: {
    status: 409,
    title: "The test clock is being moved already.",
    remedy: "Wait for the first call to answer.",
  },
  forecast_running: {
    status: 409,
    title: "Another forecast of this workspace is being made.",
    remedy: "One is made at a time. Ask again when it has answered, or after `Retry-After`.",
  },
  forecast_too_large: {
    status: 409,
    title: "Too many leads wait for this to be played ahead.",
    remedy:
      "Ask for fewer days. What counts are the leads of the campaign that could be mailed in that time, and those of the campaigns that share its inboxes or leads.",
  },
  idempotency_mismatch: {
    status: 409,
    title: "This `Idempotency-Key` was used for another request.",
    remedy:
      "Use a key of its own for each thing that you want done once; send the same body for the same key. Keys are kept for 24 hours.",
  },
  idempotency_in_progress: {
    status: 409,
    title: "The first request with this `Idempotency-Key` is still at work.",
    remedy: "Wait until it has answered, then ask again: you get the same answer.",
  },
  precondition_failed: {
    status: 412,
    title: "The thing has changed since you have read it.",
    remedy: "Read it again and send its new `ETag` as `If-Match`; nothing was changed.",
  },
  payload_too_large: {
    status: 413,
    title: "The body is too large.",
    remedy:
      "Send at most 1 MB, at most 8 MB to the bulk routes; split an import into several calls.",
  },
  unsupported_media_type: {
    status: 415,
    title: "This route does not take that content type.",
    remedy: "Send `Content-Type: application/json`, without content encoding.",
  },
  wrong_host: {
    status: 421,
    title: "The request names a host that is not this server.",
    remedy: "Use the address that imail printed at start, or add the name with `--allow-host`.",
  },
  rate_limited: {
    status: 429,
    title: "Too many requests.",
    remedy: "Wait for the seconds in `Retry-After`.",
  },
  internal: {
    status: 500,
    title: "Something went wrong on our side.",
    remedy: "The log has the details under the `request_id`.",
  },
  unavailable: {
    status: 503,
    title: "The server cannot answer this now.",
    remedy: "Try again shortly; the message says what it waits for.",
  },
} as const satisfies Record<string, FaultEntry>;

export type FaultCode = keyof typeof FAULTS;

export interface FaultDetail {
  field: string;
  message: string;
  code?: FaultCode;
}

interface FaultPlace {
  field?: string | undefined;
  details?: FaultDetail[] | undefined;
  /** Names the thing of a conflict: `{ lead_id: "lead_…" }`. */
  conflict?: Record<string, string | number> | undefined;
  /** For `Retry-After`, in whole seconds. */
  retry_after_s?: number | undefined;
}

/** The caller's mistake, told to the caller. Anything else that is thrown is a bug and a 500. */
export class AppError extends Error {
  readonly code: FaultCode;
  readonly field: string | null;
  readonly details: FaultDetail[];
  readonly conflict: Record<string, string | number>;
  readonly retry_after_s: number | null;
  constructor(code: FaultCode, message?: string, place: FaultPlace = {}) {
    super(message ?? FAULTS[code].title);
    this.code = code;
    this.field = place.field ?? null;
    this.details = place.details ?? [];
    this.conflict = place.conflict ?? {};
    this.retry_after_s = place.retry_after_s ?? null;
  }
}

/** A 404 that names what was asked for. */
export function notFound(what: string): AppError {
  return new AppError(
    "not_found",
    `There is no ${what} here, or it belongs to another workspace or mode.`,
  );
}
