-- What `explain` tells: since when something is as it is, and how many leads wait for what, out of small indexes.

ALTER TABLE campaigns ADD COLUMN state_since INTEGER; -- when its state last changed; NULL: before this column was there
ALTER TABLE enrollments ADD COLUMN state_since INTEGER; -- when its state, or what blocks it, last changed; NULL: before this column was there

-- What neither waits in the due indexes nor has ended. A waiting lead enters and leaves it only where it is blocked.
CREATE INDEX enrollments_kept_back ON enrollments (campaign_id, state, blocked_by, held_until, blocked_until)
  WHERE state IN ('held', 'paused') OR (state = 'waiting' AND blocked_until IS NOT NULL);
