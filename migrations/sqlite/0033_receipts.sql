-- Receipts are proven by batches (ADR 41): checks that were committed together have one signature, and the batch stands in the log that
-- outsiders check.

CREATE TABLE receipt_batch (
    -- On the shard of its checks.
    batch_id BLOB NOT NULL PRIMARY KEY,
    -- What is signed: the root of the Merkle tree over the leaves.
    root BLOB NOT NULL,
    kid BLOB NOT NULL,
    algorithm TEXT NOT NULL CHECK (algorithm IN ('EdDSA', 'ES256')),
    signature BLOB NOT NULL,
    -- SHA-256 of each statement, 32 bytes each: a check's way to the root is made from them.
    leaves BLOB NOT NULL,
    -- The check that each is of, 16 bytes each; zeros for one that was signed and not recorded.
    checks BLOB NOT NULL,
    -- Where in the log it stands; none before it was taken there.
    log_position INTEGER
) STRICT;
CREATE INDEX receipt_batch_log ON receipt_batch (log_position, batch_id);
CREATE INDEX receipt_batch_root ON receipt_batch (root);

-- Where there is a batch, `receipt` is what the check states; where there is none, it is from before and signed as a whole.
ALTER TABLE verification ADD COLUMN batch_id BLOB;

-- Checks that are forgotten after a month stand in no batch: theirs have a proof of their own.
ALTER TABLE verification_refusal ADD COLUMN proof BLOB;
ALTER TABLE sandbox_check ADD COLUMN proof BLOB;
