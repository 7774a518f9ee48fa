-- Written by each node every second, to find out whether anything can be written. After the disk was full the filling shows
-- that there is room again.
CREATE TABLE write_probe (
    place INTEGER NOT NULL PRIMARY KEY,
    beats INTEGER NOT NULL,
    filling BLOB
) STRICT;
