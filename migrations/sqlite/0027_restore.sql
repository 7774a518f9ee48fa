-- What is to be written into the stop log, outside the database. A row goes once a file holds it.
CREATE TABLE stop_note (
    note_id BLOB NOT NULL,
    subject_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER,
    PRIMARY KEY (note_id, subject_id)
) STRICT;

-- Of how many lines of each file this database knows: a copy of it knows of fewer than there are.
CREATE TABLE stop_file (
    file TEXT NOT NULL PRIMARY KEY,
    lines INTEGER NOT NULL,
    written_at INTEGER NOT NULL
) STRICT;

-- Of a list that was there before a copy of the database was restored: one bit for each place that still counts, none at all for an empty
-- value. Nobody knows which other places were given out.
ALTER TABLE status_list ADD COLUMN good BLOB;
