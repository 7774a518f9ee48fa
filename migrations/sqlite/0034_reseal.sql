-- Versions of the root secret, as all nodes agree on them: which seals, which was replaced, of which only the keys of look-ups are left.
CREATE TABLE root_secret (
    version INTEGER NOT NULL PRIMARY KEY,
    -- next (made, seals when every live node holds it) → active (seals) → old (opens) → retired (opens nothing any more).
    state TEXT NOT NULL CHECK (state IN ('next', 'active', 'old', 'retired')),
    -- A keyed digest: two nodes with different secrets of one version are told apart.
    fingerprint TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    activated_at INTEGER,
    replaced_at INTEGER,
    retired_at INTEGER,
    -- 1: printed cards whose claim it sealed still open after it was retired.
    keeps_cards INTEGER NOT NULL,
    CHECK (state <> 'active' OR activated_at IS NOT NULL),
    CHECK ((retired_at IS NOT NULL) = (state = 'retired'))
) STRICT;
CREATE UNIQUE INDEX root_secret_active ON root_secret (state) WHERE state = 'active';

-- Which versions a node holds, as `node_key` says it of signing keys.
CREATE TABLE node_root (
    node_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (node_id, version)
) STRICT;

-- How far the rows are sealed anew: for a version that seals, one row a column.
CREATE TABLE reseal_progress (
    version INTEGER NOT NULL,
    part TEXT NOT NULL,
    -- The key of the last row that was looked at; the nil UUID before the first.
    reached BLOB NOT NULL,
    -- Rows of an older version that this pass met: it comes again until it meets none.
    met INTEGER NOT NULL,
    resealed INTEGER NOT NULL,
    -- Rows that do not open: damaged before.
    unopened INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (version, part)
) STRICT;
