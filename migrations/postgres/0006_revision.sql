-- Raised by every write that changes what an officer compares or where the registration stands; every decision demands the
-- one it was made on.
ALTER TABLE registration ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
-- Presence is the scan alone: it ends with any change by the resident, and after half an hour.
ALTER TABLE registration DROP COLUMN proofed;

-- A request counts for the revision that the officer who asks had on the screen. Those of before live 30 minutes: asked again.
DELETE FROM release_request;
ALTER TABLE release_request ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

-- Each kind of message has an allowance of its own, so that warnings use up nothing of the codes'.
ALTER TABLE mail_allowance RENAME TO mail_allowance_before;
DROP INDEX mail_allowance_full;
CREATE TABLE mail_allowance (
    kind TEXT NOT NULL,
    email_index BYTEA NOT NULL,
    full_at BIGINT NOT NULL,
    PRIMARY KEY (kind, email_index)
);
INSERT INTO mail_allowance (kind, email_index, full_at)
    SELECT 'activation_code', email_index, full_at FROM mail_allowance_before;
DROP TABLE mail_allowance_before;
CREATE INDEX mail_allowance_full ON mail_allowance (full_at);

-- What races had left behind: selfies that came after the end of their registration, and what approvals had prepared for
-- people whose registration was cancelled at that moment.
UPDATE registration_selfie SET delete_after = 0 WHERE delete_after IS NULL
    AND NOT EXISTS (SELECT 1 FROM registration r
        WHERE r.registration_id = registration_selfie.registration_id AND r.ended_at IS NULL);
DELETE FROM holder_portrait WHERE NOT EXISTS (SELECT 1 FROM credential c WHERE c.resident_id = holder_portrait.resident_id)
    AND resident_id NOT IN (SELECT r.resident_id FROM registration r
        WHERE r.resident_id IS NOT NULL AND r.state IN ('code_sent', 'needs_pin'));
DELETE FROM holder_record WHERE NOT EXISTS (SELECT 1 FROM credential c WHERE c.resident_id = holder_record.resident_id)
    AND resident_id NOT IN (SELECT r.resident_id FROM registration r
        WHERE r.resident_id IS NOT NULL AND r.state IN ('code_sent', 'needs_pin'));
