-- What an office does beside registrations: it looks at blocks at callers' words, and at its counters an address is changed by two people.
-- And until when foreigners may stay.

-- A block at the word of a caller, or the link that was sent in its place, until supervisors have looked at it. It names no resident but
-- by the id; the event is what people call it by.
CREATE TABLE call_block (
    event_id BLOB NOT NULL PRIMARY KEY,
    resident_id BLOB NOT NULL,
    office_id BLOB NOT NULL,
    officer_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('blocked', 'asked', 'present')),
    -- Why, as the officer wrote it down, sealed; without a name or NIK.
    reason_sealed BLOB NOT NULL,
    -- What became of it: none while that is open.
    outcome TEXT CHECK (outcome IN ('confirmed', 'lifted', 'lapsed', 'overtaken')),
    outcome_at INTEGER,
    -- Which supervisor looked at it, and the words to that, sealed.
    looked_by BLOB,
    looked_at INTEGER,
    looked_sealed BLOB,
    CHECK ((outcome IS NULL) = (outcome_at IS NULL)),
    CHECK ((looked_by IS NULL) = (looked_at IS NULL)),
    CHECK ((looked_by IS NULL) = (looked_sealed IS NULL)),
    CHECK (looked_by IS NULL OR looked_by <> officer_id)
) STRICT;
CREATE INDEX call_block_office ON call_block (office_id, event_id);
CREATE INDEX call_block_resident ON call_block (resident_id, at);
CREATE INDEX call_block_time ON call_block (at);

-- Another address at a counter, for a holder whose old one is somebody else's: from the code at the new address over the phone's QR to two
-- people of an office.
CREATE TABLE contact_visit (
    visit_id BLOB NOT NULL PRIMARY KEY,
    resident_id BLOB NOT NULL,
    device_thumbprint BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('code_sent', 'waiting_for_scan', 'at_counter', 'waiting_for_second_person', 'done',
        'refused', 'lapsed', 'withdrawn')),
    -- Raised by every write; what an officer decides demands the one that was on the screen.
    revision INTEGER NOT NULL,
    -- Tries counted against the code.
    tries INTEGER NOT NULL,
    -- When the digital KTP became active that it is about: another activation is another matter.
    activated_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- Issue time of the newest QR that was scanned: each works once.
    last_spent INTEGER NOT NULL,
    -- The new address, until it is over.
    sealed BLOB,
    office_id BLOB,
    scanned_by BLOB,
    asked_by BLOB,
    asked_at INTEGER,
    granted_by BLOB,
    -- Why it is asked for, or refused.
    words_sealed BLOB,
    ended_at INTEGER,
    CHECK ((ended_at IS NOT NULL) = (state IN ('done', 'refused', 'lapsed', 'withdrawn'))),
    CHECK ((ended_at IS NULL) = (sealed IS NOT NULL)),
    CHECK ((granted_by IS NOT NULL) = (state = 'done')),
    CHECK (granted_by IS NULL OR (asked_by IS NOT NULL AND granted_by <> asked_by))
) STRICT;
CREATE UNIQUE INDEX contact_visit_one_live ON contact_visit (resident_id) WHERE ended_at IS NULL;
CREATE INDEX contact_visit_resident ON contact_visit (resident_id);
CREATE INDEX contact_visit_office ON contact_visit (office_id, state, asked_at);
CREATE INDEX contact_visit_end ON contact_visit (expires_at) WHERE ended_at IS NULL;
CREATE INDEX contact_visit_ended ON contact_visit (ended_at) WHERE ended_at IS NOT NULL;

-- Until when a foreigner may stay whose digital KTP counts as long. At every check the record itself says so; this says when to tell the
-- holder.
CREATE TABLE permit (
    resident_id BLOB NOT NULL PRIMARY KEY,
    ends_at INTEGER NOT NULL,
    -- When the next notice of that is due; none after the last.
    due_at INTEGER
) STRICT;
CREATE INDEX permit_due ON permit (due_at) WHERE due_at IS NOT NULL;

-- That somebody left who is no citizen any more, from one person's word to another's. It ends the digital KTP that the register stopped.
CREATE TABLE departure (
    departure_id BLOB NOT NULL PRIMARY KEY,
    resident_id BLOB NOT NULL,
    -- The event that tells of the register's block: once that is taken back, or said anew, this is of another matter.
    event_id BLOB NOT NULL,
    office_id BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'granted', 'refused', 'lapsed')),
    -- Raised by every write; what is decided demands the one that was on the screen.
    revision INTEGER NOT NULL,
    asked_by BLOB NOT NULL,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    granted_by BLOB,
    -- Why it is asked for, or refused.
    words_sealed BLOB NOT NULL,
    ended_at INTEGER,
    CHECK ((ended_at IS NOT NULL) = (state <> 'asked')),
    CHECK ((granted_by IS NOT NULL) = (state = 'granted')),
    CHECK (granted_by IS NULL OR granted_by <> asked_by)
) STRICT;
CREATE UNIQUE INDEX departure_one_live ON departure (resident_id) WHERE ended_at IS NULL;
CREATE INDEX departure_office ON departure (office_id, asked_at) WHERE ended_at IS NULL;
CREATE INDEX departure_end ON departure (expires_at) WHERE ended_at IS NULL;
CREATE INDEX departure_ended ON departure (ended_at) WHERE ended_at IS NOT NULL;
