-- Public keys by which systems of relying parties prove who they are, beside or in place of API keys: the canonical JWK, and nothing
-- where the row is of an API key, whose secret a public key has none of (secret_hash is empty then). A key is registered once, for ever.
ALTER TABLE relying_party_key ADD COLUMN public_key TEXT;
CREATE UNIQUE INDEX relying_party_key_public ON relying_party_key (public_key);
ALTER TABLE sandbox_key ADD COLUMN public_key TEXT;
CREATE UNIQUE INDEX sandbox_key_public ON sandbox_key (public_key);

-- Assertions that were used, until they count no more: each works once.
CREATE TABLE client_assertion (
    -- SHA-256 of the key's id and the assertion's.
    digest BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX client_assertion_end ON client_assertion (expires_at);
