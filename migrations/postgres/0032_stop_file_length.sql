-- How many bytes of each file this database knows: a start looks at lengths, and reads a log of years only where they differ.
ALTER TABLE stop_file ADD COLUMN length BIGINT NOT NULL DEFAULT 0;
