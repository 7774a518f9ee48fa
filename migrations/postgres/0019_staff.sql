-- What is asked about somebody of the staff: that they join, get new secrets, or leave. Two people decide (ADR 27).
CREATE TABLE staff_invitation (
    invitation_id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    realm TEXT NOT NULL,
    -- None for the national administration.
    office_id UUID REFERENCES office (office_id),
    -- Of whom an account exists; none for who joins, until they did. No reference: a link is used up before its account is written.
    staff_id UUID,
    username TEXT NOT NULL,
    full_name TEXT NOT NULL,
    role TEXT NOT NULL,
    ends_at BIGINT,
    -- Whether the account was disabled when it was asked for: then it comes back.
    comes_back BIGINT NOT NULL,
    state TEXT NOT NULL,
    asked_by UUID NOT NULL,
    asked_at BIGINT NOT NULL,
    decided_by UUID,
    decided_at BIGINT,
    -- Until when the link counts.
    expires_at BIGINT,
    -- Address, language and authenticator secret; none when it is over.
    sealed BYTEA
);
CREATE INDEX staff_invitation_open ON staff_invitation (state, office_id, invitation_id);
CREATE INDEX staff_invitation_staff ON staff_invitation (staff_id);
-- Where somebody of the staff is told of log-ins.
ALTER TABLE staff_account ADD COLUMN contact_sealed BYTEA;
CREATE INDEX staff_account_place ON staff_account (realm, office_id, staff_id);
