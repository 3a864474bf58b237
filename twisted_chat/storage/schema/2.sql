-- What version 2 added.

-- How much is kept of each feed, for the quotas of authors.
ALTER TABLE feeds ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;  -- of its batches, what was signed and the signatures
UPDATE feeds SET bytes = (SELECT coalesce(sum(length(sig) + length(body)), 0) FROM batches WHERE feed = feeds.id);

-- Members, in the order in which they became known: see core/people/roster.py.
CREATE TABLE members (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,  -- what it called itself last
    verified INTEGER NOT NULL,
    ignored INTEGER NOT NULL
);

-- The names that are a member's own, oldest first.
CREATE TABLE names (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    owner BLOB NOT NULL REFERENCES members (id)
);
CREATE INDEX names_by_owner ON names (owner);
