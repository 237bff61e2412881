CREATE TABLE answers (
  key_id          INTEGER NOT NULL, -- the API key, or the session
  idempotency_key TEXT    NOT NULL,
  fingerprint     BLOB    NOT NULL CHECK (length(fingerprint) = 32), -- SHA-256 of method, path and body
  created_at      INTEGER NOT NULL, -- of the system's clock, in test mode too
  started         TEXT,             -- JSON: what an unfinished request had decided before its first effect
  answer          BLOB,             -- sealed with the caller's own secret; null until the effect is done
  people          TEXT    NOT NULL, -- lead ids and addresses in it, each between spaces: erasing a lead finds them
  UNIQUE (key_id, idempotency_key)
) STRICT;

CREATE TABLE booking_sources (
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL,
  token_hash BLOB    NOT NULL UNIQUE, -- SHA-256
  secret     BLOB    NOT NULL,        -- sealed with the workspace's data key, bound to this row and column
  used_at    INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE campaign_inboxes (
  campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
  inbox_id    INTEGER NOT NULL REFERENCES inboxes (id),
  position    INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, inbox_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE campaigns (
  id                      INTEGER PRIMARY KEY,
  name                    TEXT    NOT NULL,
  state                   TEXT    NOT NULL CHECK (state IN ('draft', 'active', 'paused', 'archived')),
  paused_by               TEXT,
  paused_reason           TEXT,
  daily_limit             INTEGER NOT NULL,
  daily_new_leads         INTEGER,
  send_window             TEXT    NOT NULL, -- JSON
  track_opens             INTEGER NOT NULL,
  track_clicks            INTEGER NOT NULL,
  stop_on_reply           INTEGER NOT NULL,
  stop_for_company        INTEGER NOT NULL,
  max_per_company_per_day INTEGER,
  lead_cooldown           TEXT    NOT NULL,
  created_at              INTEGER NOT NULL,
  updated_at              INTEGER NOT NULL,
  archived_at             INTEGER, state_since INTEGER,
  CHECK ((state = 'archived') = (archived_at IS NOT NULL))
) STRICT;

CREATE TABLE counters (
  day         TEXT    NOT NULL,
  campaign_id INTEGER NOT NULL, -- 0: none
  step_id     INTEGER NOT NULL,
  inbox_id    INTEGER NOT NULL,
  variant_id  TEXT    NOT NULL,
  metric      TEXT    NOT NULL,
  n           INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, day, metric, step_id, inbox_id, variant_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
  enrollment_id INTEGER NOT NULL REFERENCES enrollments (id),
  step_id       INTEGER NOT NULL REFERENCES steps (id), -- the step that was due
  went_to       INTEGER REFERENCES steps (id),          -- the step that is sent instead, or itself; NULL: the end
  trials        TEXT    NOT NULL,                       -- JSON: each branch that was tried, whether it held and why
  decided_at    INTEGER NOT NULL,
  PRIMARY KEY (enrollment_id, step_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE enrollments (
  id            INTEGER PRIMARY KEY,
  campaign_id   INTEGER NOT NULL REFERENCES campaigns (id),
  lead_id       INTEGER NOT NULL REFERENCES leads (id),
  state         TEXT    NOT NULL CHECK (state IN ('waiting', 'held', 'paused', 'completed', 'stopped')),
  ended_by      TEXT,
  paused_by     TEXT,
  inbox_id      INTEGER REFERENCES inboxes (id), -- sticky from the first send on
  step_id       INTEGER REFERENCES steps (id),   -- the next step
  due_at        INTEGER,                         -- the earliest instant of the next step
  zone          TEXT    NOT NULL,                -- the lead's zone as resolved: lead, country, phone, workspace
  zone_basis    TEXT    NOT NULL,
  in_flight     INTEGER REFERENCES messages (id), -- its mail that is claimed, committed or uncertain
  held_until    INTEGER,
  blocked_until INTEGER,                         -- a gate of this lead alone: out of the due index until then
  blocked_by    TEXT,
  last_sent_at  INTEGER,
  last_step_id  INTEGER,
  sent_count    INTEGER NOT NULL DEFAULT 0,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL, state_since INTEGER,
  UNIQUE (campaign_id, lead_id),
  CHECK ((state IN ('completed', 'stopped')) = (ended_by IS NOT NULL)),
  CHECK ((state = 'held') = (held_until IS NOT NULL)),
  CHECK (state <> 'waiting' OR in_flight IS NOT NULL OR (step_id IS NOT NULL AND due_at IS NOT NULL))
) STRICT;

CREATE TABLE events (
  id          INTEGER PRIMARY KEY,
  event       TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  campaign_id INTEGER,
  lead_id     INTEGER,
  step_id     INTEGER,
  message_id  INTEGER,
  inbox_id    INTEGER,
  detail      TEXT    NOT NULL
) STRICT;

CREATE TABLE folders (
  inbox_id    INTEGER NOT NULL REFERENCES inboxes (id),
  path        TEXT    NOT NULL,
  role        TEXT    NOT NULL CHECK (role IN ('inbox', 'junk', 'sent', 'all')),
  uidvalidity INTEGER NOT NULL,
  next_uid    INTEGER NOT NULL, -- the first UID that was not judged yet
  read_at     INTEGER NOT NULL,
  PRIMARY KEY (inbox_id, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE inboxes (
  id              INTEGER PRIMARY KEY,
  email           TEXT    NOT NULL,
  name            TEXT    NOT NULL,
  provider        TEXT    NOT NULL CHECK (provider IN ('smtp', 'gmail', 'microsoft', 'sandbox')),
  smtp            TEXT    NOT NULL, -- JSON {host, port, security, username, ca}
  imap            TEXT    NOT NULL,
  smtp_password   BLOB,             -- sealed with the workspace's data key, bound to this row and column
  imap_password   BLOB,
  daily_limit     INTEGER NOT NULL,
  hourly_limit    INTEGER NOT NULL,
  min_gap_seconds INTEGER NOT NULL,
  signature       TEXT    NOT NULL,
  reply_to        TEXT,
  save_sent       TEXT    NOT NULL CHECK (save_sent IN ('auto', 'always', 'never')),
  files_sent      INTEGER,          -- does the provider file a copy in Sent by itself? NULL: not known yet
  state           TEXT    NOT NULL CHECK (state IN ('pending_auth', 'active', 'paused', 'disconnected', 'needs_login')),
  state_reason    TEXT,             -- the server's words, or who paused it
  state_since     INTEGER NOT NULL,
  failures        INTEGER NOT NULL DEFAULT 0, -- of sending, in a row
  failing_since   INTEGER,
  retry_at        INTEGER,          -- after a sender fault or a lost connection: no sending before then
  next_slot_at    INTEGER NOT NULL DEFAULT 0, -- pace: no mail before this
  read_at         INTEGER,          -- all folders were read up to date at this instant
  read_failures   INTEGER NOT NULL DEFAULT 0, -- of reading, in a row
  read_failing_since INTEGER,
  read_fault      TEXT,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  deleted_at      INTEGER
, rewrites_ids INTEGER, ids_checked_at INTEGER, auth TEXT NOT NULL DEFAULT 'password' CHECK (auth IN ('password', 'oauth'))) STRICT;

CREATE TABLE journaled_mails (
  campaign_id INTEGER NOT NULL,
  step_id     INTEGER NOT NULL,
  key         BLOB    NOT NULL, -- keyed hash of the address
  message_id  INTEGER NOT NULL, -- the id under which it went out
  sent_at     INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, step_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE judged_mails (
  inbox_id  INTEGER NOT NULL,
  digest    BLOB    NOT NULL, -- SHA-256 of Message-ID, Date, From and size
  judged_at INTEGER NOT NULL,
  PRIMARY KEY (inbox_id, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE leads (
  id         INTEGER PRIMARY KEY,
  email      TEXT    NOT NULL UNIQUE, -- lower case, IDNA, plus tags kept
  first_name TEXT,
  last_name  TEXT,
  company    TEXT,
  title      TEXT,
  phone      TEXT,
  website    TEXT,
  country    TEXT,
  timezone   TEXT,
  tags       TEXT    NOT NULL, -- JSON array
  source     TEXT,
  custom     TEXT    NOT NULL, -- JSON object of scalars
  state      TEXT    NOT NULL CHECK (state IN ('new', 'in_sequence', 'interested', 'meeting', 'not_interested',
                                               'unsubscribed', 'bounced', 'complained', 'suppressed')),
  mailed_at  INTEGER, -- the last mail of any campaign: the cool-down, and the address is fixed from then on
  soft_bounces INTEGER NOT NULL DEFAULT 0, -- in a row
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
, company_domain TEXT) STRICT;

CREATE TABLE lifted_suppressions (
  id         INTEGER PRIMARY KEY, -- that of the suppression
  kind       TEXT    NOT NULL CHECK (kind IN ('address', 'domain')),
  key        BLOB    NOT NULL,    -- keyed hash of the value
  reason     TEXT    NOT NULL,
  source     TEXT    NOT NULL,
  evidence   TEXT,
  consent    TEXT,                -- how and when the person agreed to be mailed again
  created_at INTEGER NOT NULL,
  lifted_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE links (
  id     INTEGER PRIMARY KEY,
  target TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE meaning_corrections (
  reply_id     INTEGER NOT NULL,
  said         TEXT    NOT NULL, -- what imail had said
  category     TEXT    NOT NULL, -- what the person said
  rule         TEXT,             -- what the phrase rules say by themselves
  version      INTEGER NOT NULL, -- of the features: those of another version teach nothing
  features     BLOB    NOT NULL, -- numbers of features, 16 bits each, little endian
  corrected_at INTEGER NOT NULL,
  PRIMARY KEY (reply_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE meetings (
  id         INTEGER PRIMARY KEY,
  lead_id    INTEGER NOT NULL REFERENCES leads (id),
  uid        TEXT    NOT NULL,
  source     TEXT    NOT NULL CHECK (source IN ('calendar', 'booking')),
  state      TEXT    NOT NULL CHECK (state IN ('booked', 'cancelled', 'no_show')),
  starts_at  INTEGER,
  told_at    INTEGER, -- when meeting.booked was told; NULL: its cancellation came first
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (lead_id, uid)
) STRICT;

CREATE TABLE message_aliases (
  alias      TEXT    PRIMARY KEY,
  message_id INTEGER NOT NULL REFERENCES messages (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
  id            INTEGER PRIMARY KEY,
  kind          TEXT    NOT NULL CHECK (kind IN ('step', 'answer', 'test', 'ring', 'probe')),
  state         TEXT    NOT NULL CHECK (state IN ('queued', 'claimed', 'committed', 'sent', 'deferred', 'failed', 'uncertain', 'cancelled')),
  campaign_id   INTEGER REFERENCES campaigns (id),
  lead_id       INTEGER REFERENCES leads (id),
  enrollment_id INTEGER REFERENCES enrollments (id),
  step_id       INTEGER REFERENCES steps (id),
  variant_id    TEXT,
  inbox_id      INTEGER NOT NULL REFERENCES inboxes (id),
  recipient     TEXT    NOT NULL,
  subject       TEXT    NOT NULL,
  text          TEXT,
  html          TEXT,
  bytes         BLOB,             -- the mail as it is sent, until it is final and its copy is filed
  boot_id       INTEGER,          -- the process that claimed it
  attempts      INTEGER NOT NULL DEFAULT 0,
  slot_at       INTEGER,          -- when its slot was taken: what the rolling hour counts; NULL when it was given back
  quota_day     TEXT,             -- the day whose quotas it holds; NULL when they were given back
  first_of_lead INTEGER NOT NULL DEFAULT 0, -- holds a place among the day's new leads
  follow_up     INTEGER NOT NULL DEFAULT 0, -- its inbox must have been read up to date
  window_until  INTEGER,          -- the send window, or the day, in which it was claimed ends then
  queued_at     INTEGER NOT NULL,
  deferred_since INTEGER,         -- its first deferral: 24 h later it is given up
  claimed_at    INTEGER,
  committed_at  INTEGER,
  sent_at       INTEGER,
  retry_at      INTEGER,          -- deferred: not before then
  finished_at   INTEGER,
  response      TEXT,             -- the server's last words
  copy          TEXT CHECK (copy IN ('due', 'filed')), -- the copy in the Sent folder
  copy_retry_at INTEGER,
  looked_up_at  INTEGER, links TEXT, released_at INTEGER, resent_at INTEGER, passed_at INTEGER, look_at INTEGER, looks INTEGER NOT NULL DEFAULT 0, wire_id TEXT CHECK (wire_id IN ('due')), delivery TEXT CHECK (delivery IN ('due')), reply_id  INTEGER, sent_by   TEXT, overrules INTEGER NOT NULL DEFAULT 0,          -- uncertain: when evidence was last looked for
  UNIQUE (enrollment_id, step_id),
  CHECK (kind <> 'step' OR (enrollment_id IS NOT NULL AND step_id IS NOT NULL AND lead_id IS NOT NULL AND campaign_id IS NOT NULL)),
  CHECK ((state IN ('sent', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
  CHECK (state NOT IN ('claimed', 'committed') OR (boot_id IS NOT NULL AND bytes IS NOT NULL)),
  CHECK ((state = 'deferred') = (retry_at IS NOT NULL))
) STRICT;

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE migrations (name TEXT PRIMARY KEY, hash TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE quotas (
  day     TEXT    NOT NULL,
  subject TEXT    NOT NULL CHECK (subject IN ('inbox', 'campaign', 'campaign_new', 'company')),
  id      TEXT    NOT NULL,
  used    INTEGER NOT NULL CHECK (used >= 0),
  PRIMARY KEY (day, subject, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE replies (
  id              INTEGER PRIMARY KEY,
  kind            TEXT    NOT NULL CHECK (kind IN ('reply', 'auto_reply', 'hard_bounce', 'soft_bounce', 'complaint', 'unsubscribe', 'ignore')),
  category        TEXT,
  confidence      REAL,
  source          TEXT,
  evidence        TEXT,
  matched_by      TEXT    NOT NULL,
  inbox_id        INTEGER NOT NULL REFERENCES inboxes (id),
  lead_id         INTEGER REFERENCES leads (id),
  campaign_id     INTEGER,
  message_id      INTEGER,
  sender          TEXT    NOT NULL,
  subject         TEXT    NOT NULL,
  text            TEXT    NOT NULL, -- the new text only
  header_id       TEXT,
  return_date     TEXT,
  enhanced_status TEXT,
  fault           TEXT CHECK (fault IN ('mailbox', 'sender', 'transient')),
  received_at     INTEGER NOT NULL,
  read_at         INTEGER
, person_category TEXT, corrected_by    TEXT, attached_by     TEXT, folder          TEXT, uidvalidity     INTEGER, uid             INTEGER, unsure INTEGER CHECK (unsure IN (0, 1)), evidence_start INTEGER, evidence_end INTEGER, asked_at INTEGER) STRICT;

CREATE TABLE sandbox_mails (
  id         INTEGER PRIMARY KEY,
  inbox_id   INTEGER NOT NULL REFERENCES inboxes (id),
  folder     TEXT    NOT NULL CHECK (folder IN ('outbox', 'INBOX', 'Junk', 'Sent')),
  uid        INTEGER NOT NULL,
  sender     TEXT    NOT NULL,
  recipient  TEXT    NOT NULL,
  bytes      BLOB    NOT NULL,
  arrives_at INTEGER NOT NULL, -- on the test clock
  UNIQUE (inbox_id, folder, uid)
) STRICT;

CREATE TABLE sign_ins (
  inbox_id      INTEGER NOT NULL REFERENCES inboxes (id),
  refresh_token BLOB    NOT NULL, -- sealed like a password, bound to this row and column
  access_token  BLOB    NOT NULL,
  got_at        INTEGER NOT NULL, -- when the access token was granted
  expires_at    INTEGER NOT NULL, -- when it ends
  signed_in_at  INTEGER NOT NULL, -- when its owner signed in
  ends_at       INTEGER,          -- when the provider will ask for a new sign-in; NULL: it did not say
  refused       TEXT,             -- why the provider refreshes no more; NULL: it does
  PRIMARY KEY (inbox_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE steps (
  id          INTEGER PRIMARY KEY,
  campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
  position    INTEGER NOT NULL,
  delay       TEXT    NOT NULL,
  subject     TEXT    NOT NULL,
  body        TEXT    NOT NULL,
  html        INTEGER NOT NULL,
  variants    TEXT    NOT NULL, -- JSON [{id, subject, body, weight}]
  branches    TEXT    NOT NULL, -- JSON
  created_at  INTEGER NOT NULL,
  removed_at  INTEGER
) STRICT;

CREATE TABLE suppressions (
  id         INTEGER PRIMARY KEY,
  kind       TEXT    NOT NULL CHECK (kind IN ('address', 'domain')),
  value      TEXT,             -- NULL once the person was erased
  key        BLOB    NOT NULL, -- keyed hash of the value: it outlives erasure
  reason     TEXT    NOT NULL CHECK (reason IN ('unsubscribed', 'bounced', 'complained', 'erased', 'manual')),
  source     TEXT    NOT NULL,
  evidence   TEXT,
  created_at INTEGER NOT NULL, erased_at INTEGER,
  UNIQUE (key)
) STRICT;

CREATE TABLE unread_mails (
  inbox_id    INTEGER NOT NULL REFERENCES inboxes (id),
  path        TEXT    NOT NULL,
  uidvalidity INTEGER NOT NULL,
  uid         INTEGER NOT NULL,
  attempts    INTEGER NOT NULL, -- 0: fetched together with one that failed, and not tried by itself yet
  reason      TEXT    NOT NULL, -- the server's words, or which limit it broke
  sha256      BLOB,             -- of its bytes, where they came
  quarantined_at INTEGER,       -- since then reading goes on without it; NULL: it is tried again
  PRIMARY KEY (inbox_id, path, uidvalidity, uid)
) STRICT, WITHOUT ROWID;

CREATE INDEX answers_created ON answers (created_at);

CREATE INDEX campaign_inboxes_inbox ON campaign_inboxes (inbox_id);

CREATE INDEX counters_inbox ON counters (inbox_id, day, metric);

CREATE INDEX enrollments_blocked ON enrollments (blocked_until) WHERE state = 'waiting' AND blocked_until IS NOT NULL;

CREATE INDEX enrollments_first ON enrollments (campaign_id, zone, due_at)
  WHERE state = 'waiting' AND in_flight IS NULL AND blocked_until IS NULL AND inbox_id IS NULL;

CREATE INDEX enrollments_follow_up ON enrollments (inbox_id, campaign_id, zone, due_at)
  WHERE state = 'waiting' AND in_flight IS NULL AND blocked_until IS NULL AND inbox_id IS NOT NULL;

CREATE INDEX enrollments_held ON enrollments (held_until) WHERE state = 'held';

CREATE INDEX enrollments_kept_back ON enrollments (campaign_id, state, blocked_by, held_until, blocked_until)
  WHERE state IN ('held', 'paused') OR (state = 'waiting' AND blocked_until IS NOT NULL);

CREATE INDEX enrollments_lead ON enrollments (lead_id);

CREATE INDEX events_campaign ON events (campaign_id, event, created_at) WHERE campaign_id IS NOT NULL;

CREATE INDEX events_lead ON events (lead_id) WHERE lead_id IS NOT NULL;

CREATE UNIQUE INDEX inboxes_email ON inboxes (email) WHERE deleted_at IS NULL;

CREATE INDEX judged_mails_age ON judged_mails (judged_at);

CREATE INDEX leads_company ON leads (company_domain) WHERE company_domain IS NOT NULL;

CREATE INDEX lifted_suppressions_key ON lifted_suppressions (key);

CREATE INDEX meaning_corrections_age ON meaning_corrections (corrected_at);

CREATE INDEX message_aliases_message ON message_aliases (message_id);

CREATE INDEX messages_copies ON messages (inbox_id) WHERE copy = 'due';

CREATE INDEX messages_deferred ON messages (retry_at) WHERE state = 'deferred';

CREATE INDEX messages_delivery ON messages (sent_at) WHERE delivery = 'due';

CREATE INDEX messages_holding ON messages (committed_at) WHERE state = 'uncertain' AND passed_at IS NULL;

CREATE INDEX messages_lead ON messages (lead_id);

CREATE INDEX messages_slots ON messages (inbox_id, slot_at) WHERE slot_at IS NOT NULL;

CREATE INDEX messages_uncertain ON messages (inbox_id, look_at) WHERE state = 'uncertain';

CREATE INDEX messages_under_way ON messages (inbox_id) WHERE state IN ('claimed', 'committed');

CREATE INDEX messages_wire_ids ON messages (inbox_id) WHERE wire_id = 'due';

CREATE INDEX replies_automatic ON replies (sender, received_at) WHERE kind = 'auto_reply';

CREATE INDEX replies_lead ON replies (lead_id);

CREATE INDEX replies_unread ON replies (inbox_id) WHERE read_at IS NULL AND lead_id IS NOT NULL;

CREATE INDEX replies_unsure ON replies (received_at) WHERE unsure = 1 AND asked_at IS NULL;

CREATE INDEX replies_untracked ON replies (inbox_id, header_id) WHERE matched_by = 'untracked';

CREATE INDEX sandbox_mails_coming ON sandbox_mails (arrives_at) WHERE uid < 0;

CREATE UNIQUE INDEX steps_of_campaign ON steps (campaign_id, position) WHERE removed_at IS NULL;

CREATE INDEX suppressions_erased ON suppressions (erased_at) WHERE erased_at IS NOT NULL;

CREATE INDEX unread_mails_quarantined ON unread_mails (inbox_id) WHERE quarantined_at IS NOT NULL;
