-- What one administrator of the nation asks and another grants: parties, offices, keys (ADR 28).
CREATE TABLE proposal (
    proposal_id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    -- What it is about, in one word: of two about the same only one can wait.
    about TEXT NOT NULL,
    -- The party or office; its id before it exists, where it is to be added.
    subject_id UUID NOT NULL,
    -- What people call that.
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    asked_by UUID NOT NULL,
    asked_at BIGINT NOT NULL,
    -- When it ends by itself.
    expires_at BIGINT NOT NULL,
    decided_by UUID,
    decided_at BIGINT,
    -- Why it was refused.
    refusal TEXT,
    -- What is to be done; none once it is over where it names a person.
    sealed BYTEA
);
CREATE INDEX proposal_state ON proposal (state, proposal_id);
CREATE INDEX proposal_end ON proposal (expires_at);
CREATE UNIQUE INDEX proposal_one_waits ON proposal (about) WHERE state = 'waiting';

-- Since when a party's keys and people are refused, and why.
ALTER TABLE relying_party ADD COLUMN suspended_at BIGINT;
ALTER TABLE relying_party ADD COLUMN suspended_reason TEXT;

-- A party's administrators join by a link too.
ALTER TABLE staff_invitation ADD COLUMN relying_party_id UUID;
