-- Printed cards for those without a phone: two people of an office issue one, its place in a status list says whether it still counts.

-- The program alone knows the kinds of events from here on: the table only grows, and is not to be rewritten for a word.
DROP INDEX life_event_resident;
ALTER TABLE life_event RENAME TO life_event_before;
CREATE TABLE life_event (
    event_id BLOB NOT NULL,
    resident_id BLOB NOT NULL,
    kind TEXT NOT NULL,
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

-- A printed card, from what an officer prepares at the counter to its end.
CREATE TABLE printed_card (
    card_id BLOB NOT NULL PRIMARY KEY,
    resident_id BLOB NOT NULL,
    office_id BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('prepared', 'asked', 'granted', 'refused', 'lapsed')),
    -- Raised by every write; what is decided demands the one that was on the screen.
    revision INTEGER NOT NULL,
    asked_by BLOB NOT NULL,
    prepared_at INTEGER NOT NULL,
    -- Until when it can be granted: the resident stands at the counter.
    lapses_at INTEGER NOT NULL,
    -- When the resident agreed to the terms, and to which.
    asked_at INTEGER,
    terms_version TEXT,
    -- The generation of the credential that was looked at; 0 where there was none.
    generation INTEGER NOT NULL,
    -- Who helped, as a keyed index: whoever helps many is found.
    helper_index BLOB,
    -- What the resident said, who helped, and why it was refused.
    sealed BLOB NOT NULL,
    granted_by BLOB,
    ended_at INTEGER,
    -- Of a card that was granted: its place in the status lists, until when it counts, and its QR while it can be printed.
    place INTEGER,
    expires_at INTEGER,
    qr_sealed BLOB,
    -- 1: it stays good when its holder activates a phone.
    keeps INTEGER NOT NULL,
    voided_at INTEGER,
    void_reason TEXT CHECK (void_reason IN ('reprinted', 'lost', 'returned', 'phone')),
    CHECK ((ended_at IS NOT NULL) = (state NOT IN ('prepared', 'asked'))),
    CHECK ((granted_by IS NOT NULL) = (state = 'granted')),
    CHECK (granted_by IS NULL OR granted_by <> asked_by),
    CHECK ((place IS NOT NULL) = (state = 'granted')),
    CHECK ((expires_at IS NOT NULL) = (state = 'granted')),
    CHECK (state <> 'asked' OR asked_at IS NOT NULL),
    CHECK ((asked_at IS NOT NULL) = (terms_version IS NOT NULL)),
    CHECK ((voided_at IS NOT NULL) = (void_reason IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX printed_card_one_live ON printed_card (resident_id) WHERE ended_at IS NULL;
CREATE INDEX printed_card_good ON printed_card (resident_id) WHERE state = 'granted' AND voided_at IS NULL;
CREATE INDEX printed_card_resident ON printed_card (resident_id);
CREATE INDEX printed_card_waiting ON printed_card (office_id, asked_at) WHERE state = 'asked';
CREATE INDEX printed_card_office ON printed_card (office_id, card_id) WHERE state = 'granted';
CREATE INDEX printed_card_end ON printed_card (lapses_at) WHERE ended_at IS NULL;
CREATE INDEX printed_card_ended ON printed_card (ended_at) WHERE state IN ('refused', 'lapsed');
CREATE INDEX printed_card_expired ON printed_card (expires_at) WHERE state = 'granted';
CREATE INDEX printed_card_printable ON printed_card (ended_at) WHERE qr_sealed IS NOT NULL;

-- What the second person compares: the register's word, and the photo that was taken at the counter.
CREATE TABLE printed_card_evidence (
    card_id BLOB NOT NULL PRIMARY KEY,
    record_sealed BLOB NOT NULL,
    portrait_sealed BLOB,
    photo_sealed BLOB,
    delete_after INTEGER NOT NULL
) STRICT;
CREATE INDEX printed_card_evidence_end ON printed_card_evidence (delete_after);
