-- Passkeys of people of the staff, instead of codes of an authenticator app (ADR 30).
-- How many somebody has: the limits of adding and removing stand in the write that changes it, and a log-in locks the same row.
ALTER TABLE staff_account ADD COLUMN passkeys INTEGER NOT NULL DEFAULT 0;
-- 1 for a session that a passkey opened, or in which the first one was added: what a role demands is demanded of each session.
ALTER TABLE staff_session ADD COLUMN by_passkey INTEGER NOT NULL DEFAULT 0;
CREATE TABLE staff_passkey (
    passkey_id BLOB NOT NULL PRIMARY KEY,
    staff_id BLOB NOT NULL,
    -- A keyed digest of the id that the authenticator gave it: no other account takes the same one.
    credential_index BLOB NOT NULL UNIQUE,
    -- Its name and its public key.
    sealed BLOB NOT NULL,
    -- What its authenticator counted when it was used last; 0 for those that do not count.
    sign_count INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX staff_passkey_staff ON staff_passkey (staff_id, added_at);
-- What a browser was asked to sign. It is deleted with what its answer does, so each works once, at whichever node.
CREATE TABLE staff_passkey_challenge (
    challenge_id BLOB NOT NULL PRIMARY KEY,
    staff_id BLOB NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('log_in', 'act', 'add')),
    sealed BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX staff_passkey_challenge_staff ON staff_passkey_challenge (staff_id, purpose);
CREATE INDEX staff_passkey_challenge_end ON staff_passkey_challenge (expires_at);
