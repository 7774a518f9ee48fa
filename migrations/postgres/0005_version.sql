-- An approval names the version that was on the screen; when somebody looked last is no longer kept.
ALTER TABLE registration DROP COLUMN seen_at;
