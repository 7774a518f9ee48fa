-- Of the approvals by two of somebody without an e-mail address some are drawn by lot: somebody else calls the resident back.
CREATE TABLE approval_call_back (
    registration_id UUID NOT NULL PRIMARY KEY,
    office_id UUID NOT NULL,
    asked_by UUID NOT NULL,
    granted_by UUID NOT NULL,
    drawn_at BIGINT NOT NULL,
    finding TEXT CHECK (finding IN ('confirmed', 'unreached', 'denied')),
    called_by UUID,
    called_at BIGINT,
    CHECK ((finding IS NULL) = (called_by IS NULL)),
    CHECK ((finding IS NULL) = (called_at IS NULL)),
    CHECK (called_by IS NULL OR (called_by <> asked_by AND called_by <> granted_by))
);
CREATE INDEX approval_call_back_office ON approval_call_back (office_id, drawn_at);
CREATE INDEX approval_call_back_time ON approval_call_back (drawn_at);
