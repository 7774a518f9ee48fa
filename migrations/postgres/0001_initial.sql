-- Times are microseconds since 1970-01-01T00:00:00Z, ids are UUIDs, personal data is sealed (src/vault.rs): a dump of
-- these tables contains no NIK, name, address, e-mail or picture.

-- Keys ----------------------------------------------------------------------------------------------------------

-- Public halves and states of all signing keys; shared by all nodes. The private halves are files in keys/, or in a module.
CREATE TABLE signing_key (
    kid BYTEA NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('token', 'receipt', 'card', 'status')),
    algorithm TEXT NOT NULL CHECK (algorithm IN ('EdDSA', 'ES256')),
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

-- Offices, relying parties and their people ---------------------------------------------------------------------

CREATE TABLE office (
    office_id UUID NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('office', 'outreach')),
    created_at BIGINT NOT NULL
);

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

-- Everybody who logs in with a password and an authenticator code. Where somebody belongs decides where they log in: a user name
-- is unique there.
CREATE TABLE staff_account (
    staff_id UUID NOT NULL PRIMARY KEY,
    realm TEXT NOT NULL CHECK (realm IN ('office', 'relying_party', 'national')),
    office_id UUID REFERENCES office (office_id),
    relying_party_id UUID REFERENCES relying_party (relying_party_id),
    username TEXT NOT NULL,
    full_name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('officer', 'supervisor', 'administrator', 'employee')),
    password_hash TEXT NOT NULL,
    totp_sealed BYTEA NOT NULL,
    totp_last_step BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    created_at BIGINT NOT NULL,
    -- The last log-in, and failed ones since.
    logged_in_at BIGINT,
    failed_log_ins BIGINT NOT NULL DEFAULT 0,
    UNIQUE (realm, username),
    CHECK ((realm = 'office') = (office_id IS NOT NULL)),
    CHECK ((realm = 'relying_party') = (relying_party_id IS NOT NULL)),
    CHECK ((realm = 'relying_party') = (role = 'employee'))
);
CREATE INDEX staff_account_office ON staff_account (office_id);

