-- Companies whose people stop together, the ways that branches led, and the links of a mail.

-- The organisational domain of the address: one company. NULL for public mail domains, where neighbours are strangers.
-- Written with the address, for SQL does not know the list of public suffixes; for rows of before the host stands in, which
-- is the same but for people at a subdomain.
ALTER TABLE leads ADD COLUMN company_domain TEXT;
UPDATE leads SET company_domain = substr(email, instr(email, '@') + 1) WHERE instr(email, '@') > 0;
CREATE INDEX leads_company ON leads (company_domain) WHERE company_domain IS NOT NULL;

-- How a step was decided that has branches: the last time that it was due.
CREATE TABLE decisions (
  enrollment_id INTEGER NOT NULL REFERENCES enrollments (id),
  step_id       INTEGER NOT NULL REFERENCES steps (id), -- the step that was due
  went_to       INTEGER REFERENCES steps (id),          -- the step that is sent instead, or itself; NULL: the end
  trials        TEXT    NOT NULL,                       -- JSON: each branch that was tried, whether it held and why
  decided_at    INTEGER NOT NULL,
  PRIMARY KEY (enrollment_id, step_id)
) STRICT, WITHOUT ROWID;

-- Where the links of mails lead: what stands in a template stands here once, however many mails carry it.
CREATE TABLE links (
  id     INTEGER PRIMARY KEY,
  target TEXT    NOT NULL UNIQUE
) STRICT;
-- JSON: per link of the mail the id of its target, or the target itself where the lead's own words are part of it.
ALTER TABLE messages ADD COLUMN links TEXT;
