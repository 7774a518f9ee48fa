-- Figures of offices and regions, and the recap that an office signs every month.

-- What changed how many digital KTPs there are in a region, once for each change and without the person: an event of a life says who, this
-- says where. Written with the event, never changed but for whether it was counted.
CREATE TABLE life_tally (
    tally_id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('activated_first', 'activated_again', 'ended', 'moved_in', 'moved_out')),
    -- Of an end: why.
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    -- Where it was done; none where no office did it.
    office_id UUID,
    -- The code of the village where the person lived then, as far as it is known: 0 when nothing of it is.
    home_region BIGINT NOT NULL,
    is_counted BIGINT NOT NULL CHECK (is_counted IN (0, 1))
);
CREATE INDEX life_tally_uncounted ON life_tally (tally_id) WHERE is_counted = 0;

-- How far registrations came, step by step, without the person. It outlives the registration.
CREATE TABLE registration_step (
    step_id UUID NOT NULL PRIMARY KEY,
    registration_id UUID NOT NULL,
    step TEXT NOT NULL CHECK (step IN ('registered', 'selfie', 'scanned', 'approved', 'returned', 'rejected', 'code_sent',
        'activated', 'second_person')),
    -- Of a return or a rejection: why.
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    office_id UUID,
    -- The regency where the person lives, as a village's code; 0 when it stayed unknown, nothing until the register has answered.
    home_region BIGINT,
    registered_at BIGINT NOT NULL,
    -- Seconds since what this step waited for.
    waited BIGINT,
    -- Whether it is the first of its kind in this registration.
    is_first BIGINT NOT NULL CHECK (is_first IN (0, 1)),
    is_counted BIGINT NOT NULL CHECK (is_counted IN (0, 1))
);
CREATE INDEX registration_step_registration ON registration_step (registration_id, step, at);
CREATE INDEX registration_step_uncounted ON registration_step (step_id) WHERE is_counted = 0 AND home_region IS NOT NULL;

-- How often something happened on a day (days since 1970-01-01 in UTC+7), by the office that served and the region where the person lives:
-- two dimensions that are never added up. The nil id is no office.
CREATE TABLE figure_day (
    office_id UUID NOT NULL,
    day BIGINT NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    home_region BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (office_id, day, kind, reason, home_region)
);
CREATE INDEX figure_day_home ON figure_day (kind, home_region, day, n);

-- How often a wait took so many minutes.
CREATE TABLE figure_wait (
    office_id UUID NOT NULL,
    kind TEXT NOT NULL,
    day BIGINT NOT NULL,
    minutes BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (office_id, kind, day, minutes)
);

-- Up to when everything is counted, and whether it is counted anew at the moment. One row.
CREATE TABLE figure_mark (
    mark TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('counting', 'rebuilding')),
    as_of BIGINT NOT NULL
);
INSERT INTO figure_mark (mark, state, as_of) VALUES ('figures', 'counting', 0);

-- What the national aggregate says of a region on a day; imported every month.
CREATE TABLE figure_region (
    region BIGINT NOT NULL,
    as_of_day BIGINT NOT NULL,
    population BIGINT,
    eligible BIGINT,
    recorded BIGINT,
    PRIMARY KEY (region, as_of_day)
);

-- The target: how many of a thousand, of whom, from a year on, in a region and all below it. Region 0 is the country.
CREATE TABLE figure_rate (
    region BIGINT NOT NULL,
    year BIGINT NOT NULL,
    basis TEXT NOT NULL CHECK (basis IN ('eligible', 'recorded')),
    permille BIGINT NOT NULL CHECK (permille BETWEEN 1 AND 1000),
    PRIMARY KEY (region, year)
);
INSERT INTO figure_rate (region, year, basis, permille) VALUES (0, 2023, 'eligible', 250), (0, 2024, 'recorded', 300);

-- The region that an office answers for, as a village's code.
CREATE TABLE figure_scope (
    office_id UUID NOT NULL PRIMARY KEY,
    region BIGINT NOT NULL
);

-- A month of an office as a supervisor asked for it and the head signed it: the figures as they were then.
CREATE TABLE recap (
    office_id UUID NOT NULL,
    -- Months since 1970-01.
    month BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'signed', 'refused')),
    revision BIGINT NOT NULL,
    asked_by UUID NOT NULL,
    asked_at BIGINT NOT NULL,
    signed_by UUID,
    signed_at BIGINT,
    -- Why it was refused, sealed.
    refusal_sealed BYTEA,
    content TEXT NOT NULL,
    PRIMARY KEY (office_id, month),
    CHECK ((signed_by IS NOT NULL) = (state = 'signed')),
    CHECK ((signed_at IS NOT NULL) = (state = 'signed')),
    CHECK ((refusal_sealed IS NOT NULL) = (state = 'refused')),
    CHECK (signed_by IS NULL OR signed_by <> asked_by)
);
