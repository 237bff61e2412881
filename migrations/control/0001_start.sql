-- Everything that is not one workspace's data in one mode.

CREATE TABLE installation (
  id             INTEGER PRIMARY KEY CHECK (id = 1),
  secret         BLOB    NOT NULL CHECK (length(secret) = 32), -- derives Message-IDs, tokens and suppression keys; never rotated
  key_fingerprint BLOB,                                        -- of the master key that sealed the data keys
  lock_identity  TEXT,                                         -- inode and birth time of the lock file: a copied directory is noticed
  created_at     INTEGER NOT NULL
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
) STRICT;

CREATE TABLE users (
  id            INTEGER PRIMARY KEY,
  email         TEXT    NOT NULL UNIQUE,
  password_hash TEXT    NOT NULL, -- argon2id
  created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE setup_tokens (
  hash       BLOB    PRIMARY KEY, -- SHA-256 of the one-time token
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

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

-- A mailbox is live in one workspace only, else its provider's limits would be counted twice.
CREATE TABLE live_mailboxes (
  email        TEXT    PRIMARY KEY,
  workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
  inbox_id     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
