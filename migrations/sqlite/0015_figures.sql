-- Figures of offices and regions, and the recap that an office signs every month.

-- What changed how many digital KTPs there are in a region, once for each change and without the person: an event of a life says who, this
-- says where. Written with the event, never changed but for whether it was counted.
CREATE TABLE life_tally (
    tally_id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('activated_first', 'activated_again', 'ended', 'moved_in', 'moved_out')),
    -- Of an end: why.
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- Where it was done; none where no office did it.
    office_id BLOB,
    -- The code of the village where the person lived then, as far as it is known: 0 when nothing of it is.
    home_region INTEGER NOT NULL,
    is_counted INTEGER NOT NULL CHECK (is_counted IN (0, 1))
) STRICT;
CREATE INDEX life_tally_uncounted ON life_tally (tally_id) WHERE is_counted = 0;

-- How far registrations came, step by step, without the person. It outlives the registration.
CREATE TABLE registration_step (
    step_id BLOB NOT NULL PRIMARY KEY,
    registration_id BLOB NOT NULL,
    step TEXT NOT NULL CHECK (step IN ('registered', 'selfie', 'scanned', 'approved', 'returned', 'rejected', 'code_sent',
        'activated', 'second_person')),
    -- Of a return or a rejection: why.
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    office_id BLOB,
    -- The regency where the person lives, as a village's code; 0 when it stayed unknown, nothing until the register has answered.
    home_region INTEGER,
    registered_at INTEGER NOT NULL,
    -- Seconds since what this step waited for.
    waited INTEGER,
    -- Whether it is the first of its kind in this registration.
    is_first INTEGER NOT NULL CHECK (is_first IN (0, 1)),
    is_counted INTEGER NOT NULL CHECK (is_counted IN (0, 1))
) STRICT;
CREATE INDEX registration_step_registration ON registration_step (registration_id, step, at);
CREATE INDEX registration_step_uncounted ON registration_step (step_id) WHERE is_counted = 0 AND home_region IS NOT NULL;

-- How often something happened on a day (days since 1970-01-01 in UTC+7), by the office that served and the region where the person lives:
-- two dimensions that are never added up. The nil id is no office.
CREATE TABLE figure_day (
    office_id BLOB NOT NULL,
    day INTEGER NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    home_region INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (office_id, day, kind, reason, home_region)
) STRICT, WITHOUT ROWID;
CREATE INDEX figure_day_home ON figure_day (kind, home_region, day, n);

-- How often a wait took so many minutes.
CREATE TABLE figure_wait (
    office_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    day INTEGER NOT NULL,
    minutes INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (office_id, kind, day, minutes)
) STRICT, WITHOUT ROWID;

-- Up to when everything is counted, and whether it is counted anew at the moment. One row.
CREATE TABLE figure_mark (
    mark TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('counting', 'rebuilding')),
    as_of INTEGER NOT NULL
) STRICT;
INSERT INTO figure_mark (mark, state, as_of) VALUES ('figures', 'counting', 0);

-- What the national aggregate says of a region on a day; imported every month.
CREATE TABLE figure_region (
    region INTEGER NOT NULL,
    as_of_day INTEGER NOT NULL,
    population INTEGER,
    eligible INTEGER,
    recorded INTEGER,
    PRIMARY KEY (region, as_of_day)
) STRICT;

-- The target: how many of a thousand, of whom, from a year on, in a region and all below it. Region 0 is the country.
CREATE TABLE figure_rate (
    region INTEGER NOT NULL,
    year INTEGER NOT NULL,
    basis TEXT NOT NULL CHECK (basis IN ('eligible', 'recorded')),
    permille INTEGER NOT NULL CHECK (permille BETWEEN 1 AND 1000),
    PRIMARY KEY (region, year)
) STRICT;
INSERT INTO figure_rate (region, year, basis, permille) VALUES (0, 2023, 'eligible', 250), (0, 2024, 'recorded', 300);

-- The region that an office answers for, as a village's code.
CREATE TABLE figure_scope (
    office_id BLOB NOT NULL PRIMARY KEY,
    region INTEGER NOT NULL
) STRICT;

-- A month of an office as a supervisor asked for it and the head signed it: the figures as they were then.
CREATE TABLE recap (
    office_id BLOB NOT NULL,
    -- Months since 1970-01.
    month INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'signed', 'refused')),
    revision INTEGER NOT NULL,
    asked_by BLOB NOT NULL,
    asked_at INTEGER NOT NULL,
    signed_by BLOB,
    signed_at INTEGER,
    -- Why it was refused, sealed.
    refusal_sealed BLOB,
    content TEXT NOT NULL,
    PRIMARY KEY (office_id, month),
    CHECK ((signed_by IS NOT NULL) = (state = 'signed')),
    CHECK ((signed_at IS NOT NULL) = (state = 'signed')),
    CHECK ((refusal_sealed IS NOT NULL) = (state = 'refused')),
    CHECK (signed_by IS NULL OR signed_by <> asked_by)
) STRICT;
