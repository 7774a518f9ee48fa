-- Where digital KTPs are accepted: the branches of relying parties, which the party's administrators keep.
CREATE TABLE branch (
    branch_id BLOB NOT NULL PRIMARY KEY,
    relying_party_id BLOB NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    -- The kabupaten or kota, by its code of four digits.
    regency TEXT NOT NULL,
    -- When it is open, as people read it.
    hours TEXT,
    state TEXT NOT NULL CHECK (state IN ('shown', 'hidden', 'ended')),
    -- Raised by every write; what is changed on a page demands the one that was on the screen.
    revision INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK ((state = 'ended') = (ended_at IS NOT NULL))
) STRICT;
CREATE INDEX branch_party ON branch (relying_party_id, name, branch_id);
CREATE INDEX branch_ended ON branch (ended_at) WHERE ended_at IS NOT NULL;

-- Raised by whatever changes branches, before it does: who adds them waits for each other, so that nobody has more than there may be, and
-- nodes see whether what they remember is still so.
CREATE TABLE branch_list (
    list_id INTEGER NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO branch_list (list_id, revision) VALUES (1, 0);

-- What people report who were asked for a photocopy there, or whose digital KTP was refused. It names nobody.
CREATE TABLE branch_report (
    report_id BLOB NOT NULL PRIMARY KEY,
    branch_id BLOB NOT NULL,
    relying_party_id BLOB NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('photocopy', 'refused')),
    -- When it happened: YYYY-MM-DD.
    day TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    reported_at INTEGER NOT NULL,
    -- What whoever reports wrote, where they did.
    sealed BLOB,
    closed_by BLOB,
    closed_at INTEGER,
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL))
) STRICT;
CREATE INDEX branch_report_party ON branch_report (relying_party_id, state, report_id);
CREATE INDEX branch_report_time ON branch_report (reported_at);
CREATE INDEX branch_report_closed ON branch_report (closed_at) WHERE closed_at IS NOT NULL;

-- How many there were, which stays when they are forgotten.
CREATE TABLE branch_tally (
    relying_party_id BLOB NOT NULL,
    -- In which it happened: YYYY-MM.
    month TEXT NOT NULL,
    branch_id BLOB NOT NULL,
    what TEXT NOT NULL,
    reports INTEGER NOT NULL,
    PRIMARY KEY (relying_party_id, month, branch_id, what)
) STRICT;
CREATE INDEX branch_tally_month ON branch_tally (month, relying_party_id);
