-- What inbound mail does beyond a match: mails of which only the envelope is listed, machines that answer machines, and
-- mails of which no bounce came for six hours.

CREATE INDEX replies_untracked ON replies (inbox_id, header_id) WHERE matched_by = 'untracked';
CREATE INDEX replies_automatic ON replies (sender, received_at) WHERE kind = 'auto_reply'; -- machines that answer machines

ALTER TABLE messages ADD COLUMN delivery TEXT CHECK (delivery IN ('due')); -- nothing is known yet of its arrival
CREATE INDEX messages_delivery ON messages (sent_at) WHERE delivery = 'due';
