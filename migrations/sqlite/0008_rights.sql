-- What holders may demand: who opened a case takes it back, and is reminded once before it lapses. And who held a digital KTP on paper
-- alone is found when the last card was voided long ago.

DROP INDEX correction_one_live;
DROP INDEX correction_one_kind;
DROP INDEX correction_registration;
DROP INDEX correction_resident;
DROP INDEX correction_nik;
DROP INDEX correction_office;
DROP INDEX correction_end;
DROP INDEX correction_ended;
ALTER TABLE correction RENAME TO correction_before;
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
    state TEXT NOT NULL CHECK (state IN ('opened', 'waiting_resident', 'in_register', 'resolved', 'refused', 'withdrawn', 'lapsed')),
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
    -- When its resident was reminded that it lapses soon.
    reminded_at INTEGER,
    CHECK ((ended_at IS NOT NULL) = (state IN ('resolved', 'refused', 'withdrawn', 'lapsed'))),
    CHECK (registration_id IS NOT NULL OR resident_id IS NOT NULL),
    CHECK ((asked_by IS NULL) = (asked_at IS NULL)),
    CHECK (granted_by IS NULL OR granted_by <> asked_by),
    -- What takes two persons is not passed on by one.
    CHECK (state <> 'in_register' OR kind NOT IN ('duplicate_nik', 'wrong_death') OR granted_by IS NOT NULL)
) STRICT;
INSERT INTO correction (correction_id, nik_index, registration_id, resident_id, kind, opener, state, register_word, revision, matter_sealed,
        words_sealed, office_id, asked_by, asked_at, granted_by, spelling_agreed_at, opened_at, changed_at, due_at, expires_at, ended_at)
    SELECT correction_id, nik_index, registration_id, resident_id, kind, opener, state, register_word, revision, matter_sealed,
        words_sealed, office_id, asked_by, asked_at, granted_by, spelling_agreed_at, opened_at, changed_at, due_at, expires_at, ended_at FROM correction_before;
DROP TABLE correction_before;
-- One that lives for each registration, and one of each kind for each digital KTP.
CREATE UNIQUE INDEX correction_one_live ON correction (registration_id) WHERE ended_at IS NULL AND registration_id IS NOT NULL;
CREATE UNIQUE INDEX correction_one_kind ON correction (resident_id, kind) WHERE ended_at IS NULL AND resident_id IS NOT NULL;
CREATE INDEX correction_registration ON correction (registration_id, correction_id);
CREATE INDEX correction_resident ON correction (resident_id, correction_id);
CREATE INDEX correction_nik ON correction (nik_index) WHERE ended_at IS NULL;
CREATE INDEX correction_office ON correction (office_id, changed_at) WHERE ended_at IS NULL;
CREATE INDEX correction_end ON correction (expires_at) WHERE ended_at IS NULL;
CREATE INDEX correction_ended ON correction (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX correction_unreminded ON correction (expires_at) WHERE ended_at IS NULL AND reminded_at IS NULL;

-- Cards that were voided, by when.
CREATE INDEX printed_card_voided ON printed_card (voided_at) WHERE voided_at IS NOT NULL;
