-- Status lists: where it stands whether a token that is shown offline still counts.
CREATE TABLE status_list (
    -- The day, and the number of the list on that day.
    list_id INTEGER NOT NULL PRIMARY KEY,
    -- Places that were taken by nodes.
    given INTEGER NOT NULL,
    -- What decides in which order places are given out.
    key BLOB NOT NULL,
    opened_at INTEGER NOT NULL
) STRICT;
CREATE INDEX status_list_opened ON status_list (opened_at);

-- Whose token has which place, until some time after it has expired.
CREATE TABLE status_entry (
    resident_id BLOB NOT NULL,
    list_id INTEGER NOT NULL,
    place INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- 1 once the digital KTP was stopped or changed.
    void INTEGER NOT NULL CHECK (void IN (0, 1)),
    PRIMARY KEY (resident_id, list_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX status_entry_void ON status_entry (list_id, place) WHERE void = 1;
CREATE INDEX status_entry_end ON status_entry (expires_at);
