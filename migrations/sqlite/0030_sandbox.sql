-- The sandbox of relying parties: invented people alone, in tables of their own. Nothing here is of anybody.

-- Keys that open it, and nothing else.
CREATE TABLE sandbox_key (
    key_id BLOB NOT NULL PRIMARY KEY,
    relying_party_id BLOB NOT NULL,
    -- SHA-256 of 32 random bytes.
    secret_hash BLOB NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX sandbox_key_party ON sandbox_key (relying_party_id, created_at);
CREATE INDEX sandbox_key_end ON sandbox_key (expires_at);

-- An invented person as one party's QRs show them: up to which QR they are used.
CREATE TABLE sandbox_holder (
    holder_id BLOB NOT NULL PRIMARY KEY,
    person TEXT NOT NULL,
    last_spent INTEGER NOT NULL,
    shown_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sandbox_holder_shown ON sandbox_holder (shown_at);

-- Ten digits that stand for such a QR.
CREATE TABLE sandbox_code (
    code_index BLOB NOT NULL PRIMARY KEY,
    holder_id BLOB NOT NULL,
    sealed BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sandbox_code_holder ON sandbox_code (holder_id);
CREATE INDEX sandbox_code_end ON sandbox_code (expires_at);

-- What was asked and answered, for a day.
CREATE TABLE sandbox_check (
    verification_id BLOB NOT NULL PRIMARY KEY,
    relying_party_id BLOB NOT NULL,
    idempotency_key BLOB NOT NULL,
    body_hash BLOB NOT NULL,
    purpose TEXT NOT NULL,
    verified_at INTEGER NOT NULL,
    -- Empty when valid.
    reason TEXT NOT NULL,
    -- Whom the QR was of, where it was one of the sandbox.
    person TEXT,
    single_use INTEGER NOT NULL CHECK (single_use IN (0, 1)),
    disclosed INTEGER NOT NULL,
    salt BLOB NOT NULL,
    receipt BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX sandbox_check_key ON sandbox_check (relying_party_id, idempotency_key);
CREATE INDEX sandbox_check_party ON sandbox_check (relying_party_id, verification_id);
CREATE INDEX sandbox_check_time ON sandbox_check (verified_at);
