-- Doubts and their evidence, Message-IDs that a provider rewrites, and what only the sent journal still knows.

ALTER TABLE messages ADD COLUMN released_at INTEGER; -- when its dot was last let go, whatever came of it; never taken back
ALTER TABLE messages ADD COLUMN resent_at INTEGER;   -- when a person had it sent again: from the same inbox, under the same Message-ID
ALTER TABLE messages ADD COLUMN passed_at INTEGER;   -- uncertain: since then it holds its enrollment no more
ALTER TABLE messages ADD COLUMN look_at INTEGER;     -- when Sent is searched for it again; NULL: at once
ALTER TABLE messages ADD COLUMN looks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN wire_id TEXT CHECK (wire_id IN ('due')); -- the Message-ID that went out is still to be learnt
UPDATE messages SET released_at = committed_at WHERE committed_at IS NOT NULL;

DROP INDEX messages_uncertain;
CREATE INDEX messages_uncertain ON messages (inbox_id, look_at) WHERE state = 'uncertain'; -- lookups
CREATE INDEX messages_holding ON messages (committed_at) WHERE state = 'uncertain' AND passed_at IS NULL; -- what holds an enrollment for too long
CREATE INDEX messages_wire_ids ON messages (inbox_id) WHERE wire_id = 'due';

ALTER TABLE inboxes ADD COLUMN rewrites_ids INTEGER;   -- does the provider put its own Message-ID in place of ours? NULL: not known yet
ALTER TABLE inboxes ADD COLUMN ids_checked_at INTEGER; -- when that was last found out

ALTER TABLE suppressions ADD COLUMN erased_at INTEGER; -- when the person was erased: copies made before may still hold them
UPDATE suppressions SET erased_at = created_at WHERE reason = 'erased';
CREATE INDEX suppressions_erased ON suppressions (erased_at) WHERE erased_at IS NOT NULL;

-- Mails that the sent journal knows and this database does not: their enrollment, lead or inbox came after it was saved.
-- Whoever has this address is not sent that step again, however they come back.
CREATE TABLE journaled_mails (
  campaign_id INTEGER NOT NULL,
  step_id     INTEGER NOT NULL,
  key         BLOB    NOT NULL, -- keyed hash of the address
  message_id  INTEGER NOT NULL, -- the id under which it went out
  sent_at     INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, step_id, key)
) STRICT, WITHOUT ROWID;
