-- What a person's reply means, how sure that is, and what the owner's corrections have taught.

ALTER TABLE replies ADD COLUMN unsure INTEGER CHECK (unsure IN (0, 1)); -- of a person's reply: the category is the best of several
ALTER TABLE replies ADD COLUMN evidence_start INTEGER; -- where the evidence stands in the text, in UTF-16 units
ALTER TABLE replies ADD COLUMN evidence_end INTEGER;
ALTER TABLE replies ADD COLUMN asked_at INTEGER;       -- when the classifier of the settings was asked

-- Unsure replies that nobody was asked about yet.
CREATE INDEX replies_unsure ON replies (received_at) WHERE unsure = 1 AND asked_at IS NULL;

-- Corrections as the model sees them: hashed features and no word (Invariant 8). Bounded: the oldest go first.
CREATE TABLE meaning_corrections (
  reply_id     INTEGER NOT NULL,
  said         TEXT    NOT NULL, -- what imail had said
  category     TEXT    NOT NULL, -- what the person said
  rule         TEXT,             -- what the phrase rules say by themselves
  version      INTEGER NOT NULL, -- of the features: those of another version teach nothing
  features     BLOB    NOT NULL, -- numbers of features, 16 bits each, little endian
  corrected_at INTEGER NOT NULL,
  PRIMARY KEY (reply_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX meaning_corrections_age ON meaning_corrections (corrected_at);
