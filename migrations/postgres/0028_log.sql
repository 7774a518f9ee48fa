-- A log that outsiders can check: a Merkle tree over the audit log and the events of digital KTPs (ADR 35).

ALTER TABLE signing_key DROP CONSTRAINT signing_key_purpose_check;
ALTER TABLE signing_key ADD CONSTRAINT signing_key_purpose_check CHECK (purpose IN ('token', 'receipt', 'card', 'status', 'log'));

-- Where in the log an event stands; none before it was taken there. Those without are what waits, however late they were committed.
ALTER TABLE life_event ADD COLUMN log_position BIGINT;
CREATE INDEX life_event_log ON life_event (log_position, event_id);

-- The one row that whoever appends holds: how many leaves there are, and the root over them.
CREATE TABLE log_head (
    log_id BIGINT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    root BYTEA NOT NULL
);
INSERT INTO log_head (log_id, size, root) VALUES (1, 0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

-- 256 hashes of a level of the tree, 32 bytes each; the last of a level has fewer. Level 0 are leaves, each further one is eight levels up.
CREATE TABLE log_tile (
    level BIGINT NOT NULL,
    number BIGINT NOT NULL,
    hashes BYTEA NOT NULL,
    PRIMARY KEY (level, number)
);

-- Which entries of an audit chain stand from which leaf on: so many with consecutive numbers.
CREATE TABLE log_run (
    first BIGINT NOT NULL PRIMARY KEY,
    chain UUID NOT NULL,
    first_seq BIGINT NOT NULL,
    entries BIGINT NOT NULL
);
CREATE INDEX log_run_chain ON log_run (chain, first_seq);

-- How far each chain was taken.
CREATE TABLE log_chain (
    chain UUID NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
);

-- What was signed of the tree.
CREATE TABLE log_checkpoint (
    size BIGINT NOT NULL PRIMARY KEY,
    root BYTEA NOT NULL,
    note TEXT NOT NULL,
    signed_at BIGINT NOT NULL
);

-- What witnesses signed beneath it.
CREATE TABLE log_cosignature (
    size BIGINT NOT NULL,
    witness TEXT NOT NULL,
    line TEXT NOT NULL,
    -- As the witness says.
    signed_at BIGINT NOT NULL,
    PRIMARY KEY (size, witness)
);
