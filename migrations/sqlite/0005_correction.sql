-- A difference between what a resident says and what the register says, as a case: what it is, who has to do what, and until when.

-- The kinds of events have grown: cases are told too.
DROP INDEX life_event_resident;
ALTER TABLE life_event RENAME TO life_event_before;
CREATE TABLE life_event (
    event_id BLOB NOT NULL,
    resident_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('activated', 'stopped', 'restarted', 'pin_changed', 'block_code_given', 'moved',
        'contact_asked', 'contact_changed', 'contact_kept', 'refreshed', 'check_disputed', 'dispute_answered',
        'dispute_unanswered', 'correction_opened', 'correction_moved', 'correction_resolved', 'correction_refused',
        'correction_lapsed', 'spelling_agreed')),
    -- Of a stop, and of the stop that a restart ended.
    reason TEXT,
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BLOB NOT NULL,
    office_id BLOB,
    PRIMARY KEY (event_id, resident_id)
) STRICT;
INSERT INTO life_event (event_id, resident_id, kind, reason, at, actor_kind, actor_id, office_id)
    SELECT event_id, resident_id, kind, reason, at, actor_kind, actor_id, office_id FROM life_event_before;
DROP TABLE life_event_before;
CREATE INDEX life_event_resident ON life_event (resident_id, event_id);

CREATE TABLE correction (
    correction_id BLOB NOT NULL PRIMARY KEY,
    -- Blind index of the NIK that it is about: by it the register's word finds the case.
    nik_index BLOB NOT NULL,
    -- The registration that it holds up; whose digital KTP it is, once it is somebody's.
    registration_id BLOB,
    resident_id BLOB,
    kind TEXT NOT NULL CHECK (kind IN ('typing_error', 'register_misspelling', 'name_change', 'element_change', 'nik_not_online',
        'duplicate_nik', 'wrong_death', 'portrait_old')),
    opener TEXT NOT NULL CHECK (opener IN ('registrant', 'holder', 'objection', 'stopped', 'officer')),
    state TEXT NOT NULL CHECK (state IN ('opened', 'waiting_resident', 'in_register', 'resolved', 'refused', 'lapsed')),
    -- Whether the register agreed when it was heard last.
    register_word TEXT NOT NULL CHECK (register_word IN ('unheard', 'differs', 'agrees')),
    -- Raised by every write; what is decided demands the one that was on the screen.
    revision INTEGER NOT NULL,
    -- What the resident says, what the register said, and which elements it is about.
    matter_sealed BLOB NOT NULL,
    -- An officer's words to the resident.
    words_sealed BLOB,
    office_id BLOB,
    asked_by BLOB,
    asked_at INTEGER,
    granted_by BLOB,
    -- When the resident agreed to the register's spelling of the name.
    spelling_agreed_at INTEGER,
    opened_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    -- When the present step is expected to be done.
    due_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK ((ended_at IS NOT NULL) = (state IN ('resolved', 'refused', 'lapsed'))),
    CHECK (registration_id IS NOT NULL OR resident_id IS NOT NULL),
    CHECK ((asked_by IS NULL) = (asked_at IS NULL)),
    CHECK (granted_by IS NULL OR granted_by <> asked_by),
    -- What takes two persons is not passed on by one.
    CHECK (state <> 'in_register' OR kind NOT IN ('duplicate_nik', 'wrong_death') OR granted_by IS NOT NULL)
) STRICT;
-- One that lives for each registration, and one of each kind for each digital KTP.
CREATE UNIQUE INDEX correction_one_live ON correction (registration_id) WHERE ended_at IS NULL AND registration_id IS NOT NULL;
CREATE UNIQUE INDEX correction_one_kind ON correction (resident_id, kind) WHERE ended_at IS NULL AND resident_id IS NOT NULL;
CREATE INDEX correction_registration ON correction (registration_id, correction_id);
CREATE INDEX correction_resident ON correction (resident_id, correction_id);
CREATE INDEX correction_nik ON correction (nik_index) WHERE ended_at IS NULL;
CREATE INDEX correction_office ON correction (office_id, changed_at) WHERE ended_at IS NULL;
CREATE INDEX correction_end ON correction (expires_at) WHERE ended_at IS NULL;
CREATE INDEX correction_ended ON correction (ended_at) WHERE ended_at IS NOT NULL;
