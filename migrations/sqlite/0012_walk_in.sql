-- Who comes to a counter without their phone, who helps whom, and a check of the face that a second person waives.

-- What a holder asks for at a counter without their phone: from what an officer types over the photo to the second person.
CREATE TABLE walk_in (
    walk_in_id BLOB NOT NULL PRIMARY KEY,
    resident_id BLOB NOT NULL,
    office_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('closure', 'consent_withdrawal', 'copy')),
    state TEXT NOT NULL CHECK (state IN ('prepared', 'asked', 'granted', 'refused', 'lapsed')),
    -- Raised by every write; what is decided demands the one that was on the screen.
    revision INTEGER NOT NULL,
    asked_by BLOB NOT NULL,
    prepared_at INTEGER NOT NULL,
    -- Until when it can be granted: the holder stands at the counter.
    lapses_at INTEGER NOT NULL,
    asked_at INTEGER,
    -- The generation of the credential that was looked at.
    generation INTEGER NOT NULL,
    -- Who helped, who was witness, and why it was refused.
    sealed BLOB NOT NULL,
    -- The photo that the second person compares with the portrait, and until when it is kept.
    photo_sealed BLOB,
    delete_photo_after INTEGER,
    granted_by BLOB,
    ended_at INTEGER,
    CHECK ((ended_at IS NOT NULL) = (state NOT IN ('prepared', 'asked'))),
    CHECK ((delete_photo_after IS NOT NULL) = (ended_at IS NOT NULL)),
    CHECK ((granted_by IS NOT NULL) = (state = 'granted')),
    CHECK (granted_by IS NULL OR granted_by <> asked_by),
    CHECK (state <> 'asked' OR (asked_at IS NOT NULL AND photo_sealed IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX walk_in_one_live ON walk_in (resident_id) WHERE ended_at IS NULL;
CREATE INDEX walk_in_resident ON walk_in (resident_id);
CREATE INDEX walk_in_waiting ON walk_in (office_id, asked_at) WHERE state = 'asked';
CREATE INDEX walk_in_officer ON walk_in (office_id, asked_by, prepared_at);
CREATE INDEX walk_in_end ON walk_in (lapses_at) WHERE ended_at IS NULL;
CREATE INDEX walk_in_ended ON walk_in (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX walk_in_photo ON walk_in (delete_photo_after) WHERE photo_sealed IS NOT NULL;

-- Who helped whom at a counter. Supervisors look at whoever helps many.
CREATE TABLE help (
    help_id BLOB NOT NULL PRIMARY KEY,
    -- The helper's NIK, as a keyed index, and the name, sealed.
    helper_index BLOB NOT NULL,
    name_sealed BLOB,
    -- Who was helped: the resident, or the registration of who is no holder yet.
    helped_id BLOB NOT NULL,
    office_id BLOB NOT NULL,
    -- The officer who noted it, and the second person where there was one: neither looks at it.
    officer_id BLOB NOT NULL,
    granted_by BLOB,
    at INTEGER NOT NULL,
    looked_by BLOB,
    looked_at INTEGER,
    -- What came of looking, in words, sealed.
    looked_sealed BLOB,
    CHECK ((looked_by IS NULL) = (looked_at IS NULL)),
    CHECK ((looked_by IS NULL) = (looked_sealed IS NULL)),
    CHECK (looked_by IS NULL OR looked_by <> officer_id),
    CHECK (looked_by IS NULL OR granted_by IS NULL OR looked_by <> granted_by)
) STRICT;
CREATE INDEX help_helper ON help (helper_index, at);
CREATE INDEX help_office ON help (office_id, at) WHERE looked_at IS NULL;
CREATE INDEX help_time ON help (at);
CREATE INDEX help_helped ON help (helped_id);
INSERT INTO help (help_id, helper_index, helped_id, office_id, officer_id, at)
    SELECT card_id, helper_index, resident_id, office_id, asked_by, prepared_at FROM printed_card WHERE helper_index IS NOT NULL;
ALTER TABLE printed_card DROP COLUMN helper_index;

-- A second person agrees also that a face is not compared, for a medical reason. A request counts for half an hour, so none is carried over.
DROP TABLE second_person_request;
CREATE TABLE second_person_request (
    registration_id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('release', 'approval', 'waiver')),
    office_id BLOB NOT NULL,
    asked_by BLOB NOT NULL,
    asked_at INTEGER NOT NULL,
    reason_sealed BLOB NOT NULL,
    -- Who helps the resident.
    helper_sealed BLOB,
    -- The revision of the registration that was on the screen of the officer who asked.
    revision INTEGER NOT NULL
) STRICT;
CREATE INDEX second_person_request_office ON second_person_request (office_id, asked_at);
