-- Times are microseconds since 1970-01-01T00:00:00Z, ids are UUIDs, personal data is sealed (src/root.rs): a dump of
-- these tables contains no NIK, name, address, e-mail or picture.

-- Keys ----------------------------------------------------------------------------------------------------------

-- Public halves and states of all signing keys; shared by all nodes. The private halves are files in keys/.
CREATE TABLE signing_key (
    kid BYTEA NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('token', 'receipt', 'card', 'status')),
    public_key BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('next', 'active', 'retiring', 'retired')),
    published_at BIGINT NOT NULL,
    activated_at BIGINT,
    retiring_at BIGINT,
    retired_at BIGINT
);
CREATE UNIQUE INDEX signing_key_one_active ON signing_key (purpose) WHERE state = 'active';

-- Which nodes live, and which private halves each of them holds.
CREATE TABLE node (
    node_id UUID NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL
);
CREATE TABLE node_key (
    node_id UUID NOT NULL,
    kid BYTEA NOT NULL,
    PRIMARY KEY (node_id, kid)
);

-- A name that one node holds for a while: background work that must not run twice.
CREATE TABLE lease (
    name TEXT NOT NULL PRIMARY KEY,
    holder UUID NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Switches of operation that all nodes share, e.g. whether the population register is closed for maintenance.
CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- The population register (local table) -------------------------------------------------------------------------

CREATE TABLE register_record (
    resident_id UUID NOT NULL PRIMARY KEY,
    nik_index BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX register_record_nik ON register_record (nik_index);

CREATE TABLE register_portrait (
    resident_id UUID NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL
);

-- How far a stopped import had come: the digest of the file, and the next line to read.
CREATE TABLE register_import (
    source_digest BYTEA NOT NULL PRIMARY KEY,
    next_row BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Offices and their people --------------------------------------------------------------------------------------

CREATE TABLE office (
    office_id UUID NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('office', 'outreach')),
    created_at BIGINT NOT NULL
);

CREATE TABLE officer (
    officer_id UUID NOT NULL PRIMARY KEY,
    office_id UUID NOT NULL REFERENCES office (office_id),
    username TEXT NOT NULL UNIQUE,
    full_name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('officer', 'supervisor', 'administrator')),
    password_hash TEXT NOT NULL,
    totp_sealed BYTEA NOT NULL,
    totp_last_step BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    created_at BIGINT NOT NULL
);

-- Failed log-ins by user name and address together (a keyed digest of both).
CREATE TABLE login_failure (
    subject BYTEA NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX login_failure_time ON login_failure (updated_at);

CREATE TABLE officer_session (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    officer_id UUID NOT NULL REFERENCES officer (officer_id),
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX officer_session_officer ON officer_session (officer_id);

-- Registration --------------------------------------------------------------------------------------------------

CREATE TABLE registration (
    registration_id UUID NOT NULL PRIMARY KEY,
    device_thumbprint BYTEA NOT NULL,
    nik_index BYTEA NOT NULL,
    email_index BYTEA NOT NULL,
    resident_id UUID,
    state TEXT NOT NULL CHECK (state IN ('needs_selfie', 'awaiting_officer', 'needs_correction',
        'approved_pending_register', 'code_sent', 'needs_pin', 'active', 'rejected', 'expired', 'cancelled')),
    sealed BYTEA NOT NULL,
    language TEXT NOT NULL,
    terms_version TEXT NOT NULL,
    terms_accepted_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- The data check: what the register said. check_state 'limited' waits for the counter.
    check_state TEXT NOT NULL CHECK (check_state IN ('pending', 'limited', 'done')),
    check_result TEXT CHECK (check_result IN ('match', 'differs', 'unknown_nik', 'not_eligible')),
    check_due_at BIGINT NOT NULL,
    check_lease_until BIGINT NOT NULL,
    check_attempts BIGINT NOT NULL,
    checked_at BIGINT,
    -- The scan at the counter: last_spent works as on the credential (single use without a table of tokens).
    last_spent BIGINT NOT NULL,
    office_id UUID,
    scanned_by UUID,
    scanned_at BIGINT,
    -- When an officer last had submission, register's answer and selfie on the screen: only what was seen can be approved.
    seen_at BIGINT,
    -- 1 once an officer had approved in the resident's presence and the register's answer sent it back to that officer.
    proofed BIGINT NOT NULL,
    match_number BIGINT,
    match_officer_id UUID,
    match_at BIGINT,
    -- The decision.
    decided_by UUID,
    decided_at BIGINT,
    reason TEXT,
    decision_sealed BYTEA,
    -- The activation code is derived from (id, code_generation): only its counters are here.
    code_generation BIGINT NOT NULL,
    code_tries BIGINT NOT NULL,
    code_sent_at BIGINT,
    code_expires_at BIGINT,
    code_day BIGINT NOT NULL,
    code_day_count BIGINT NOT NULL,
    challenge_spent BIGINT NOT NULL
);
-- A device key has one live registration, so a repeated request finds the first one's.
CREATE UNIQUE INDEX registration_one_live ON registration (device_thumbprint) WHERE ended_at IS NULL;
CREATE INDEX registration_device ON registration (device_thumbprint, created_at);
CREATE INDEX registration_nik ON registration (nik_index);
CREATE INDEX registration_office ON registration (office_id, state, updated_at);
CREATE INDEX registration_check ON registration (check_due_at) WHERE check_state = 'pending';
CREATE INDEX registration_end ON registration (expires_at) WHERE ended_at IS NULL;
-- One live approved registration per resident; the NIK never changes, so its index stands for the resident.
CREATE UNIQUE INDEX registration_one_approved ON registration (nik_index)
    WHERE state IN ('approved_pending_register', 'code_sent', 'needs_pin');

CREATE TABLE registration_selfie (
    registration_id UUID NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    taken_at BIGINT NOT NULL,
    delete_after BIGINT
);
CREATE INDEX registration_selfie_end ON registration_selfie (delete_after) WHERE delete_after IS NOT NULL;

-- What the register answered to the data check, kept so that the counter works while the register is down.
CREATE TABLE registration_register_copy (
    registration_id UUID NOT NULL PRIMARY KEY,
    record BYTEA NOT NULL,
    portrait BYTEA
);

-- Register look-ups for one NIK in the present window of 6 hours.
CREATE TABLE nik_check_window (
    nik_index BYTEA NOT NULL PRIMARY KEY,
    started_at BIGINT NOT NULL,
    checks BIGINT NOT NULL
);

CREATE INDEX nik_check_window_start ON nik_check_window (started_at);

-- Mail ----------------------------------------------------------------------------------------------------------

-- A message is a kind and a reference; its text is rendered when it is sent, so no code and no address rests here.
CREATE TABLE mail_outbox (
    mail_id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    reference UUID NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'parked', 'dropped')),
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    lease_holder UUID,
    sent_at BIGINT,
    last_error TEXT
);
CREATE INDEX mail_outbox_due ON mail_outbox (due_at) WHERE state = 'queued';
CREATE INDEX mail_outbox_parked ON mail_outbox (created_at) WHERE state = 'parked';
CREATE INDEX mail_outbox_reference ON mail_outbox (reference, created_at);

-- Allowance per address (a leaky bucket): at full_at the bucket is empty again.
CREATE TABLE mail_allowance (
    email_index BYTEA NOT NULL PRIMARY KEY,
    full_at BIGINT NOT NULL
);
CREATE INDEX mail_allowance_full ON mail_allowance (full_at);

-- Solved captchas that were spent, until they would have expired anyway.
CREATE TABLE captcha_spent (
    challenge_hash BYTEA NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX captcha_spent_end ON captcha_spent (expires_at);

-- The digital KTP -----------------------------------------------------------------------------------------------

-- One slim row per resident with all that verifying judges and changes. Everything bulky lives beside it.
-- Room on each page, so that spending a token rewrites no index (heap-only tuples).
CREATE TABLE credential (
    resident_id UUID NOT NULL PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('active', 'blocked', 'deactivated')),
    generation BIGINT NOT NULL,
    last_spent BIGINT NOT NULL,
    pin_tries BIGINT NOT NULL,
    pin_wait_until BIGINT NOT NULL,
    challenge_spent BIGINT NOT NULL,
    session BIGINT NOT NULL,
    session_ends_at BIGINT NOT NULL,
    activated_at BIGINT NOT NULL
) WITH (fillfactor = 80);

-- The parts of a credential that rarely change: the PIN's public key, the device, how to reach the holder.
CREATE TABLE credential_holder (
    resident_id UUID NOT NULL PRIMARY KEY,
    registration_id UUID NOT NULL,
    device_thumbprint BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What the register said at approval: the attributes that can be shown, and the picture.
CREATE TABLE holder_record (
    resident_id UUID NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE TABLE holder_portrait (
    resident_id UUID NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL
);

-- Which resident a device key belongs to.
CREATE TABLE device_binding (
    device_thumbprint BYTEA NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL,
    bound_at BIGINT NOT NULL
);

-- Relying parties and their checks ------------------------------------------------------------------------------

CREATE TABLE relying_party (
    relying_party_id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    attributes BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    created_at BIGINT NOT NULL
);

CREATE TABLE relying_party_purpose (
    relying_party_id UUID NOT NULL REFERENCES relying_party (relying_party_id),
    code TEXT NOT NULL,
    text_id TEXT NOT NULL,
    text_en TEXT NOT NULL,
    PRIMARY KEY (relying_party_id, code)
);

CREATE TABLE relying_party_key (
    key_id UUID NOT NULL PRIMARY KEY,
    relying_party_id UUID NOT NULL REFERENCES relying_party (relying_party_id),
    secret_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX relying_party_key_party ON relying_party_key (relying_party_id);

-- Employees of a relying party who verify on a web page.
CREATE TABLE relying_party_employee (
    employee_id UUID NOT NULL PRIMARY KEY,
    relying_party_id UUID NOT NULL REFERENCES relying_party (relying_party_id),
    username TEXT NOT NULL UNIQUE,
    full_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    totp_sealed BYTEA NOT NULL,
    totp_last_step BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    created_at BIGINT NOT NULL
);

-- Every check whose token could be unsealed: the holder's history and the party's record in one.
CREATE TABLE verification (
    verification_id UUID NOT NULL,
    resident_id UUID NOT NULL,
    relying_party_id UUID NOT NULL,
    idempotency_key BYTEA NOT NULL,
    body_hash BYTEA NOT NULL,
    purpose TEXT NOT NULL,
    verified_at BIGINT NOT NULL,
    issued BIGINT NOT NULL,
    result TEXT NOT NULL CHECK (result IN ('valid', 'invalid')),
    reason TEXT NOT NULL,
    single_use BIGINT NOT NULL,
    disclosed BIGINT NOT NULL,
    repeats BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    receipt BYTEA NOT NULL,
    PRIMARY KEY (verification_id, resident_id)
);
-- One index for both questions, what this holder showed and whether this key was used for them: each index that follows no
-- order costs every check a page of log.
CREATE UNIQUE INDEX verification_idempotency ON verification (resident_id, relying_party_id, idempotency_key);

-- Checks of something that was no token of ours: only the party's log.
CREATE TABLE verification_refusal (
    verification_id UUID NOT NULL,
    relying_party_id UUID NOT NULL,
    idempotency_key BYTEA NOT NULL,
    body_hash BYTEA NOT NULL,
    purpose TEXT NOT NULL,
    verified_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    salt BYTEA NOT NULL,
    receipt BYTEA NOT NULL,
    PRIMARY KEY (verification_id, relying_party_id)
);
CREATE UNIQUE INDEX verification_refusal_idempotency ON verification_refusal (relying_party_id, idempotency_key);

-- Audit ---------------------------------------------------------------------------------------------------------

-- Chained by a keyed digest, one chain per office (and one for everything without an office).
CREATE TABLE audit_event (
    chain UUID NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    correlation_id UUID NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID NOT NULL,
    action TEXT NOT NULL,
    subject_id UUID NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('intent', 'outcome')),
    outcome TEXT NOT NULL,
    digest BYTEA NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE TABLE audit_head (
    chain UUID NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    digest BYTEA NOT NULL
);
