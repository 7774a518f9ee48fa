-- Who works with the service: what they see, how often they try, where they are logged in.

-- Tries at the number that the resident reads out, counted before comparing; after three it is void.
ALTER TABLE registration ADD COLUMN match_tries INTEGER NOT NULL DEFAULT 0;

-- How often something happened in the present hour, by whom: quotas of staff, and what is written to the audit log in
-- bounded numbers.
CREATE TABLE hour_count (
    subject_id BLOB NOT NULL,
    what TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (subject_id, what)
) STRICT;
CREATE INDEX hour_count_start ON hour_count (started_at);

-- Personal data that an officer opened without the resident present, and why.
CREATE TABLE reasoned_view (
    officer_id BLOB NOT NULL,
    registration_id BLOB NOT NULL,
    opened_at INTEGER NOT NULL,
    office_id BLOB NOT NULL,
    reason_sealed BLOB NOT NULL,
    PRIMARY KEY (officer_id, registration_id, opened_at)
) STRICT;
CREATE INDEX reasoned_view_office ON reasoned_view (office_id, opened_at);
CREATE INDEX reasoned_view_time ON reasoned_view (opened_at);

-- The last log-in, and failed ones since; a session keeps what was so when it began, to be told.
ALTER TABLE officer ADD COLUMN logged_in_at INTEGER;
ALTER TABLE officer ADD COLUMN failed_log_ins INTEGER NOT NULL DEFAULT 0;
ALTER TABLE relying_party_employee ADD COLUMN logged_in_at INTEGER;
ALTER TABLE relying_party_employee ADD COLUMN failed_log_ins INTEGER NOT NULL DEFAULT 0;
ALTER TABLE officer_session ADD COLUMN previous_at INTEGER;
ALTER TABLE officer_session ADD COLUMN previous_failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE employee_session ADD COLUMN previous_at INTEGER;
ALTER TABLE employee_session ADD COLUMN previous_failures INTEGER NOT NULL DEFAULT 0;
