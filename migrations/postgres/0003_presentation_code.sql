-- Codes of ten digits that a resident asked for because a camera failed: each stands for one presentation and dies with
-- it. The code is kept as a keyed index, the presentation's token sealed. Looked up by the code, so distributed by it; the
-- resident is named so that a newer code voids the older one.
CREATE TABLE presentation_code (
    code_index BYTEA NOT NULL PRIMARY KEY,
    resident_id UUID NOT NULL,
    sealed BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX presentation_code_resident ON presentation_code (resident_id);
CREATE INDEX presentation_code_end ON presentation_code (expires_at);

-- Wrong codes in the present window, by whoever typed them: a relying party, or one of its employees.
CREATE TABLE code_guess (
    subject_id UUID NOT NULL PRIMARY KEY,
    started_at BIGINT NOT NULL,
    guesses BIGINT NOT NULL
);
CREATE INDEX code_guess_start ON code_guess (started_at);

-- Whose code a party used under an idempotency key: a repetition finds its answer after the code is forgotten.
CREATE TABLE code_use (
    relying_party_id UUID NOT NULL,
    idempotency_key BYTEA NOT NULL,
    resident_id UUID NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (relying_party_id, idempotency_key)
);
CREATE INDEX code_use_time ON code_use (used_at);
