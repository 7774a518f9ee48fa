-- What holders may demand: who opened a case takes it back, and is reminded once before it lapses. And who held a digital KTP on paper
-- alone is found when the last card was voided long ago.

ALTER TABLE correction DROP CONSTRAINT correction_state_check;
ALTER TABLE correction ADD CONSTRAINT correction_state_check
    CHECK (state IN ('opened', 'waiting_resident', 'in_register', 'resolved', 'refused', 'withdrawn', 'lapsed'));
ALTER TABLE correction DROP CONSTRAINT correction_check;
ALTER TABLE correction ADD CONSTRAINT correction_check
    CHECK ((ended_at IS NOT NULL) = (state IN ('resolved', 'refused', 'withdrawn', 'lapsed')));
-- When its resident was reminded that it lapses soon.
ALTER TABLE correction ADD COLUMN reminded_at BIGINT;
CREATE INDEX correction_unreminded ON correction (expires_at) WHERE ended_at IS NULL AND reminded_at IS NULL;

-- Cards that were voided, by when.
CREATE INDEX printed_card_voided ON printed_card (voided_at) WHERE voided_at IS NOT NULL;
