-- How often something was done in its present window: selfies of a phone, offline QRs of a holder, checks of one of them. The
-- subject is a digest of what is counted and for whom.
CREATE TABLE use_window (
    subject BYTEA NOT NULL PRIMARY KEY,
    started_at BIGINT NOT NULL,
    uses BIGINT NOT NULL
);
CREATE INDEX use_window_start ON use_window (started_at);

-- Checks of one offline QR, which can be scanned more than once.
CREATE INDEX verification_offline ON verification (resident_id, relying_party_id, issued, verification_id)
    WHERE single_use = 0;
