// The words of servers about mail that they did not take: tables only, all lower case.

/** What `category` of a bounce may be (mail.md 4.3). */
export const BOUNCE_CATEGORIES = [
  "user_unknown",
  "invalid_address",
  "mailbox_disabled",
  "mailbox_full",
  "greylisting",
  "rate_limited",
  "server_error",
  "ip_blacklisted",
  "domain_blacklisted",
  "auth_failure",
  "relay_denied",
  "spam_blocked",
  "policy_blocked",
  "virus_detected",
  "geo_blocked",
  "unknown",
] as const;
export type BounceCategory = (typeof BOUNCE_CATEGORIES)[number];

export type WordTable = readonly (readonly [BounceCategory, readonly string[]])[];

/** About us: our address, our name, our text. These win over a code that blames the recipient. */
export const SENDER_WORDS: WordTable = [
  [
    "domain_blacklisted",
    ["surbl", "uribl", "dbl.spamhaus", "domain reputation", "domain is blacklisted"],
  ],
  [
    "ip_blacklisted",
    [
      "spamhaus",
      "spamcop",
      "barracudacentral",
      "blocklist",
      "block list",
      "blacklist",
      "black list",
      "dnsbl",
      "blocked using",
      "abusix",
      "uceprotect",
      "sorbs.net",
      "banned sending ip",
      "poor reputation",
      "ip reputation",
      "low reputation",
      "client host blocked",
    ],
  ],
  ["virus_detected", ["virus", "malware", "infected"]],
  ["spam_blocked", ["spam", "unsolicited", "bulk mail", "junk mail", "likely suspicious"]],
  [
    "auth_failure",
    [
      "dmarc",
      "spf ",
      "spf:",
      "spf)",
      "dkim",
      "unauthenticated",
      "not authenticated",
      "authentication required",
    ],
  ],
  ["geo_blocked", ["your country", "geo-block", "geoblock", "geographic"]],
  [
    "rate_limited",
    [
      "sending limit",
      "sending quota",
      "daily user sending",
      "daily message",
      "too many messages",
      "too many recipients",
      "rate limit",
      "ratelimit",
      "throttl",
      "too many connections",
      "message rate",
      "sent too much",
    ],
  ],
  [
    "relay_denied",
    [
      "relay access denied",
      "relaying denied",
      "unable to relay",
      "relay not permitted",
      "not permitted to relay",
    ],
  ],
  [
    "policy_blocked",
    [
      "policy",
      "prohibited",
      "administratively",
      "content rejected",
      "message rejected due to content",
    ],
  ],
];

/** About a mailbox that has no room: it may have some tomorrow. */
export const FULL_WORDS: WordTable = [
  [
    "mailbox_full",
    [
      "mailbox full",
      "mailbox is full",
      "mailbox size limit",
      "over quota",
      "overquota",
      "quota exceeded",
      "exceeded quota",
      "exceeded its quota",
      "exceeds quota",
      "exceeded storage",
      "out of storage",
      "inbox is full",
      "insufficient storage",
      "storage allocation",
    ],
  ],
];

