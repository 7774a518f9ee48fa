-- How long something is kept, where two administrators decided it (ADR 31).
CREATE TABLE retention_setting (
    name TEXT NOT NULL PRIMARY KEY,
    days INTEGER NOT NULL,
    -- Days that counted before, and in the first day after.
    former_days INTEGER NOT NULL,
    version INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    asked_by BLOB NOT NULL,
    granted_by BLOB NOT NULL
) STRICT;
