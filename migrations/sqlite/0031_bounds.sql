-- Of anonymous reports the day is kept on which they came: its beginning in Jakarta, in place of the moment.
UPDATE branch_report SET reported_at = reported_at - (reported_at + 25200000000) % 86400000000;
UPDATE fraud_report SET reported_at = reported_at - (reported_at + 25200000000) % 86400000000;
-- Branches that ended of which nothing is counted are forgotten soon.
CREATE INDEX branch_tally_branch ON branch_tally (relying_party_id, branch_id);

-- Requests about people that are over, or that nobody decides, are forgotten.
CREATE INDEX staff_invitation_age ON staff_invitation (state, asked_at);

-- Where somebody of the staff is told of what happened to their account: the address of that moment, sealed as it stands in the account.
CREATE TABLE staff_notice (
    notice_id BLOB NOT NULL PRIMARY KEY,
    staff_id BLOB NOT NULL,
    contact_sealed BLOB NOT NULL,
    told_at INTEGER NOT NULL
) STRICT;
CREATE INDEX staff_notice_age ON staff_notice (told_at);
