-- Printed cards for those without a phone: two people of an office issue one, its place in a status list says whether it still counts.

-- The program alone knows the kinds of events from here on: the table only grows, and is not to be rewritten for a word.
ALTER TABLE life_event DROP CONSTRAINT life_event_kind_check;

-- A printed card, from what an officer prepares at the counter to its end.
CREATE TABLE printed_card (
    card_id UUID NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL,
    office_id UUID NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('prepared', 'asked', 'granted', 'refused', 'lapsed')),
    -- Raised by every write; what is decided demands the one that was on the screen.
    revision BIGINT NOT NULL,
    asked_by UUID NOT NULL,
    prepared_at BIGINT NOT NULL,
    -- Until when it can be granted: the resident stands at the counter.
    lapses_at BIGINT NOT NULL,
    -- When the resident agreed to the terms, and to which.
    asked_at BIGINT,
    terms_version TEXT,
    -- The generation of the credential that was looked at; 0 where there was none.
    generation BIGINT NOT NULL,
    -- Who helped, as a keyed index: whoever helps many is found.
    helper_index BYTEA,
    -- What the resident said, who helped, and why it was refused.
    sealed BYTEA NOT NULL,
    granted_by UUID,
    ended_at BIGINT,
    -- Of a card that was granted: its place in the status lists, until when it counts, and its QR while it can be printed.
    place BIGINT,
    expires_at BIGINT,
    qr_sealed BYTEA,
    -- 1: it stays good when its holder activates a phone.
    keeps BIGINT NOT NULL,
    voided_at BIGINT,
    void_reason TEXT CHECK (void_reason IN ('reprinted', 'lost', 'returned', 'phone')),
    CHECK ((ended_at IS NOT NULL) = (state NOT IN ('prepared', 'asked'))),
    CHECK ((granted_by IS NOT NULL) = (state = 'granted')),
    CHECK (granted_by IS NULL OR granted_by <> asked_by),
    CHECK ((place IS NOT NULL) = (state = 'granted')),
    CHECK ((expires_at IS NOT NULL) = (state = 'granted')),
    CHECK (state <> 'asked' OR asked_at IS NOT NULL),
    CHECK ((asked_at IS NOT NULL) = (terms_version IS NOT NULL)),
    CHECK ((voided_at IS NOT NULL) = (void_reason IS NOT NULL))
);
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
    card_id UUID NOT NULL PRIMARY KEY,
    record_sealed BYTEA NOT NULL,
    portrait_sealed BYTEA,
    photo_sealed BYTEA,
    delete_after BIGINT NOT NULL
);
CREATE INDEX printed_card_evidence_end ON printed_card_evidence (delete_after);
