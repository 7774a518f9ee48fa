-- What is to be written into the stop log, outside the database. A row goes once a file holds it.
CREATE TABLE stop_note (
    note_id UUID NOT NULL,
    subject_id UUID NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    until BIGINT,
    PRIMARY KEY (note_id, subject_id)
);

-- Of how many lines of each file this database knows: a copy of it knows of fewer than there are.
CREATE TABLE stop_file (
    file TEXT NOT NULL PRIMARY KEY,
    lines BIGINT NOT NULL,
    written_at BIGINT NOT NULL
);

-- Of a list that was there before a copy of the database was restored: one bit for each place that still counts, none at all for an empty
-- value. Nobody knows which other places were given out.
ALTER TABLE status_list ADD COLUMN good BYTEA;
