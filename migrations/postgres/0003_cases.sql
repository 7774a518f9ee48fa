-- What is put right afterwards: an activation that two people of an office annul, with word to every relying party that relied on it, and
-- checks that a holder does not know.

-- The kinds of events have grown: disputes are told too.
ALTER TABLE life_event DROP CONSTRAINT life_event_kind_check;
ALTER TABLE life_event ADD CONSTRAINT life_event_kind_check CHECK (kind IN ('activated', 'stopped', 'restarted', 'pin_changed', 'block_code_given', 'moved',
        'contact_asked', 'contact_changed', 'contact_kept', 'refreshed', 'check_disputed', 'dispute_answered',
        'dispute_unanswered'));

-- An activation that was wrongful, from one supervisor's word to another's. One that was granted stays: relying parties are told of it.
CREATE TABLE annulment (
    annulment_id UUID NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL,
    -- The registration that led to the digital KTP, and when that became active: another activation is another matter.
    registration_id UUID NOT NULL,
    activated_at BIGINT NOT NULL,
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
    -- When every relying party that had relied on it had been told.
    told_at BIGINT,
    CHECK ((ended_at IS NOT NULL) = (state <> 'asked')),
    CHECK ((granted_by IS NOT NULL) = (state = 'granted')),
    CHECK (granted_by IS NULL OR granted_by <> asked_by)
);
CREATE UNIQUE INDEX annulment_one_live ON annulment (resident_id) WHERE ended_at IS NULL;
CREATE INDEX annulment_office ON annulment (office_id, asked_at) WHERE ended_at IS NULL;
CREATE INDEX annulment_end ON annulment (expires_at) WHERE ended_at IS NULL;
CREATE INDEX annulment_untold ON annulment (ended_at) WHERE state = 'granted' AND told_at IS NULL;
CREATE INDEX annulment_ended ON annulment (ended_at) WHERE state IN ('refused', 'lapsed');

-- A good check that is not to be relied on any more, for the party that made it. It names no resident.
CREATE TABLE annulled_check (
    relying_party_id UUID NOT NULL,
    verification_id UUID NOT NULL,
    -- In the order in which they were told.
    told_id UUID NOT NULL,
    told_at BIGINT NOT NULL,
    verified_at BIGINT NOT NULL,
    -- Since when nothing that this digital KTP showed is to be relied on.
    void_since BIGINT NOT NULL,
    PRIMARY KEY (relying_party_id, verification_id)
);
CREATE INDEX annulled_check_party ON annulled_check (relying_party_id, told_id);

-- A check that its holder does not know. The relying party answers, until a day.
CREATE TABLE dispute (
    dispute_id UUID NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL,
    relying_party_id UUID NOT NULL,
    verification_id UUID NOT NULL,
    verified_at BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('opened', 'asked_party', 'answered', 'closed')),
    opened_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    -- When the party could read it first.
    asked_at BIGINT,
    -- What the party found, and its words, sealed.
    finding TEXT CHECK (finding IN ('holder_was_there', 'our_mistake', 'misused', 'unknown')),
    words_sealed BYTEA,
    answered_at BIGINT,
    ending TEXT CHECK (ending IN ('withdrawn', 'unanswered', 'read')),
    closed_at BIGINT,
    CHECK ((closed_at IS NOT NULL) = (state = 'closed')),
    CHECK ((closed_at IS NOT NULL) = (ending IS NOT NULL)),
    CHECK ((answered_at IS NOT NULL) = (finding IS NOT NULL)),
    CHECK ((answered_at IS NOT NULL) = (words_sealed IS NOT NULL)),
    CHECK (state <> 'answered' OR answered_at IS NOT NULL)
);
-- One for each check.
CREATE UNIQUE INDEX dispute_of_check ON dispute (verification_id, resident_id);
CREATE INDEX dispute_resident ON dispute (resident_id, dispute_id);
CREATE INDEX dispute_party ON dispute (relying_party_id, dispute_id) WHERE asked_at IS NOT NULL;
CREATE INDEX dispute_unasked ON dispute (opened_at) WHERE state = 'opened';
CREATE INDEX dispute_due ON dispute (due_at) WHERE state IN ('opened', 'asked_party');
CREATE INDEX dispute_answered ON dispute (answered_at) WHERE state = 'answered';
