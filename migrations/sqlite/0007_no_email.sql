-- Somebody who has no e-mail address is approved by two people, as a digital KTP makes way for another by two: one table for both.
-- A request counts for half an hour, so none is carried over.
DROP TABLE release_request;
CREATE TABLE second_person_request (
    registration_id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('release', 'approval')),
    office_id BLOB NOT NULL,
    asked_by BLOB NOT NULL,
    asked_at INTEGER NOT NULL,
    reason_sealed BLOB NOT NULL,
    -- The revision of the registration that was on the screen of the officer who asked.
    revision INTEGER NOT NULL
) STRICT;
CREATE INDEX second_person_request_office ON second_person_request (office_id, asked_at);
