-- Offices as a tree, and what residents are told of them: kind, place, hours, holidays, regions.

-- The words for kinds change, and the program alone knows them from here on.
ALTER TABLE office RENAME COLUMN kind TO kind_before;
ALTER TABLE office ADD COLUMN kind TEXT NOT NULL DEFAULT 'dinas';
UPDATE office SET kind = 'mobile' WHERE kind_before = 'outreach';
ALTER TABLE office DROP COLUMN kind_before;
-- The office above it; none for a dinas.
ALTER TABLE office ADD COLUMN parent_id BLOB;
ALTER TABLE office ADD COLUMN address TEXT;
-- In millionths of a degree.
ALTER TABLE office ADD COLUMN latitude INTEGER;
ALTER TABLE office ADD COLUMN longitude INTEGER;
ALTER TABLE office ADD COLUMN zone TEXT NOT NULL DEFAULT 'wib';
-- Residents whom it serves in one slot of an hour.
ALTER TABLE office ADD COLUMN capacity INTEGER;
ALTER TABLE office ADD COLUMN phone TEXT;
-- What residents read beside the hours.
ALTER TABLE office ADD COLUMN note TEXT;
-- When it was closed for good.
ALTER TABLE office ADD COLUMN ended_at INTEGER;
-- Raised by every write; what is changed on a page demands the one that was on the screen.
ALTER TABLE office ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
CREATE INDEX office_parent ON office (parent_id);

-- Raised by whatever changes offices, before it does: who changes them waits for each other, so that two moves together make no circle, and
-- nodes see whether what they remember is still so.
CREATE TABLE office_list (
    list_id INTEGER NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO office_list (list_id, revision) VALUES (1, 0);

-- Every office with itself and with all above it: who is answerable for which, without walking the tree.
CREATE TABLE office_above (
    office_id BLOB NOT NULL,
    above_id BLOB NOT NULL,
    distance INTEGER NOT NULL,
    PRIMARY KEY (office_id, above_id)
) STRICT;
CREATE INDEX office_above_below ON office_above (above_id, distance);
INSERT INTO office_above (office_id, above_id, distance) SELECT office_id, office_id, 0 FROM office;

-- Regions whose people it serves, by their codes of 2, 4, 6 or 10 digits.
CREATE TABLE office_region (
    office_id BLOB NOT NULL,
    region_code TEXT NOT NULL,
    PRIMARY KEY (office_id, region_code)
) STRICT;

-- When it is open: days from Monday (1) to Sunday (7), minutes since midnight in its zone.
CREATE TABLE office_hours (
    office_id BLOB NOT NULL,
    weekday INTEGER NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    opens INTEGER NOT NULL,
    closes INTEGER NOT NULL,
    PRIMARY KEY (office_id, weekday, opens),
    CHECK (0 <= opens AND opens < closes AND closes <= 1440)
) STRICT;

-- Days on which it is closed all the same.
CREATE TABLE office_holiday (
    office_id BLOB NOT NULL,
    day TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (office_id, day)
) STRICT;
CREATE INDEX office_holiday_day ON office_holiday (day);
