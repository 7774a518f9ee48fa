-- A difference between what a resident says and what the register says, as a case: what it is, who has to do what, and until when.

-- The kinds of events have grown: cases are told too.
ALTER TABLE life_event DROP CONSTRAINT life_event_kind_check;
ALTER TABLE life_event ADD CONSTRAINT life_event_kind_check CHECK (kind IN ('activated', 'stopped', 'restarted', 'pin_changed', 'block_code_given', 'moved',
        'contact_asked', 'contact_changed', 'contact_kept', 'refreshed', 'check_disputed', 'dispute_answered',
        'dispute_unanswered', 'correction_opened', 'correction_moved', 'correction_resolved', 'correction_refused',
        'correction_lapsed', 'spelling_agreed'));

CREATE TABLE correction (
    correction_id UUID NOT NULL PRIMARY KEY,
    -- Blind index of the NIK that it is about: by it the register's word finds the case.
    nik_index BYTEA NOT NULL,
    -- The registration that it holds up; whose digital KTP it is, once it is somebody's.
    registration_id UUID,
    resident_id UUID,
    kind TEXT NOT NULL CHECK (kind IN ('typing_error', 'register_misspelling', 'name_change', 'element_change', 'nik_not_online',
        'duplicate_nik', 'wrong_death', 'portrait_old')),
    opener TEXT NOT NULL CHECK (opener IN ('registrant', 'holder', 'objection', 'stopped', 'officer')),
    state TEXT NOT NULL CHECK (state IN ('opened', 'waiting_resident', 'in_register', 'resolved', 'refused', 'lapsed')),
    -- Whether the register agreed when it was heard last.
    register_word TEXT NOT NULL CHECK (register_word IN ('unheard', 'differs', 'agrees')),
    -- Raised by every write; what is decided demands the one that was on the screen.
    revision BIGINT NOT NULL,
    -- What the resident says, what the register said, and which elements it is about.
    matter_sealed BYTEA NOT NULL,
    -- An officer's words to the resident.
    words_sealed BYTEA,
    office_id UUID,
    asked_by UUID,
    asked_at BIGINT,
    granted_by UUID,
    -- When the resident agreed to the register's spelling of the name.
    spelling_agreed_at BIGINT,
    opened_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- When the present step is expected to be done.
    due_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    CHECK ((ended_at IS NOT NULL) = (state IN ('resolved', 'refused', 'lapsed'))),
    CHECK (registration_id IS NOT NULL OR resident_id IS NOT NULL),
    CHECK ((asked_by IS NULL) = (asked_at IS NULL)),
    CHECK (granted_by IS NULL OR granted_by <> asked_by),
    -- What takes two persons is not passed on by one.
    CHECK (state <> 'in_register' OR kind NOT IN ('duplicate_nik', 'wrong_death') OR granted_by IS NOT NULL)
);
-- One that lives for each registration, and one of each kind for each digital KTP.
CREATE UNIQUE INDEX correction_one_live ON correction (registration_id) WHERE ended_at IS NULL AND registration_id IS NOT NULL;
CREATE UNIQUE INDEX correction_one_kind ON correction (resident_id, kind) WHERE ended_at IS NULL AND resident_id IS NOT NULL;
CREATE INDEX correction_registration ON correction (registration_id, correction_id);
CREATE INDEX correction_resident ON correction (resident_id, correction_id);
CREATE INDEX correction_nik ON correction (nik_index) WHERE ended_at IS NULL;
CREATE INDEX correction_office ON correction (office_id, changed_at) WHERE ended_at IS NULL;
CREATE INDEX correction_end ON correction (expires_at) WHERE ended_at IS NULL;
CREATE INDEX correction_ended ON correction (ended_at) WHERE ended_at IS NOT NULL;
