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

CREATE TABLE api_keys (
  id           INTEGER PRIMARY KEY,
  public_id    TEXT    NOT NULL UNIQUE, -- what stands before the dot
  secret_hash  BLOB    NOT NULL,        -- SHA-256 of 256 random bits
  workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
  mode         TEXT    NOT NULL CHECK (mode IN ('live', 'test')),
  name         TEXT    NOT NULL,
  scopes       TEXT    NOT NULL,        -- JSON array
  created_at   INTEGER NOT NULL,
  last_used_at INTEGER,
  expires_at   INTEGER,
  revoked_at   INTEGER
) STRICT;

CREATE TABLE installation (
  id             INTEGER PRIMARY KEY CHECK (id = 1),
  secret         BLOB    NOT NULL CHECK (length(secret) = 32), -- derives Message-IDs, tokens and suppression keys; never rotated
  key_fingerprint BLOB,                                        -- of the master key that sealed the data keys
  lock_identity  TEXT,                                         -- inode and birth time of the lock file: a copied directory is noticed
  created_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE live_mailboxes (
  email        TEXT    PRIMARY KEY,
  workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
  inbox_id     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE migrations (name TEXT PRIMARY KEY, hash TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  id           INTEGER PRIMARY KEY,
  hash         BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the 256 random bits in the cookie
  user_id      INTEGER NOT NULL REFERENCES users (id),
  secure       INTEGER NOT NULL CHECK (secure IN (0, 1)),         -- signed in over https: its cookie never travels without
  created_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  renewed_at   INTEGER NOT NULL                                   -- when its newest token was made: only that one can be renewed
) STRICT;

CREATE TABLE setup_tokens (
  hash       BLOB    PRIMARY KEY, -- SHA-256 of the one-time token
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  id            INTEGER PRIMARY KEY,
  email         TEXT    NOT NULL UNIQUE,
  password_hash TEXT    NOT NULL, -- argon2id
  created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE workspaces (
  id             INTEGER PRIMARY KEY,
  name           TEXT    NOT NULL,
  zone           TEXT    NOT NULL,
  tier           TEXT    NOT NULL CHECK (tier IN ('spark', 'surge', 'velocity', 'apex')),
  postal_address TEXT,
  data_key       BLOB    NOT NULL, -- sealed with the master key; seals the logins of this workspace's inboxes
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL
, retention_days INTEGER CHECK (retention_days BETWEEN 1 AND 3650)) STRICT;

CREATE INDEX answers_created ON answers (created_at);

CREATE INDEX sessions_user ON sessions (user_id);
