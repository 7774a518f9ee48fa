-- How long something is kept, where two administrators decided it (ADR 31).
CREATE TABLE retention_setting (
    name TEXT NOT NULL PRIMARY KEY,
    days BIGINT NOT NULL,
    -- Days that counted before, and in the first day after.
    former_days BIGINT NOT NULL,
    version BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    asked_by UUID NOT NULL,
    granted_by UUID NOT NULL
);
