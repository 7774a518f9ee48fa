-- Where an office serves beside its counters, who of it is on duty where today, and what people report who met somebody else.

-- A session of outreach (jemput bola): planned, opened on its day, closed and reported. Reported, nothing of it changes any more.
CREATE TABLE outreach (
    outreach_id UUID NOT NULL PRIMARY KEY,
    office_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('open', 'school', 'home_visit', 'office_partner')),
    state TEXT NOT NULL CHECK (state IN ('asked', 'planned', 'open', 'closed', 'reported', 'cancelled')),
    -- Raised by every write; each step demands the one that was on the screen.
    revision BIGINT NOT NULL,
    -- Ten digits.
    village_code TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    -- How many people can be served.
    capacity BIGINT NOT NULL,
    -- The place, who coordinates there, and why somebody is visited at home.
    sealed BYTEA NOT NULL,
    -- When all of that but the place is forgotten, of a visit at home the place too; none once it is.
    forget_after BIGINT,
    planned_by UUID NOT NULL,
    planned_at BIGINT NOT NULL,
    -- Who let it take place: whoever planned it, where they may, or another one.
    confirmed_by UUID,
    opened_at BIGINT,
    closed_at BIGINT,
    reported_by UUID,
    reported_at BIGINT,
    -- Minutes without network, as the lead wrote them down.
    offline_minutes BIGINT,
    CHECK (ends_at > starts_at),
    CHECK (state <> 'planned' OR confirmed_by IS NOT NULL),
    CHECK (state NOT IN ('open', 'closed', 'reported') OR opened_at IS NOT NULL),
    CHECK (state NOT IN ('closed', 'reported') OR closed_at IS NOT NULL),
    CHECK ((state = 'reported') = (reported_at IS NOT NULL)),
    CHECK ((reported_at IS NULL) = (offline_minutes IS NULL)),
    CHECK ((reported_at IS NULL) = (reported_by IS NULL))
);
CREATE INDEX outreach_office ON outreach (office_id, starts_at, outreach_id);
CREATE INDEX outreach_forget ON outreach (forget_after) WHERE forget_after IS NOT NULL;

-- Who goes there. Nobody is in two sessions that are open.
CREATE TABLE outreach_roster (
    outreach_id UUID NOT NULL,
    staff_id UUID NOT NULL,
    part TEXT NOT NULL CHECK (part IN ('lead', 'officer', 'assistant')),
    is_open BIGINT NOT NULL,
    PRIMARY KEY (outreach_id, staff_id)
);
CREATE UNIQUE INDEX outreach_roster_open ON outreach_roster (staff_id) WHERE is_open = 1;
CREATE UNIQUE INDEX outreach_roster_lead ON outreach_roster (outreach_id) WHERE part = 'lead';

-- What the closing sheet said when it was reported: registrations go after weeks, the sheet stays.
CREATE TABLE outreach_figure (
    outreach_id UUID NOT NULL,
    -- Where the registration stood.
    state TEXT NOT NULL,
    people BIGINT NOT NULL,
    PRIMARY KEY (outreach_id, state)
);

-- In which session a resident came; a later scan at the office leaves it.
ALTER TABLE counter_visit ADD COLUMN outreach_id UUID;
CREATE INDEX counter_visit_outreach ON counter_visit (outreach_id) WHERE outreach_id IS NOT NULL;

-- Somebody of an office is on duty somewhere until a time of the day. Anybody can look that up with the code, or with a QR of the moment.
CREATE TABLE duty (
    duty_id UUID NOT NULL PRIMARY KEY,
    staff_id UUID NOT NULL,
    office_id UUID NOT NULL,
    -- The session of outreach; at the office where there is none.
    outreach_id UUID,
    -- The day's code as a keyed index; the code itself, and the position where one was given, sealed.
    code_index BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    began_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    ended_at BIGINT,
    CHECK (ends_at > began_at)
);
CREATE UNIQUE INDEX duty_one_live ON duty (staff_id) WHERE ended_at IS NULL;
-- Kept for a month, so that no code comes back in that time.
CREATE UNIQUE INDEX duty_code ON duty (code_index);
CREATE INDEX duty_end ON duty (ends_at);

-- The photo that says who is meant: taken by a colleague, so that nobody picks their own face.
CREATE TABLE staff_photo (
    staff_id UUID NOT NULL PRIMARY KEY,
    office_id UUID NOT NULL,
    sealed BYTEA NOT NULL,
    taken_by UUID NOT NULL,
    taken_at BIGINT NOT NULL,
    CHECK (taken_by <> staff_id)
);
CREATE INDEX staff_photo_office ON staff_photo (office_id);
CREATE INDEX staff_photo_time ON staff_photo (taken_at);

-- What somebody reports who met a person that said to be of an office. Supervisors of that office read it.
CREATE TABLE fraud_report (
    report_id UUID NOT NULL PRIMARY KEY,
    office_id UUID NOT NULL,
    -- Whose code it names: they neither read nor close it.
    about UUID,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    reported_at BIGINT NOT NULL,
    -- What happened, where, and how whoever reports is reached.
    sealed BYTEA NOT NULL,
    closed_by UUID,
    closed_at BIGINT,
    -- What came of it.
    words_sealed BYTEA,
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
    CHECK ((closed_at IS NULL) = (words_sealed IS NULL)),
    CHECK (closed_by IS NULL OR about IS NULL OR closed_by <> about)
);
CREATE INDEX fraud_report_office ON fraud_report (office_id, state, report_id);
CREATE INDEX fraud_report_time ON fraud_report (reported_at);
CREATE INDEX fraud_report_closed ON fraud_report (closed_at) WHERE closed_at IS NOT NULL;
