-- What bounds and tidies the rows that refusals and ended registrations leave.

-- Rows that a relying party's refusals without a new line in a history may still leave in the present hour.
CREATE TABLE refusal_window (
    relying_party_id UUID NOT NULL PRIMARY KEY,
    started_at BIGINT NOT NULL,
    refusals BIGINT NOT NULL
);

-- A refusal that repeated an earlier one is counted there; its own key is kept here, so that it gets that answer again.
CREATE TABLE verification_repeat (
    relying_party_id UUID NOT NULL,
    idempotency_key BYTEA NOT NULL,
    resident_id UUID NOT NULL,
    verification_id UUID NOT NULL,
    body_hash BYTEA NOT NULL,
    asked_at BIGINT NOT NULL,
    PRIMARY KEY (relying_party_id, idempotency_key, resident_id)
);
CREATE INDEX verification_repeat_time ON verification_repeat (asked_at);

CREATE INDEX verification_refusal_time ON verification_refusal (verified_at);
-- The same refusal of the same token. Only refusals are in it, so that spending pays nothing for it.
CREATE INDEX verification_refused ON verification (resident_id, relying_party_id, issued, verification_id)
    WHERE result = 'invalid';

-- Those that ended without a digital KTP, to be deleted after a while.
CREATE INDEX registration_ended ON registration (ended_at) WHERE state IN ('rejected', 'expired', 'cancelled');

-- An officer asks that a resident's digital KTP make way for a new one; another person of the office, a supervisor, grants it.
CREATE TABLE release_request (
    registration_id UUID NOT NULL PRIMARY KEY,
    office_id UUID NOT NULL,
    asked_by UUID NOT NULL,
    asked_at BIGINT NOT NULL,
    reason_sealed BYTEA NOT NULL
);
