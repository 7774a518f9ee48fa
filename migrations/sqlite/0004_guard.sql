-- What bounds and tidies the rows that refusals and ended registrations leave.

-- Rows that a relying party's refusals without a new line in a history may still leave in the present hour.
CREATE TABLE refusal_window (
    relying_party_id BLOB NOT NULL PRIMARY KEY,
    started_at INTEGER NOT NULL,
    refusals INTEGER NOT NULL
) STRICT;

-- A refusal that repeated an earlier one is counted there; its own key is kept here, so that it gets that answer again.
CREATE TABLE verification_repeat (
    relying_party_id BLOB NOT NULL,
    idempotency_key BLOB NOT NULL,
    resident_id BLOB NOT NULL,
    verification_id BLOB NOT NULL,
    body_hash BLOB NOT NULL,
    asked_at INTEGER NOT NULL,
    PRIMARY KEY (relying_party_id, idempotency_key, resident_id)
) STRICT;
CREATE INDEX verification_repeat_time ON verification_repeat (asked_at);

CREATE INDEX verification_refusal_time ON verification_refusal (verified_at);
-- The same refusal of the same token. Only refusals are in it, so that spending pays nothing for it.
CREATE INDEX verification_refused ON verification (resident_id, relying_party_id, issued, verification_id)
    WHERE result = 'invalid';

-- Those that ended without a digital KTP, to be deleted after a while.
CREATE INDEX registration_ended ON registration (ended_at) WHERE state IN ('rejected', 'expired', 'cancelled');

-- An officer asks that a resident's digital KTP make way for a new one; another person of the office, a supervisor, grants it.
CREATE TABLE release_request (
    registration_id BLOB NOT NULL PRIMARY KEY,
    office_id BLOB NOT NULL,
    asked_by BLOB NOT NULL,
    asked_at INTEGER NOT NULL,
    reason_sealed BLOB NOT NULL
) STRICT;
