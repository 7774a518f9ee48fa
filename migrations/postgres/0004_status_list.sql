-- Status lists: where it stands whether a token that is shown offline still counts.
CREATE TABLE status_list (
    -- The day, and the number of the list on that day.
    list_id BIGINT NOT NULL PRIMARY KEY,
    -- Places that were taken by nodes.
    given BIGINT NOT NULL,
    -- What decides in which order places are given out.
    key BYTEA NOT NULL,
    opened_at BIGINT NOT NULL
);
CREATE INDEX status_list_opened ON status_list (opened_at);

-- Whose token has which place, until some time after it has expired.
CREATE TABLE status_entry (
    resident_id UUID NOT NULL,
    list_id BIGINT NOT NULL,
    place BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- 1 once the digital KTP was stopped or changed.
    void BIGINT NOT NULL CHECK (void IN (0, 1)),
    PRIMARY KEY (resident_id, list_id, place)
);
CREATE INDEX status_entry_void ON status_entry (list_id, place) WHERE void = 1;
CREATE INDEX status_entry_end ON status_entry (expires_at);
