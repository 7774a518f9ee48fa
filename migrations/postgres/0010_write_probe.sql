-- Written by each node every second, to find out whether anything can be written. After the disk was full the filling shows
-- that there is room again.
CREATE TABLE write_probe (
    place BIGINT NOT NULL PRIMARY KEY,
    beats BIGINT NOT NULL,
    filling BYTEA
);
-- As it is, not compressed: it is there to take up room.
ALTER TABLE write_probe ALTER COLUMN filling SET STORAGE EXTERNAL;
