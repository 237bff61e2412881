-- Inboxes that are logged into with tokens of Google or Microsoft in place of a password.

ALTER TABLE inboxes ADD COLUMN auth TEXT NOT NULL DEFAULT 'password' CHECK (auth IN ('password', 'oauth'));

-- What the provider granted when the mailbox's owner signed in; no row before that.
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
