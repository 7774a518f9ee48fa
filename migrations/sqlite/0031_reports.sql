-- Of anonymous reports the day is kept on which they came: its beginning in Jakarta, in place of the moment.
UPDATE branch_report SET reported_at = reported_at - (reported_at + 25200000000) % 86400000000;
UPDATE fraud_report SET reported_at = reported_at - (reported_at + 25200000000) % 86400000000;
-- Branches that ended of which nothing is counted are forgotten soon.
CREATE INDEX branch_tally_branch ON branch_tally (relying_party_id, branch_id);
