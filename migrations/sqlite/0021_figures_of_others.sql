-- What others read of an office's region: whole months, made public once and never changed (ADR 29).

-- Of the people of a district, how many of what an office did was told to others. The nil id is no office.
CREATE TABLE figure_told (
    home_region INTEGER NOT NULL,
    office_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (home_region, office_id, kind)
) STRICT, WITHOUT ROWID;

-- How many of a kind were told of a district until the end of a month, since the beginning.
CREATE TABLE figure_published (
    month INTEGER NOT NULL,
    home_region INTEGER NOT NULL,
    kind TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (month, home_region, kind)
) STRICT, WITHOUT ROWID;

-- The months that were made public, and how far the one is that is being made.
CREATE TABLE figure_edition (
    -- Months since 1970-01.
    month INTEGER NOT NULL PRIMARY KEY,
    -- The first region that is not made yet.
    next_region INTEGER NOT NULL,
    -- When all of it was there.
    published_at INTEGER
) STRICT;

CREATE INDEX figure_day_place ON figure_day (home_region, office_id, kind, day, n);

-- Of which province somebody reads the figures.
ALTER TABLE staff_account ADD COLUMN region INTEGER;
ALTER TABLE staff_invitation ADD COLUMN region INTEGER;
