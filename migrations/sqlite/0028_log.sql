-- A log that outsiders can check: a Merkle tree over the audit log and the events of digital KTPs (ADR 35).

DROP INDEX signing_key_one_active;
ALTER TABLE signing_key RENAME TO signing_key_before;
CREATE TABLE signing_key (
    kid BLOB NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('token', 'receipt', 'card', 'status', 'log')),
    algorithm TEXT NOT NULL CHECK (algorithm IN ('EdDSA', 'ES256')),
    public_key BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('next', 'active', 'retiring', 'retired')),
    published_at INTEGER NOT NULL,
    activated_at INTEGER,
    retiring_at INTEGER,
    retired_at INTEGER
) STRICT;
INSERT INTO signing_key (kid, purpose, algorithm, public_key, state, published_at, activated_at, retiring_at, retired_at)
    SELECT kid, purpose, algorithm, public_key, state, published_at, activated_at, retiring_at, retired_at FROM signing_key_before;
DROP TABLE signing_key_before;
CREATE UNIQUE INDEX signing_key_one_active ON signing_key (purpose) WHERE state = 'active';

-- Where in the log an event stands; none before it was taken there. Those without are what waits, however late they were committed.
ALTER TABLE life_event ADD COLUMN log_position INTEGER;
CREATE INDEX life_event_log ON life_event (log_position, event_id);

-- The one row that whoever appends holds: how many leaves there are, and the root over them.
CREATE TABLE log_head (
    log_id INTEGER NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    root BLOB NOT NULL
) STRICT;
INSERT INTO log_head (log_id, size, root) VALUES (1, 0, X'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

-- 256 hashes of a level of the tree, 32 bytes each; the last of a level has fewer. Level 0 are leaves, each further one is eight levels up.
CREATE TABLE log_tile (
    level INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, number)
) STRICT;

-- Which entries of an audit chain stand from which leaf on: so many with consecutive numbers.
CREATE TABLE log_run (
    first INTEGER NOT NULL PRIMARY KEY,
    chain BLOB NOT NULL,
    first_seq INTEGER NOT NULL,
    entries INTEGER NOT NULL
) STRICT;
CREATE INDEX log_run_chain ON log_run (chain, first_seq);

-- How far each chain was taken.
CREATE TABLE log_chain (
    chain BLOB NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT;

-- What was signed of the tree.
CREATE TABLE log_checkpoint (
    size INTEGER NOT NULL PRIMARY KEY,
    root BLOB NOT NULL,
    note TEXT NOT NULL,
    signed_at INTEGER NOT NULL
) STRICT;

-- What witnesses signed beneath it.
CREATE TABLE log_cosignature (
    size INTEGER NOT NULL,
    witness TEXT NOT NULL,
    line TEXT NOT NULL,
    -- As the witness says.
    signed_at INTEGER NOT NULL,
    PRIMARY KEY (size, witness)
) STRICT;
