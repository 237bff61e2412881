// When to try again: mails that a server deferred, and webhook deliveries. Attempts are counted from 1,
// and each number here is the wait after that attempt failed.

import { spread } from "./pace.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Greylisting opens after 1 to 15 min; RFC 5321 4.5.4.1 asks for 30 min and more only after the first tries. */
const MAIL_WAITS_MS = [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS];
const MAIL_LATER_MS = 60 * MINUTE_MS;
const MAIL_JITTER = 0.2;
/** domain.md: a message fails after 24 h of deferrals. */
const MAIL_GIVE_UP_MS = 24 * HOUR_MS;

/** A copy in Sent comes within minutes or, where a mailbox was down, when it is back: later looks are for that. */
const LOOK_WAITS_MS = [1, 2, 5, 10, 30].map((minutes) => minutes * MINUTE_MS);
const HOURLY_LOOKS = 24;
const DAY_MS = 24 * HOUR_MS;

/** api.md "Events and webhooks": 24 h in all. */
const DELIVERY_WAITS_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
  8 * HOUR_MS,
  8 * HOUR_MS,
];
const DELIVERY_JITTER = 0.1;

/** When a deferred mail is tried again (ms UTC) after this attempt: 1, 5, 15, then every 60 min, ±20 %. */
export function retryAt(attempt: number, now: number, chance: number): number {
  const wait = MAIL_WAITS_MS[Math.max(1, attempt) - 1] ?? MAIL_LATER_MS;
  return now + spread(wait, MAIL_JITTER, chance);
}

/** Has a mail been deferred for so long (24 h since its first attempt) that it has failed? */
export function isGivenUp(first_attempt_at: number, now: number): boolean {
  return now - first_attempt_at >= MAIL_GIVE_UP_MS;
}

/** When a webhook delivery is tried again (ms UTC) after this attempt, ±10 %; null when that was the last, the 11th. */
export function deliveryRetryAt(attempt: number, now: number, chance: number): number | null {
  const wait = DELIVERY_WAITS_MS[Math.max(1, attempt) - 1];
  return wait === undefined ? null : now + spread(wait, DELIVERY_JITTER, chance);
}

/**
 * When a doubtful mail is looked for in the Sent folder again (ms UTC), after so many looks in vain, the present one
 * included: 1, 2, 5, 10, 30 min, then hourly for a day, then daily.
 */
export function lookAgainAt(looks: number, now: number): number {
  const wait = LOOK_WAITS_MS[Math.max(1, looks) - 1];
  if (wait !== undefined) return now + wait;
  return now + (looks <= LOOK_WAITS_MS.length + HOURLY_LOOKS ? HOUR_MS : DAY_MS);
}
