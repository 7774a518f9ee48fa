-- Employees of relying parties join by a link too (ADR 27): what a party's administrators asked for in a day, and whose names are promised.
CREATE INDEX staff_invitation_party ON staff_invitation (relying_party_id, asked_at);
CREATE INDEX staff_invitation_name ON staff_invitation (username);

-- Since when somebody who looks after a party is stopped by the national administration, and why.
ALTER TABLE staff_account ADD COLUMN stopped_at INTEGER;
ALTER TABLE staff_account ADD COLUMN stopped_reason TEXT;

-- Checks that a party may put in a minute and in a day; none where its contract says none.
ALTER TABLE relying_party ADD COLUMN quota_minute INTEGER;
ALTER TABLE relying_party ADD COLUMN quota_day INTEGER;

-- What nodes took of them, in portions: of the present minute and day alone.
CREATE TABLE relying_party_quota (
    relying_party_id BLOB NOT NULL,
    span TEXT NOT NULL,
    -- Minutes or days, in Jakarta, since 1970-01-01.
    number INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    PRIMARY KEY (relying_party_id, span)
) STRICT;