/** About a mailbox or domain that is not there: the facts that suppress an address. */
export const MAILBOX_WORDS: WordTable = [
  [
    "invalid_address",
    [
      "host not found",
      "host or domain name not found",
      "domain not found",
      "domain does not exist",
      "domain doesn't exist",
      "name or service not known",
      "nxdomain",
      "null mx",
      "does not accept mail",
      "no such domain",
      "unrouteable mail domain",
      "bad destination mailbox address",
      "dns domain does not exist",
    ],
  ],
  [
    "mailbox_disabled",
    [
      "account is disabled",
      "account disabled",
      "account has been disabled",
      "mailbox disabled",
      "mailbox is disabled",
      "user disabled",
      "is inactive",
      "account inactive",
      "mailbox inactive",
      "deactivated",
      "account is closed",
      "account closed",
      "no longer active",
      "discontinued",
      "account has been suspended",
      "account suspended",
      "that you tried to reach is disabled",
      "mailbox is inactive",
    ],
  ],
  [
    "user_unknown",
    [
      "user unknown",
      "unknown user",
      "no such user",
      "no such recipient",
      "no such mailbox",
      "no such address",
      "does not exist",
      "doesn't exist",
      "doesn't have a",
      "recipient not found",
      "recipientnotfound",
      "mailbox not found",
      "user not found",
      "address not found",
      "invalid recipient",
      "unknown recipient",
      "recipient unknown",
      "unknown address",
      "address unknown",
      "unknown local part",
      "unrouteable address",
      "no mailbox here",
      "not a valid mailbox",
      "invalid mailbox",
      "no longer with",
      "no longer employed",
      "not our customer",
      "undeliverable address",
      "couldn't be found",
      "wasn't found at",
      "could not be found",
      "recipient address rejected: undeliverable",
    ],
  ],
];

/** About a server that is not well, or that wants us to come back. */
export const LATER_WORDS: WordTable = [
  ["greylisting", ["greylist", "graylist", "grey-list", "gray-list"]],
  [
    "rate_limited",
    [
      "receiving mail at a rate",
      "receiving mail too quickly",
      "too quickly",
      "try slower",
      "deferred due to rate",
    ],
  ],
  [
    "server_error",
    [
      "timed out",
      "timeout",
      "connection refused",
      "no route to host",
      "network is unreachable",
      "temporarily unavailable",
      "temporary failure",
      "try again later",
      "lost connection",
      "retry time not reached",
      "system not accepting",
      "mail loop",
      "too many hops",
      "retry timeout exceeded",
      "message expired",
      "local error",
      "insufficient system",
    ],
  ],
];

/** Codes whose meaning is settled (RFC 3463, 5248, 7505; mail.md 4.3): mailbox facts. */
export const MAILBOX_CODES: ReadonlyMap<string, BounceCategory> = new Map([
  ["5.1.1", "user_unknown"],
  ["5.1.2", "invalid_address"],
  ["5.1.3", "invalid_address"],
  ["5.1.6", "user_unknown"],
  ["5.1.10", "invalid_address"],
  ["5.2.1", "mailbox_disabled"],
  ["5.4.4", "invalid_address"],
]);

/** Codes about the sender, beside all of 5.7. */
export const SENDER_CODES: ReadonlyMap<string, BounceCategory> = new Map([
  ["5.1.7", "auth_failure"],
  ["5.1.8", "auth_failure"],
  ["5.4.5", "rate_limited"],
  ["5.7.8", "auth_failure"],
  ["5.7.9", "auth_failure"],
  ["5.7.20", "auth_failure"],
  ["5.7.21", "auth_failure"],
  ["5.7.22", "auth_failure"],
  ["5.7.23", "auth_failure"],
  ["5.7.24", "auth_failure"],
  ["5.7.25", "auth_failure"],
  ["5.7.26", "auth_failure"],
  ["5.7.27", "auth_failure"],
  ["5.7.28", "rate_limited"],
  ["5.7.30", "auth_failure"],
  ["5.7.57", "auth_failure"],
  ["5.7.60", "auth_failure"],
  ["5.7.64", "relay_denied"],
  ["5.7.509", "auth_failure"],
  ["5.7.511", "ip_blacklisted"],
  ["5.7.515", "auth_failure"],
  ["5.7.606", "ip_blacklisted"],
  ["5.7.705", "rate_limited"],
  ["5.7.708", "ip_blacklisted"],
  ["5.7.750", "auth_failure"],
]);

/** The first category of a table that has a word in the text, with that word. */
export function findWord(
  text: string,
  table: WordTable,
): { category: BounceCategory; word: string } | null {
  for (const [category, words] of table) {
    const word = words.find((candidate) => text.includes(candidate));
    if (word !== undefined) return { category, word };
  }
  return null;
}
