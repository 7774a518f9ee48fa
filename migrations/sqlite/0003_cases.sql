-- What is put right afterwards: an activation that two people of an office annul, with word to every relying party that relied on it, and
-- checks that a holder does not know.

-- The kinds of events have grown: disputes are told too.
DROP INDEX life_event_resident;
ALTER TABLE life_event RENAME TO life_event_before;
CREATE TABLE life_event (
    event_id BLOB NOT NULL,
    resident_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('activated', 'stopped', 'restarted', 'pin_changed', 'block_code_given', 'moved',
        'contact_asked', 'contact_changed', 'contact_kept', 'refreshed', 'check_disputed', 'dispute_answered',
        'dispute_unanswered')),
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

-- An activation that was wrongful, from one supervisor's word to another's. One that was granted stays: relying parties are told of it.
CREATE TABLE annulment (
    annulment_id BLOB NOT NULL PRIMARY KEY,
    resident_id BLOB NOT NULL,
    -- The registration that led to the digital KTP, and when that became active: another activation is another matter.
    registration_id BLOB NOT NULL,
    activated_at INTEGER NOT NULL,
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
    -- When every relying party that had relied on it had been told.
    told_at INTEGER,
    CHECK ((ended_at IS NOT NULL) = (state <> 'asked')),
    CHECK ((granted_by IS NOT NULL) = (state = 'granted')),
    CHECK (granted_by IS NULL OR granted_by <> asked_by)
) STRICT;
CREATE UNIQUE INDEX annulment_one_live ON annulment (resident_id) WHERE ended_at IS NULL;
CREATE INDEX annulment_office ON annulment (office_id, asked_at) WHERE ended_at IS NULL;
CREATE INDEX annulment_end ON annulment (expires_at) WHERE ended_at IS NULL;
CREATE INDEX annulment_untold ON annulment (ended_at) WHERE state = 'granted' AND told_at IS NULL;
CREATE INDEX annulment_ended ON annulment (ended_at) WHERE state IN ('refused', 'lapsed');

-- A good check that is not to be relied on any more, for the party that made it. It names no resident.
CREATE TABLE annulled_check (
    relying_party_id BLOB NOT NULL,
    verification_id BLOB NOT NULL,
    -- In the order in which they were told.
    told_id BLOB NOT NULL,
    told_at INTEGER NOT NULL,
    verified_at INTEGER NOT NULL,
    -- Since when nothing that this digital KTP showed is to be relied on.
    void_since INTEGER NOT NULL,
    PRIMARY KEY (relying_party_id, verification_id)
) STRICT;
CREATE INDEX annulled_check_party ON annulled_check (relying_party_id, told_id);

-- A check that its holder does not know. The relying party answers, until a day.
CREATE TABLE dispute (
    dispute_id BLOB NOT NULL PRIMARY KEY,
    resident_id BLOB NOT NULL,
    relying_party_id BLOB NOT NULL,
    verification_id BLOB NOT NULL,
    verified_at INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('opened', 'asked_party', 'answered', 'closed')),
    opened_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    -- When the party could read it first.
    asked_at INTEGER,
    -- What the party found, and its words, sealed.
    finding TEXT CHECK (finding IN ('holder_was_there', 'our_mistake', 'misused', 'unknown')),
    words_sealed BLOB,
    answered_at INTEGER,
    ending TEXT CHECK (ending IN ('withdrawn', 'unanswered', 'read')),
    closed_at INTEGER,
    CHECK ((closed_at IS NOT NULL) = (state = 'closed')),
    CHECK ((closed_at IS NOT NULL) = (ending IS NOT NULL)),
    CHECK ((answered_at IS NOT NULL) = (finding IS NOT NULL)),
    CHECK ((answered_at IS NOT NULL) = (words_sealed IS NOT NULL)),
    CHECK (state <> 'answered' OR answered_at IS NOT NULL)
) STRICT;
-- One for each check.
CREATE UNIQUE INDEX dispute_of_check ON dispute (verification_id, resident_id);
CREATE INDEX dispute_resident ON dispute (resident_id, dispute_id);
CREATE INDEX dispute_party ON dispute (relying_party_id, dispute_id) WHERE asked_at IS NOT NULL;
CREATE INDEX dispute_unasked ON dispute (opened_at) WHERE state = 'opened';
CREATE INDEX dispute_due ON dispute (due_at) WHERE state IN ('opened', 'asked_party');
CREATE INDEX dispute_answered ON dispute (answered_at) WHERE state = 'answered';
