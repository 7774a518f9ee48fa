-- Block codes are kept as passwords are: a row is found by the index of its NIK alone, which is its code_index, and its code is compared
-- with a salted hash. The request for which it was given is kept as a keyed digest, so that a repetition gives the same code. Rows of
-- before have neither, and a code_index of NIK and code together; they count until another code takes their place.
ALTER TABLE block_code ADD COLUMN code_hash TEXT;
ALTER TABLE block_code ADD COLUMN request_index BYTEA;
