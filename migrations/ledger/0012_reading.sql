-- Inbound mails that could not be read. Nothing of them is kept but where they lie and why: a person may look at them there.

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
CREATE INDEX unread_mails_quarantined ON unread_mails (inbox_id) WHERE quarantined_at IS NOT NULL; -- how many: doctor and status
