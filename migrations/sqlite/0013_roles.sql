-- Roles of an office beside officers and supervisors, until when somebody works there, and as whom somebody acts for a time. The program
-- alone knows the words for roles from here on. Whoever is logged in logs in again: sessions refer to a table that is made anew.
DROP TABLE staff_session;
ALTER TABLE staff_account RENAME TO staff_account_before;
DROP INDEX staff_account_office;
CREATE TABLE staff_account (
    staff_id BLOB NOT NULL PRIMARY KEY,
    realm TEXT NOT NULL CHECK (realm IN ('office', 'relying_party', 'national')),
    office_id BLOB REFERENCES office (office_id),
    relying_party_id BLOB REFERENCES relying_party (relying_party_id),
    username TEXT NOT NULL,
    full_name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    totp_sealed BLOB NOT NULL,
    totp_last_step INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    created_at INTEGER NOT NULL,
    -- The last log-in, and failed ones since.
    logged_in_at INTEGER,
    failed_log_ins INTEGER NOT NULL DEFAULT 0,
    paused_at INTEGER,
    ends_at INTEGER,
    acting_role TEXT,
    acting_until INTEGER,
    UNIQUE (realm, username),
    CHECK ((realm = 'office') = (office_id IS NOT NULL)),
    CHECK ((realm = 'relying_party') = (relying_party_id IS NOT NULL)),
    CHECK ((realm = 'relying_party') = (role = 'employee'))
) STRICT;
INSERT INTO staff_account (staff_id, realm, office_id, relying_party_id, username, full_name, role, password_hash, totp_sealed,
    totp_last_step, state, created_at, logged_in_at, failed_log_ins, paused_at)
    SELECT staff_id, realm, office_id, relying_party_id, username, full_name, role, password_hash, totp_sealed, totp_last_step, state,
    created_at, logged_in_at, failed_log_ins, paused_at FROM staff_account_before;
DROP TABLE staff_account_before;
CREATE INDEX staff_account_office ON staff_account (office_id);
CREATE TABLE staff_session (
    token_hash BLOB NOT NULL PRIMARY KEY,
    staff_id BLOB NOT NULL REFERENCES staff_account (staff_id),
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- What was so when it began, to be told: the log-in before, and failed ones since then.
    previous_at INTEGER,
    previous_failures INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX staff_session_staff ON staff_session (staff_id);
