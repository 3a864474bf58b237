-- What version 5 added: what refers to which message. See storage/references.py, which fills it for older rows.

CREATE TABLE marks (
    target BLOB NOT NULL,  -- the message: its author's id, its epoch and its number, eight bytes each
    kind INTEGER NOT NULL,
    author BLOB NOT NULL,
    lc INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    number INTEGER NOT NULL,
    reaction TEXT NOT NULL,  -- empty if it is none, or is taken back
    batch INTEGER NOT NULL REFERENCES batches (id),
    PRIMARY KEY (target, kind, author, lc, epoch, number)
) WITHOUT ROWID;
CREATE INDEX marks_by_batch ON marks (batch);

-- Corrections are found by their words from now on: the index is made anew.
UPDATE indexed SET upto = 0;
