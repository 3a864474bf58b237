-- What version 3 added: pages of messages, by what they are wanted for. See storage/labels.py, which fills it for older rows.

CREATE TABLE labels (
    label NOT NULL,
    last_lc INTEGER NOT NULL,
    batch INTEGER NOT NULL REFERENCES batches (id),
    PRIMARY KEY (label, last_lc, batch)
) WITHOUT ROWID;
CREATE INDEX labels_by_batch ON labels (batch);
DROP INDEX batches_by_time;
