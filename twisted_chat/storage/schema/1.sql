-- One group's conversation. All steps are applied to an empty database in one transaction, which also sets user_version.
PRAGMA application_id = 1952673896;  -- 'tcph'

-- A feed and its head: see storage/heads.py.
CREATE TABLE feeds (
    id INTEGER PRIMARY KEY,
    author BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    base INTEGER NOT NULL,
    hole_first INTEGER NOT NULL,
    hole_last INTEGER NOT NULL,
    tip BLOB NOT NULL,
    tip_first INTEGER NOT NULL,
    tip_lc INTEGER NOT NULL,
    UNIQUE (author, epoch)
);

-- The bytes that were signed, and what has to be known of them without looking inside.
CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    feed INTEGER NOT NULL REFERENCES feeds (id),
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    last_lc INTEGER NOT NULL,
    received INTEGER NOT NULL,  -- wall clock, milliseconds since 1970
    notable INTEGER NOT NULL,  -- whether it tells of rooms or topics
    checksum INTEGER NOT NULL,  -- CRC-32 of sig and body: SQLite has none
    sig BLOB NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (feed, first)
);
CREATE INDEX batches_by_time ON batches (last_lc);
CREATE INDEX notable_batches ON batches (last_lc) WHERE notable;

-- For each feed that is forked, the proof with the lowest place.
CREATE TABLE forks (
    author BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    place INTEGER NOT NULL,
    one_sig BLOB NOT NULL,
    one_body BLOB NOT NULL,
    other_sig BLOB NOT NULL,
    other_body BLOB NOT NULL,
    PRIMARY KEY (author, epoch)
);

-- How far the word index has come, by batches.id. The index itself is made by the first search: see storage/words.py.
CREATE TABLE indexed (upto INTEGER NOT NULL);
INSERT INTO indexed VALUES (0);
