-- Sessions of relying parties' employees, who verify on a web page.
CREATE TABLE employee_session (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    employee_id UUID NOT NULL REFERENCES relying_party_employee (employee_id),
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX employee_session_employee ON employee_session (employee_id);

-- Which employee asked: written before the question is answered, completed with the outcome. A row without one is a
-- question whose answer never came back; repeated with the same key it is learnt.
CREATE TABLE employee_check (
    employee_id UUID NOT NULL,
    check_id UUID NOT NULL,
    relying_party_id UUID NOT NULL,
    idempotency_key BYTEA NOT NULL,
    purpose TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    verification_id UUID,
    result TEXT CHECK (result IN ('valid', 'invalid')),
    reason TEXT,
    disclosed BIGINT,
    PRIMARY KEY (employee_id, check_id)
);
CREATE UNIQUE INDEX employee_check_key ON employee_check (relying_party_id, idempotency_key);
