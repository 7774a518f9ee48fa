-- Who works with the service: what they see, how often they try, where they are logged in.

-- Tries at the number that the resident reads out, counted before comparing; after three it is void.
ALTER TABLE registration ADD COLUMN match_tries BIGINT NOT NULL DEFAULT 0;

-- How often something happened in the present hour, by whom: quotas of staff, and what is written to the audit log in
-- bounded numbers.
CREATE TABLE hour_count (
    subject_id UUID NOT NULL,
    what TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (subject_id, what)
);
CREATE INDEX hour_count_start ON hour_count (started_at);

-- Personal data that an officer opened without the resident present, and why.
CREATE TABLE reasoned_view (
    officer_id UUID NOT NULL,
    registration_id UUID NOT NULL,
    opened_at BIGINT NOT NULL,
    office_id UUID NOT NULL,
    reason_sealed BYTEA NOT NULL,
    PRIMARY KEY (officer_id, registration_id, opened_at)
);
CREATE INDEX reasoned_view_office ON reasoned_view (office_id, opened_at);
CREATE INDEX reasoned_view_time ON reasoned_view (opened_at);

-- The last log-in, and failed ones since; a session keeps what was so when it began, to be told.
ALTER TABLE officer ADD COLUMN logged_in_at BIGINT;
ALTER TABLE officer ADD COLUMN failed_log_ins BIGINT NOT NULL DEFAULT 0;
ALTER TABLE relying_party_employee ADD COLUMN logged_in_at BIGINT;
ALTER TABLE relying_party_employee ADD COLUMN failed_log_ins BIGINT NOT NULL DEFAULT 0;
ALTER TABLE officer_session ADD COLUMN previous_at BIGINT;
ALTER TABLE officer_session ADD COLUMN previous_failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE employee_session ADD COLUMN previous_at BIGINT;
ALTER TABLE employee_session ADD COLUMN previous_failures BIGINT NOT NULL DEFAULT 0;
