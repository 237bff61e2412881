-- What the v1 contract asks of control.db: sessions of signed-in people, and what a workspace can be told.

CREATE TABLE sessions (
  id           INTEGER PRIMARY KEY,
  hash         BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the 256 random bits in the cookie
  user_id      INTEGER NOT NULL REFERENCES users (id),
  secure       INTEGER NOT NULL CHECK (secure IN (0, 1)),         -- signed in over https: its cookie never travels without
  created_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  renewed_at   INTEGER NOT NULL                                   -- when its newest token was made: only that one can be renewed
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);                 -- drops all of a user when the password changes

ALTER TABLE workspaces ADD COLUMN retention_days INTEGER CHECK (retention_days BETWEEN 1 AND 3650); -- null keeps for ever

-- Answers to requests with an Idempotency-Key whose effect stands in control.db. As in a ledger.
CREATE TABLE answers (
  key_id          INTEGER NOT NULL, -- the API key, or the session
  idempotency_key TEXT    NOT NULL,
  fingerprint     BLOB    NOT NULL CHECK (length(fingerprint) = 32), -- SHA-256 of method, path and body
  created_at      INTEGER NOT NULL,
  started         TEXT,             -- JSON: what an unfinished request had decided before its first effect
  answer          BLOB,             -- sealed with the caller's own secret; null until the effect is done
  people          TEXT    NOT NULL,
  UNIQUE (key_id, idempotency_key)
) STRICT;
CREATE INDEX answers_created ON answers (created_at); -- drops those of yesterday
