-- What the v1 contract asks of a ledger.

-- Suppressions that were taken back, with what they were and the proof of consent: an opt-out leaves a trace for good.
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
CREATE INDEX lifted_suppressions_key ON lifted_suppressions (key); -- erasure takes the words out

-- Answers to requests with an Idempotency-Key, written in the transaction of the effect and kept for 24 hours.
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
CREATE INDEX answers_created ON answers (created_at); -- drops those of yesterday
