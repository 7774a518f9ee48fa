-- What a relying party's administrator looks after: keys that end, the contract, what was checked, notices and the webhook.
-- Keys and contracts of before have no end: they go on until the operator sets one.
ALTER TABLE relying_party ADD COLUMN contract_number TEXT;
ALTER TABLE relying_party ADD COLUMN contract_begins_at INTEGER;
ALTER TABLE relying_party ADD COLUMN contract_ends_at INTEGER;
-- Where notices go: an address and its language, sealed.
ALTER TABLE relying_party ADD COLUMN contact_sealed BLOB;
CREATE INDEX relying_party_contract_end ON relying_party (contract_ends_at);
ALTER TABLE relying_party_key ADD COLUMN label TEXT;
ALTER TABLE relying_party_key ADD COLUMN expires_at INTEGER;
-- To an hour.
ALTER TABLE relying_party_key ADD COLUMN last_used_at INTEGER;
CREATE INDEX relying_party_key_end ON relying_party_key (expires_at);

-- Questions by party, day in Jakarta and what became of them: counts, of nobody.
CREATE TABLE relying_party_usage (
    relying_party_id BLOB NOT NULL,
    day INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    questions INTEGER NOT NULL,
    PRIMARY KEY (relying_party_id, day, outcome)
) STRICT;
CREATE INDEX relying_party_usage_day ON relying_party_usage (day);

-- What a party was told by mail: that something ends in so many days, or ended. Each is told once.
CREATE TABLE relying_party_notice (
    notice_id BLOB NOT NULL PRIMARY KEY,
    relying_party_id BLOB NOT NULL,
    about TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    ends_at INTEGER NOT NULL,
    days INTEGER NOT NULL,
    told_at INTEGER NOT NULL,
    UNIQUE (subject_id, ends_at, days)
) STRICT;
CREATE INDEX relying_party_notice_time ON relying_party_notice (told_at);

-- Where a party is told of what it can read in a list too. One a party.
CREATE TABLE webhook (
    relying_party_id BLOB NOT NULL PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('unverified', 'active', 'stopped')),
    -- Raised whenever the address is set.
    revision INTEGER NOT NULL,
    -- Address and secret.
    sealed BLOB NOT NULL,
    set_at INTEGER NOT NULL,
    delivered_at INTEGER,
    failing_since INTEGER,
    failures INTEGER NOT NULL,
    fault TEXT,
    due_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    lease_holder BLOB
) STRICT;
CREATE INDEX webhook_due ON webhook (state, due_at);

-- What waits for it; what arrived is deleted.
CREATE TABLE webhook_message (
    relying_party_id BLOB NOT NULL,
    message_id BLOB NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (relying_party_id, message_id)
) STRICT;

-- Administrators of relying parties beside employees. A table's CHECK changes in no other way that keeps the rows, and the columns and
-- sessions that others refer to, where they are (sqlite.org/lang_altertable.html, section 7).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '(role = ''employee'')', '(role IN (''employee'', ''party_administrator''))')
    WHERE type = 'table' AND name = 'staff_account';
PRAGMA writable_schema = RESET;
CREATE INDEX staff_account_party ON staff_account (relying_party_id, username);
