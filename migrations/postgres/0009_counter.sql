-- What an office does beside registrations: it looks at blocks at callers' words, and at its counters an address is changed by two people.
-- And until when foreigners may stay.

-- A block at the word of a caller, or the link that was sent in its place, until supervisors have looked at it. It names no resident but
-- by the id; the event is what people call it by.
CREATE TABLE call_block (
    event_id UUID NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL,
    office_id UUID NOT NULL,
    officer_id UUID NOT NULL,
    at BIGINT NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('blocked', 'asked', 'present')),
    -- Why, as the officer wrote it down, sealed; without a name or NIK.
    reason_sealed BYTEA NOT NULL,
    -- What became of it: none while that is open.
    outcome TEXT CHECK (outcome IN ('confirmed', 'lifted', 'lapsed', 'overtaken')),
    outcome_at BIGINT,
    -- Which supervisor looked at it, and the words to that, sealed.
    looked_by UUID,
    looked_at BIGINT,
    looked_sealed BYTEA,
    CHECK ((outcome IS NULL) = (outcome_at IS NULL)),
    CHECK ((looked_by IS NULL) = (looked_at IS NULL)),
    CHECK ((looked_by IS NULL) = (looked_sealed IS NULL)),
    CHECK (looked_by IS NULL OR looked_by <> officer_id)
);
CREATE INDEX call_block_office ON call_block (office_id, event_id);
CREATE INDEX call_block_resident ON call_block (resident_id, at);
CREATE INDEX call_block_time ON call_block (at);

-- Another address at a counter, for a holder whose old one is somebody else's: from the code at the new address over the phone's QR to two
-- people of an office.
CREATE TABLE contact_visit (
    visit_id UUID NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL,
    device_thumbprint BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('code_sent', 'waiting_for_scan', 'at_counter', 'waiting_for_second_person', 'done',
        'refused', 'lapsed', 'withdrawn')),
    -- Raised by every write; what an officer decides demands the one that was on the screen.
    revision BIGINT NOT NULL,
    -- Tries counted against the code.
    tries BIGINT NOT NULL,
    -- When the digital KTP became active that it is about: another activation is another matter.
    activated_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Issue time of the newest QR that was scanned: each works once.
    last_spent BIGINT NOT NULL,
    -- The new address, until it is over.
    sealed BYTEA,
    office_id UUID,
    scanned_by UUID,
    asked_by UUID,
    asked_at BIGINT,
    granted_by UUID,
    -- Why it is asked for, or refused.
    words_sealed BYTEA,
    ended_at BIGINT,
    CHECK ((ended_at IS NOT NULL) = (state IN ('done', 'refused', 'lapsed', 'withdrawn'))),
    CHECK ((ended_at IS NULL) = (sealed IS NOT NULL)),
    CHECK ((granted_by IS NOT NULL) = (state = 'done')),
    CHECK (granted_by IS NULL OR (asked_by IS NOT NULL AND granted_by <> asked_by))
);
CREATE UNIQUE INDEX contact_visit_one_live ON contact_visit (resident_id) WHERE ended_at IS NULL;
CREATE INDEX contact_visit_resident ON contact_visit (resident_id);
CREATE INDEX contact_visit_office ON contact_visit (office_id, state, asked_at);
CREATE INDEX contact_visit_end ON contact_visit (expires_at) WHERE ended_at IS NULL;
CREATE INDEX contact_visit_ended ON contact_visit (ended_at) WHERE ended_at IS NOT NULL;

-- Until when a foreigner may stay whose digital KTP counts as long. At every check the record itself says so; this says when to tell the
-- holder.
CREATE TABLE permit (
    resident_id UUID NOT NULL PRIMARY KEY,
    ends_at BIGINT NOT NULL,
    -- When the next notice of that is due; none after the last.
    due_at BIGINT
);
CREATE INDEX permit_due ON permit (due_at) WHERE due_at IS NOT NULL;

-- That somebody left who is no citizen any more, from one person's word to another's. It ends the digital KTP that the register stopped.
CREATE TABLE departure (
    departure_id UUID NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL,
    -- The event that tells of the register's block: once that is taken back, or said anew, this is of another matter.
    event_id UUID NOT NULL,
    office_id UUID NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'granted', 'refused', 'lapsed')),
    -- Raised by every write; what is decided demands the one that was on the screen.
    revision BIGINT NOT NULL,
    asked_by UUID NOT NULL,
    asked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    granted_by UUID,
    -- Why it is asked for, or refused.
    words_sealed BYTEA NOT NULL,
    ended_at BIGINT,
    CHECK ((ended_at IS NOT NULL) = (state <> 'asked')),
    CHECK ((granted_by IS NOT NULL) = (state = 'granted')),
    CHECK (granted_by IS NULL OR granted_by <> asked_by)
);
CREATE UNIQUE INDEX departure_one_live ON departure (resident_id) WHERE ended_at IS NULL;
CREATE INDEX departure_office ON departure (office_id, asked_at) WHERE ended_at IS NULL;
CREATE INDEX departure_end ON departure (expires_at) WHERE ended_at IS NULL;
CREATE INDEX departure_ended ON departure (ended_at) WHERE ended_at IS NOT NULL;
