-- What is asked about somebody of the staff: that they join, get new secrets, or leave. Two people decide (ADR 27).
CREATE TABLE staff_invitation (
    invitation_id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    realm TEXT NOT NULL,
    -- None for the national administration.
    office_id BLOB REFERENCES office (office_id),
    -- Of whom an account exists; none for who joins, until they did. No reference: a link is used up before its account is written.
    staff_id BLOB,
    username TEXT NOT NULL,
    full_name TEXT NOT NULL,
    role TEXT NOT NULL,
    ends_at INTEGER,
    -- Whether the account was disabled when it was asked for: then it comes back.
    comes_back INTEGER NOT NULL,
    state TEXT NOT NULL,
    asked_by BLOB NOT NULL,
    asked_at INTEGER NOT NULL,
    decided_by BLOB,
    decided_at INTEGER,
    -- Until when the link counts.
    expires_at INTEGER,
    -- Address, language and authenticator secret; none when it is over.
    sealed BLOB
) STRICT;
CREATE INDEX staff_invitation_open ON staff_invitation (state, office_id, invitation_id);
CREATE INDEX staff_invitation_staff ON staff_invitation (staff_id);
-- Where somebody of the staff is told of log-ins.
ALTER TABLE staff_account ADD COLUMN contact_sealed BLOB;
CREATE INDEX staff_account_place ON staff_account (realm, office_id, staff_id);
