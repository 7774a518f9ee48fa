-- What a relying party's administrator looks after: keys that end, the contract, what was checked, notices and the webhook.
-- Keys and contracts of before have no end: they go on until the operator sets one.
ALTER TABLE relying_party ADD COLUMN contract_number TEXT;
ALTER TABLE relying_party ADD COLUMN contract_begins_at BIGINT;
ALTER TABLE relying_party ADD COLUMN contract_ends_at BIGINT;
-- Where notices go: an address and its language, sealed.
ALTER TABLE relying_party ADD COLUMN contact_sealed BYTEA;
CREATE INDEX relying_party_contract_end ON relying_party (contract_ends_at);
ALTER TABLE relying_party_key ADD COLUMN label TEXT;
ALTER TABLE relying_party_key ADD COLUMN expires_at BIGINT;
-- To an hour.
ALTER TABLE relying_party_key ADD COLUMN last_used_at BIGINT;
CREATE INDEX relying_party_key_end ON relying_party_key (expires_at);

-- Questions by party, day in Jakarta and what became of them: counts, of nobody.
CREATE TABLE relying_party_usage (
    relying_party_id UUID NOT NULL,
    day BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    questions BIGINT NOT NULL,
    PRIMARY KEY (relying_party_id, day, outcome)
);
CREATE INDEX relying_party_usage_day ON relying_party_usage (day);

-- What a party was told by mail: that something ends in so many days, or ended. Each is told once.
CREATE TABLE relying_party_notice (
    notice_id UUID NOT NULL PRIMARY KEY,
    relying_party_id UUID NOT NULL,
    about TEXT NOT NULL,
    subject_id UUID NOT NULL,
    ends_at BIGINT NOT NULL,
    days BIGINT NOT NULL,
    told_at BIGINT NOT NULL,
    UNIQUE (subject_id, ends_at, days)
);
CREATE INDEX relying_party_notice_time ON relying_party_notice (told_at);

-- Where a party is told of what it can read in a list too. One a party.
CREATE TABLE webhook (
    relying_party_id UUID NOT NULL PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('unverified', 'active', 'stopped')),
    -- Raised whenever the address is set.
    revision BIGINT NOT NULL,
    -- Address and secret.
    sealed BYTEA NOT NULL,
    set_at BIGINT NOT NULL,
    delivered_at BIGINT,
    failing_since BIGINT,
    failures BIGINT NOT NULL,
    fault TEXT,
    due_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    lease_holder UUID
);
CREATE INDEX webhook_due ON webhook (state, due_at);

-- What waits for it; what arrived is deleted.
CREATE TABLE webhook_message (
    relying_party_id UUID NOT NULL,
    message_id UUID NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (relying_party_id, message_id)
);

-- Administrators of relying parties beside employees.
ALTER TABLE staff_account DROP CONSTRAINT staff_account_check2;
ALTER TABLE staff_account ADD CONSTRAINT staff_account_party_role
    CHECK ((realm = 'relying_party') = (role IN ('employee', 'party_administrator')));
CREATE INDEX staff_account_party ON staff_account (relying_party_id, username);
