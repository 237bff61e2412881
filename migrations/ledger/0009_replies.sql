-- What people do with replies (correct, attach, answer), and the calendars that tell of meetings.

ALTER TABLE replies ADD COLUMN person_category TEXT;  -- what a person says it means; `category` stays the machine's
ALTER TABLE replies ADD COLUMN corrected_by    TEXT;  -- the public id of a key, or a user's
ALTER TABLE replies ADD COLUMN attached_by     TEXT;  -- who has found out whose it is
-- Where the mail lies of which only the envelope is kept (matched_by = 'untracked'): its body is fetched when it is opened.
ALTER TABLE replies ADD COLUMN folder          TEXT;
ALTER TABLE replies ADD COLUMN uidvalidity     INTEGER;
ALTER TABLE replies ADD COLUMN uid             INTEGER;
CREATE INDEX replies_unread ON replies (inbox_id) WHERE read_at IS NULL AND lead_id IS NOT NULL; -- how many wait to be read

ALTER TABLE messages ADD COLUMN reply_id  INTEGER;    -- of an answer: the reply that it answers
ALTER TABLE messages ADD COLUMN sent_by   TEXT;       -- of an answer: who wrote it, the public id of a key, or a user's
ALTER TABLE messages ADD COLUMN overrules INTEGER NOT NULL DEFAULT 0; -- a person has it sent to somebody who is suppressed

-- Calendars that may post bookings. The token is in their URL, the secret signs what they post.
CREATE TABLE booking_sources (
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL,
  token_hash BLOB    NOT NULL UNIQUE, -- SHA-256
  secret     BLOB    NOT NULL,        -- sealed with the workspace's data key, bound to this row and column
  used_at    INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

-- Meetings with leads, each once per UID (RFC 5545 3.8.4.7), or per booking of a booking page.
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
