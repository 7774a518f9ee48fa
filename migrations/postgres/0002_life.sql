-- What happens to a digital KTP after its activation: why it is stopped, how it is stopped by anybody who may, what happened, and who is
-- told of it.

-- Why a credential is not active, since when, and until when where that ends by itself; no row while it is active.
CREATE TABLE credential_status (
    resident_id UUID NOT NULL PRIMARY KEY,
    reason TEXT NOT NULL CHECK (reason IN ('self_block', 'officer_block_provisional', 'officer_block', 'pin_exhausted',
        'register_changed', 'register_deceased', 'register_left', 'register_corrected', 'register_duplicate', 'superseded',
        'deceased', 'emigrated', 'closed', 'consent_withdrawn', 'annulled')),
    since BIGINT NOT NULL,
    until BIGINT,
    event_id UUID NOT NULL
);
CREATE INDEX credential_status_until ON credential_status (until) WHERE until IS NOT NULL;
-- Who closed, whose data are to be erased.
CREATE INDEX credential_status_closed ON credential_status (since) WHERE reason IN ('closed', 'consent_withdrawn');

-- Whose digital KTP a NIK's is. A NIK never changes, so neither does the row.
CREATE TABLE holder_nik (
    nik_index BYTEA NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL
);

-- What happened to a digital KTP, in order; written in the transaction of what happened, never changed.
CREATE TABLE life_event (
    event_id UUID NOT NULL,
    resident_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('activated', 'stopped', 'restarted', 'pin_changed', 'block_code_given', 'moved',
        'contact_asked', 'contact_changed', 'contact_kept', 'refreshed')),
    -- Of a stop, and of the stop that a restart ended.
    reason TEXT,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID NOT NULL,
    office_id UUID,
    PRIMARY KEY (event_id, resident_id)
);
CREATE INDEX life_event_resident ON life_event (resident_id, event_id);

-- A message to a holder about an event, until its link no longer counts. Address, language and first name are sealed.
CREATE TABLE life_notice (
    notice_id UUID NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL,
    event_id UUID NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT,
    at BIGINT NOT NULL,
    office_id UUID,
    sealed BYTEA NOT NULL,
    -- When its link blocked the digital KTP: it does that once.
    used_at BIGINT
);
CREATE INDEX life_notice_time ON life_notice (at);
CREATE INDEX life_notice_resident ON life_notice (resident_id);

-- The code that blocks a digital KTP from any browser: a keyed index of NIK and code together, so that neither is kept and both are
-- looked for at once.
CREATE TABLE block_code (
    code_index BYTEA NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX block_code_resident ON block_code (resident_id);

-- What was done about somebody: holders are told.
CREATE INDEX audit_event_subject ON audit_event (subject_id, at);

-- What waits for a second person of an office.
CREATE INDEX release_request_office ON release_request (office_id, asked_at);

-- A digital KTP whose PIN is forgotten or used up, or that is blocked: from the phone's request over the counter, where one person asks
-- and another grants, to a new PIN on the same phone.
CREATE TABLE recovery (
    recovery_id UUID NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL,
    device_thumbprint BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting_for_scan', 'at_counter', 'waiting_for_second_person', 'granted', 'done',
        'refused', 'lapsed', 'withdrawn')),
    -- Raised by every write; what an officer decides demands the one that was on the screen.
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Issue time of the newest QR that was scanned: each works once.
    last_spent BIGINT NOT NULL,
    office_id UUID,
    scanned_by UUID,
    asked_by UUID,
    asked_at BIGINT,
    -- The generation of the credential that was asked for.
    generation BIGINT,
    granted_by UUID,
    -- Why it is asked for, or refused.
    words_sealed BYTEA,
    ended_at BIGINT,
    CHECK ((ended_at IS NOT NULL) = (state IN ('done', 'refused', 'lapsed', 'withdrawn')))
);
CREATE UNIQUE INDEX recovery_one_live ON recovery (device_thumbprint) WHERE ended_at IS NULL;
CREATE INDEX recovery_device ON recovery (device_thumbprint);
CREATE INDEX recovery_office ON recovery (office_id, state, asked_at);
CREATE INDEX recovery_end ON recovery (expires_at) WHERE ended_at IS NULL;
CREATE INDEX recovery_ended ON recovery (ended_at) WHERE ended_at IS NOT NULL;

-- A digital KTP that moves from the phone that has it to another one: from the other's QR over the PIN on the first to a new PIN.
CREATE TABLE transfer (
    transfer_id UUID NOT NULL PRIMARY KEY,
    -- The new phone.
    device_thumbprint BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting_for_scan', 'waiting_for_pin', 'allowed', 'done', 'lapsed')),
    -- Raised by every step; each demands the one that it was made from.
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Issue time of the newest QR that was scanned: each works once.
    last_spent BIGINT NOT NULL,
    -- Whose digital KTP moves, from which phone, in which generation, and the number that both phones show: once it was scanned.
    resident_id UUID,
    former_device BYTEA,
    generation BIGINT,
    match_number BIGINT,
    ended_at BIGINT,
    CHECK ((ended_at IS NOT NULL) = (state IN ('done', 'lapsed')))
);
CREATE UNIQUE INDEX transfer_one_live ON transfer (device_thumbprint) WHERE ended_at IS NULL;
CREATE INDEX transfer_resident ON transfer (resident_id, ended_at) WHERE state = 'done';
CREATE INDEX transfer_end ON transfer (expires_at) WHERE ended_at IS NULL;
CREATE INDEX transfer_ended ON transfer (ended_at) WHERE ended_at IS NOT NULL;

-- Another address for a holder: asked for with the PIN, confirmed with a code that went to it, and in force a day later.
CREATE TABLE contact_change (
    change_id UUID NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('code_sent', 'cooling', 'done', 'stopped', 'lapsed')),
    -- Raised by every step; each demands the one that it was made from.
    revision BIGINT NOT NULL,
    -- Of the digital KTP when it was asked for: a block, another PIN or another phone ends it.
    generation BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When the code stops counting.
    expires_at BIGINT NOT NULL,
    -- When it comes into force, once the code was entered.
    effective_at BIGINT,
    -- The new address, until it is over.
    sealed BYTEA,
    ended_at BIGINT,
    CHECK ((ended_at IS NOT NULL) = (state IN ('done', 'stopped', 'lapsed'))),
    CHECK ((ended_at IS NULL) = (sealed IS NOT NULL)),
    CHECK (state <> 'cooling' OR effective_at IS NOT NULL)
);
CREATE UNIQUE INDEX contact_change_one_live ON contact_change (resident_id) WHERE ended_at IS NULL;
CREATE INDEX contact_change_resident ON contact_change (resident_id);
CREATE INDEX contact_change_done ON contact_change (resident_id, ended_at) WHERE state = 'done';
CREATE INDEX contact_change_due ON contact_change (effective_at) WHERE state = 'cooling';
CREATE INDEX contact_change_code ON contact_change (expires_at) WHERE state = 'code_sent';
CREATE INDEX contact_change_ended ON contact_change (ended_at) WHERE ended_at IS NOT NULL;

-- What a digital KTP showed before the register said something else, so that its holder sees both. One row for each holder.
CREATE TABLE record_change (
    resident_id UUID NOT NULL PRIMARY KEY,
    -- Raised by every change; what is confirmed is the one that was shown.
    revision BIGINT NOT NULL,
    -- What was shown before, sealed.
    sealed BYTEA NOT NULL,
    -- Since when something else is shown, and when the newest of it came.
    since BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    confirmed_at BIGINT
);
CREATE INDEX record_change_time ON record_change (changed_at);
