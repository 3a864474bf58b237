-- What version 4 added.

-- The holes of each feed, the highest first, as JSON: see core/replication/holes.py. What stood in base, hole_first and hole_last, which no
-- longer mean anything, is taken over; what has to fit there is not known of it. (Not every SQLite can drop a column.)
ALTER TABLE feeds ADD COLUMN holes TEXT NOT NULL DEFAULT '[]';
UPDATE feeds SET holes = '[[' || hole_first || ',' || hole_last || ',' || min(base, hole_first) || ',null,0,null,0]]' WHERE hole_first > 0;

-- Numbers from 2^40 on are no longer taken, so whoever held one could tell nobody of it.
DELETE FROM forks WHERE place > 1099511627776;
DELETE FROM batches WHERE last > 1099511627776;
DELETE FROM labels WHERE batch NOT IN (SELECT id FROM batches);
DELETE FROM feeds WHERE high > 1099511627776;
