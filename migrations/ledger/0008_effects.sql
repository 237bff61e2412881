-- What inbound mail does beyond a match: mails of which only the envelope is listed, meetings, and mails of which no
-- bounce came for six hours.

-- Where an untracked mail lies (RFC 9051 2.3.1.1): of it nothing is kept but its envelope and this.
ALTER TABLE replies ADD COLUMN folder TEXT;
ALTER TABLE replies ADD COLUMN uidvalidity INTEGER;
ALTER TABLE replies ADD COLUMN uid INTEGER;
ALTER TABLE replies ADD COLUMN attached_at INTEGER; -- when a person said whose answer it is
CREATE INDEX replies_untracked ON replies (inbox_id, header_id) WHERE matched_by = 'untracked';
CREATE INDEX replies_automatic ON replies (sender, received_at) WHERE kind = 'auto_reply'; -- machines that answer machines

ALTER TABLE messages ADD COLUMN delivery TEXT CHECK (delivery IN ('due')); -- nothing is known yet of its arrival
CREATE INDEX messages_delivery ON messages (sent_at) WHERE delivery = 'due';

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
