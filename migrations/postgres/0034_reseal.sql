-- Versions of the root secret, as all nodes agree on them: which seals, which was replaced, of which only the keys of look-ups are left.
CREATE TABLE root_secret (
    version BIGINT NOT NULL PRIMARY KEY,
    -- next (made, seals when every live node holds it) → active (seals) → old (opens) → retired (opens nothing any more).
    state TEXT NOT NULL CHECK (state IN ('next', 'active', 'old', 'retired')),
    -- A keyed digest: two nodes with different secrets of one version are told apart.
    fingerprint TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    activated_at BIGINT,
    replaced_at BIGINT,
    retired_at BIGINT,
    -- 1: printed cards whose claim it sealed still open after it was retired.
    keeps_cards BIGINT NOT NULL,
    CHECK (state <> 'active' OR activated_at IS NOT NULL),
    CHECK ((retired_at IS NOT NULL) = (state = 'retired'))
);
CREATE UNIQUE INDEX root_secret_active ON root_secret (state) WHERE state = 'active';

-- Which versions a node holds, as `node_key` says it of signing keys.
CREATE TABLE node_root (
    node_id UUID NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (node_id, version)
);

-- How far the rows are sealed anew: for a version that seals, one row a column.
CREATE TABLE reseal_progress (
    version BIGINT NOT NULL,
    part TEXT NOT NULL,
    -- The key of the last row that was looked at; the nil UUID before the first.
    reached UUID NOT NULL,
    -- Rows of an older version that this pass met: it comes again until it meets none.
    met BIGINT NOT NULL,
    resealed BIGINT NOT NULL,
    -- Rows that do not open: damaged before.
    unopened BIGINT NOT NULL,
    begun_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (version, part)
);