-- Failed log-ins by user name and address together (a keyed digest of both).
CREATE TABLE login_failure (
    subject BYTEA NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX login_failure_time ON login_failure (updated_at);

CREATE TABLE staff_session (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    staff_id UUID NOT NULL REFERENCES staff_account (staff_id),
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- What was so when it began, to be told: the log-in before, and failed ones since then.
    previous_at BIGINT,
    previous_failures BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX staff_session_staff ON staff_session (staff_id);

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

-- Registration --------------------------------------------------------------------------------------------------

-- What a resident submitted, and where it stands. Every act takes this row first and the rows of the tables below after it.
CREATE TABLE registration (
    registration_id UUID NOT NULL PRIMARY KEY,
    device_thumbprint BYTEA NOT NULL,
    nik_index BYTEA NOT NULL,
    email_index BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('needs_selfie', 'awaiting_officer', 'needs_correction',
        'approved_pending_register', 'code_sent', 'needs_pin', 'active', 'rejected', 'expired', 'cancelled')),
    sealed BYTEA NOT NULL,
    language TEXT NOT NULL CHECK (language IN ('id', 'en')),
    terms_version TEXT NOT NULL,
    terms_accepted_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- The office in whose queue it stands, since somebody there scanned it.
    office_id UUID,
    -- Raised by every write that changes what an officer compares or where the registration stands; every decision demands
    -- the one it was made on.
    revision BIGINT NOT NULL,
    CHECK ((ended_at IS NOT NULL) = (state IN ('active', 'rejected', 'expired', 'cancelled')))
);
-- A device key has one live registration, so a repeated request finds the first one's.
CREATE UNIQUE INDEX registration_one_live ON registration (device_thumbprint) WHERE ended_at IS NULL;
CREATE INDEX registration_device ON registration (device_thumbprint, created_at);
-- The queue of an office, in its order.
CREATE INDEX registration_office ON registration (office_id, state, updated_at, registration_id);
CREATE INDEX registration_end ON registration (expires_at) WHERE ended_at IS NULL;
-- One live approved registration per resident; the NIK never changes, so its index stands for the resident.
CREATE UNIQUE INDEX registration_one_approved ON registration (nik_index)
    WHERE state IN ('approved_pending_register', 'code_sent', 'needs_pin');
-- Those that ended without a digital KTP, to be deleted after a while.
CREATE INDEX registration_ended ON registration (ended_at) WHERE state IN ('rejected', 'expired', 'cancelled');

-- The question to the population register: a job that one node leases at a time, and what the answer means.
CREATE TABLE register_check (
    registration_id UUID NOT NULL PRIMARY KEY,
    -- 'limited' waits for the counter: there were too many questions about this NIK.
    state TEXT NOT NULL CHECK (state IN ('pending', 'limited', 'done')),
    result TEXT CHECK (result IN ('match', 'differs', 'unknown_nik', 'not_eligible')),
    -- The resident whom the register knows by the NIK; kept while corrected data is checked anew.
    resident_id UUID,
    -- When it is to run; NULL when nothing is to run, also because the registration ended.
    due_at BIGINT,
    lease_until BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    checked_at BIGINT,
    CHECK ((result IS NOT NULL) = (state = 'done')),
    CHECK (result IS NULL OR (resident_id IS NULL) = (result = 'unknown_nik'))
);
CREATE INDEX register_check_due ON register_check (due_at) WHERE due_at IS NOT NULL;

-- The visit at a counter, from the first scan on: who scanned, the number that the resident reads out, what was decided.
CREATE TABLE counter_visit (
    registration_id UUID NOT NULL PRIMARY KEY,
    -- Issue time of the newest activation QR that was scanned: single use without a table of tokens, as on the credential.
    last_spent BIGINT NOT NULL,
    -- The officer before whom the resident is; nobody once the resident changed something or it was returned.
    scanned_by UUID,
    scanned_at BIGINT,
    match_number BIGINT,
    match_officer_id UUID,
    match_at BIGINT,
    -- Tries at the number, counted before comparing; after three it is void.
    match_tries BIGINT NOT NULL,
    decided_by UUID,
    decided_at BIGINT,
    decision_sealed BYTEA
);
-- Who waits for an officer to type their number.
CREATE INDEX counter_visit_match ON counter_visit (match_officer_id, match_at) WHERE match_number IS NOT NULL;
CREATE INDEX counter_visit_decided ON counter_visit (decided_by, decided_at) WHERE decided_by IS NOT NULL;

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

-- An officer asks that a resident's digital KTP make way for a new one; another person of the office, a supervisor, grants
-- it. The request counts for the revision that the officer who asks had on the screen.
CREATE TABLE release_request (
    registration_id UUID NOT NULL PRIMARY KEY,
    office_id UUID NOT NULL,
    asked_by UUID NOT NULL,
    asked_at BIGINT NOT NULL,
    reason_sealed BYTEA NOT NULL,
    revision BIGINT NOT NULL
);

-- Activation codes ----------------------------------------------------------------------------------------------

-- The code is derived from (registration_id, generation) and never stored: only its counters are here, from the approval on.
CREATE TABLE activation_code (
    registration_id UUID NOT NULL PRIMARY KEY,
    generation BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    -- When its mail was first handed to the mail server, and when it stops counting.
    sent_at BIGINT,
    expires_at BIGINT,
    -- New codes on that day (days since 1970-01-01 in UTC+7).
    day BIGINT NOT NULL,
    day_count BIGINT NOT NULL
);

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

-- Allowance per address and kind of message (a leaky bucket): at full_at the bucket is empty again. Each kind has its own, so
-- that warnings use up nothing of the codes'.
CREATE TABLE mail_allowance (
    kind TEXT NOT NULL,
    email_index BYTEA NOT NULL,
    full_at BIGINT NOT NULL,
    PRIMARY KEY (kind, email_index)
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

-- Checks --------------------------------------------------------------------------------------------------------

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

-- Checks of one offline QR, which can be scanned more than once.
CREATE INDEX verification_offline ON verification (resident_id, relying_party_id, issued, verification_id)
    WHERE single_use = 0;

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

-- Codes of ten digits that a resident asked for because a camera failed: each stands for one presentation and dies with
-- it. The code is kept as a keyed index, the presentation's token sealed. Looked up by the code, so distributed by it; the
-- resident is named so that a newer code voids the older one.
CREATE TABLE presentation_code (
    code_index BYTEA NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL,
    sealed BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX presentation_code_resident ON presentation_code (resident_id);
CREATE INDEX presentation_code_end ON presentation_code (expires_at);

-- Whose code a party used under an idempotency key: a repetition finds its answer after the code is forgotten.
CREATE TABLE code_use (
    relying_party_id UUID NOT NULL,
    idempotency_key BYTEA NOT NULL,
    resident_id UUID NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (relying_party_id, idempotency_key)
);
CREATE INDEX code_use_time ON code_use (used_at);

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

-- Shares and proofs of use ----------------------------------------------------------------------------------------

-- How often something was done in its present window: selfies of a phone, offline QRs of a holder, wrong codes of an employee,
-- what one actor is refused. The subject is a digest of whom, and for what else, it is counted.
CREATE TABLE use_window (
    kind TEXT NOT NULL,
    subject BYTEA NOT NULL,
    ends_at BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
);
CREATE INDEX use_window_end ON use_window (ends_at);

-- Device proofs that were sent, as long as their nonces count: each works once.
CREATE TABLE device_proof (
    nonce_window BIGINT NOT NULL,
    proof UUID NOT NULL,
    PRIMARY KEY (nonce_window, proof)
);

-- The database itself ---------------------------------------------------------------------------------------------

-- Written by each node every second, to find out whether anything can be written. After the disk was full the filling shows
-- that there is room again.
CREATE TABLE write_probe (
    place BIGINT NOT NULL PRIMARY KEY,
    beats BIGINT NOT NULL,
    filling BYTEA
);
-- As it is, not compressed: it is there to take up room.
ALTER TABLE write_probe ALTER COLUMN filling SET STORAGE EXTERNAL;
