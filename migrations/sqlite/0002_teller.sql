-- Sessions of relying parties' employees, who verify on a web page.
CREATE TABLE employee_session (
    token_hash BLOB NOT NULL PRIMARY KEY,
    employee_id BLOB NOT NULL REFERENCES relying_party_employee (employee_id),
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX employee_session_employee ON employee_session (employee_id);

-- Which employee asked: written before the question is answered, completed with the outcome. A row without one is a
-- question whose answer never came back; repeated with the same key it is learnt.
CREATE TABLE employee_check (
    employee_id BLOB NOT NULL,
    check_id BLOB NOT NULL,
    relying_party_id BLOB NOT NULL,
    idempotency_key BLOB NOT NULL,
    purpose TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    verification_id BLOB,
    result TEXT CHECK (result IN ('valid', 'invalid')),
    reason TEXT,
    disclosed INTEGER,
    PRIMARY KEY (employee_id, check_id)
) STRICT;
CREATE UNIQUE INDEX employee_check_key ON employee_check (relying_party_id, idempotency_key);
