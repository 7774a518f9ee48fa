-- What others read of an office's region: whole months, made public once and never changed (ADR 29).

-- Of the people of a district, how many of what an office did was told to others. The nil id is no office.
CREATE TABLE figure_told (
    home_region BIGINT NOT NULL,
    office_id UUID NOT NULL,
    kind TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (home_region, office_id, kind)
);

-- How many of a kind were told of a district until the end of a month, since the beginning.
CREATE TABLE figure_published (
    month BIGINT NOT NULL,
    home_region BIGINT NOT NULL,
    kind TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (month, home_region, kind)
);

-- The months that were made public, and how far the one is that is being made.
CREATE TABLE figure_edition (
    -- Months since 1970-01.
    month BIGINT NOT NULL PRIMARY KEY,
    -- The first region that is not made yet.
    next_region BIGINT NOT NULL,
    -- When all of it was there.
    published_at BIGINT
);

CREATE INDEX figure_day_place ON figure_day (home_region, office_id, kind, day, n);

-- Of which province somebody reads the figures.
ALTER TABLE staff_account ADD COLUMN region BIGINT;
ALTER TABLE staff_invitation ADD COLUMN region BIGINT;
