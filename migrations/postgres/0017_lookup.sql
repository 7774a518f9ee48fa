-- An office finds its people again, how much each person of it looks for, and the audit log is searched.

-- By what an office finds its registrations, and whoever became a holder with one: keyed indexes of the NIK, the number, the words of the
-- name, each two of them and the whole of it, the telephone number and the e-mail addresses.
CREATE TABLE lookup_word (
    office_id UUID NOT NULL,
    word BYTEA NOT NULL,
    registration_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('nik', 'number', 'name', 'word', 'pair', 'contact', 'later_contact')),
    PRIMARY KEY (office_id, word, registration_id)
);
CREATE INDEX lookup_word_registration ON lookup_word (registration_id);

-- Registrations that were there before: their words follow one by one, as they are sealed.
CREATE TABLE lookup_due (
    registration_id UUID NOT NULL PRIMARY KEY
);
INSERT INTO lookup_due (registration_id) SELECT registration_id FROM registration WHERE office_id IS NOT NULL;

-- What a person of an office looked for on a day (days since 1970-01-01 in UTC+7) without a resident before them.
CREATE TABLE lookup_use (
    officer_id UUID NOT NULL,
    day BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('active', 'search', 'view')),
    office_id UUID NOT NULL,
    uses BIGINT NOT NULL,
    -- Those that found nobody, and those that looked for a colleague.
    misses BIGINT NOT NULL,
    colleagues BIGINT NOT NULL,
    -- Who let them look for more on this day.
    lifted_by UUID,
    lifted_at BIGINT,
    -- Who looked at that day, and with what result, sealed.
    looked_by UUID,
    looked_at BIGINT,
    looked_sealed BYTEA,
    PRIMARY KEY (officer_id, day, kind),
    CHECK ((lifted_by IS NULL) = (lifted_at IS NULL)),
    CHECK (lifted_by IS NULL OR lifted_by <> officer_id),
    CHECK ((looked_by IS NULL) = (looked_at IS NULL)),
    CHECK ((looked_by IS NULL) = (looked_sealed IS NULL)),
    CHECK (looked_by IS NULL OR looked_by <> officer_id)
);
CREATE INDEX lookup_use_office ON lookup_use (office_id, day);
CREATE INDEX lookup_use_day ON lookup_use (day);

-- Why somebody searched the audit log for what others did: the entry of the search names it.
CREATE TABLE audit_search (
    search_id UUID NOT NULL PRIMARY KEY,
    chain UUID NOT NULL,
    searched_by UUID NOT NULL,
    at BIGINT NOT NULL,
    -- The reason, and what was searched for.
    reason_sealed BYTEA NOT NULL
);
CREATE INDEX audit_search_chain ON audit_search (chain, at);

-- The ways in which a chain is searched, newest first: by person, action, subject, by what did not succeed, and by time.
CREATE INDEX audit_event_actor ON audit_event (chain, actor_id, seq) WHERE phase = 'outcome';
CREATE INDEX audit_event_action ON audit_event (chain, action, seq) WHERE phase = 'outcome';
CREATE INDEX audit_event_about ON audit_event (chain, subject_id, seq) WHERE phase = 'outcome';
CREATE INDEX audit_event_refused ON audit_event (chain, seq) WHERE phase = 'outcome' AND outcome <> 'done';
CREATE INDEX audit_event_time ON audit_event (chain, at, seq);
