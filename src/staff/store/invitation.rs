//! SQL of what is asked about people of the staff.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::staff::invitation::model::{Kind, State};
use crate::staff::model::{Affiliation, Realm, Role};
use crate::{change, execute, fetch_all, fetch_one, fetch_optional};

/// A request about somebody.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Invitation {
    /// Its id; its link is a sealed form of it.
    pub invitation_id: Uuid,
    /// What is asked.
    pub kind: Kind,
    /// Where the person belongs, or is to.
    #[sqlx(flatten)]
    pub place: Affiliation,
    /// Whose account it is about; none for who joins.
    pub staff_id: Option<Uuid>,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// What they are there.
    pub role: Role,
    /// Of which province, where they are of one.
    pub region: Option<i64>,
    /// When their time ends, where that was said.
    pub ends_at: Option<Timestamp>,
    /// Whether the account was disabled when it was asked for.
    pub comes_back: i64,
    /// How far it has come.
    pub state: State,
    /// Who asked.
    pub asked_by: Uuid,
    /// When.
    pub asked_at: Timestamp,
    /// Until when the link counts.
    pub expires_at: Option<Timestamp>,
    /// Address, language, authenticator secret.
    pub sealed: Option<Vec<u8>>,
}

macro_rules! invitations {
    ($tail:literal) => {
        concat!(
            "SELECT invitation_id, kind, realm, office_id, relying_party_id, staff_id, username, full_name, role, region, \
             ends_at, \
             comes_back, state, asked_by, asked_at, expires_at, sealed FROM staff_invitation WHERE ",
            $tail
        )
    };
}

const ADD: &str = "INSERT INTO staff_invitation (invitation_id, kind, realm, office_id, staff_id, username, full_name, role, \
    ends_at, comes_back, state, asked_by, asked_at, expires_at, sealed, relying_party_id, region) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

/// Adds a request.
pub async fn add(tx: &mut Tx, new: &Invitation) -> DbResult<()> {
    execute!(
        tx,
        ADD,
        new.invitation_id,
        new.kind,
        new.place.realm(),
        new.place.office_id(),
        new.staff_id,
        &new.username,
        &new.full_name,
        new.role,
        new.ends_at,
        new.comes_back,
        new.state,
        new.asked_by,
        new.asked_at,
        new.expires_at,
        new.sealed.as_deref(),
        new.place.relying_party_id(),
        new.region,
    )
    .map(|_| ())
}

const LOOKUP: &str = invitations!("invitation_id = $1");

/// The request with an id.
pub async fn lookup(tx: &mut Tx, id: Uuid) -> DbResult<Option<Invitation>> {
    fetch_optional!(tx, Invitation, LOOKUP, id)
}

const OPEN_OF: &str =
    invitations!("state = $1 AND office_id = $2 AND invitation_id < $3 ORDER BY invitation_id DESC LIMIT $4");
const OPEN: &str = invitations!("state = $1 AND invitation_id < $2 ORDER BY invitation_id DESC LIMIT $3");

/// What waits for a second person, of an office or of all, the newest first, from `before` on.
pub async fn asked(tx: &mut Tx, office: Option<Uuid>, before: Uuid, limit: i64) -> DbResult<Vec<Invitation>> {
    match office {
        Some(office) => fetch_all!(tx, Invitation, OPEN_OF, State::Asked, office, before, limit),
        None => fetch_all!(tx, Invitation, OPEN, State::Asked, before, limit),
    }
}

// Whoever asks never grants, whatever was read.
const GRANT: &str = "UPDATE staff_invitation SET state = $2, decided_by = $3, decided_at = $4, expires_at = $5 \
    WHERE invitation_id = $1 AND state = 'asked' AND asked_by <> $3";

/// Grants a request; `false` when it was decided before, and for who asked.
pub async fn grant(
    tx: &mut Tx,
    id: Uuid,
    state: State,
    (by, now): (Uuid, Timestamp),
    expires_at: Option<Timestamp>,
) -> DbResult<Changed> {
    change!(tx, GRANT, id, state, by, now, expires_at)
}

const REFUSE: &str = "UPDATE staff_invitation SET state = 'refused', decided_by = $2, decided_at = $3, sealed = NULL \
    WHERE invitation_id = $1 AND state IN ('asked', 'sent')";

/// Refuses a request, or takes it back, also after its link was sent; `false` when it is over.
pub async fn refuse(tx: &mut Tx, id: Uuid, by: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, REFUSE, id, by, now)
}

// A link counts for a day, so what is open was asked for within one.
const OF_PARTY: &str = invitations!(
    "relying_party_id = $1 AND asked_at > $2 AND state = 'sent' AND expires_at > $3 AND invitation_id < $4 \
     ORDER BY invitation_id DESC LIMIT $5"
);

/// A party's invitations that were asked for since, and whose links count, the newest first, from `before` on.
pub async fn of_party(
    tx: &mut Tx,
    party: Uuid,
    (since, now): (Timestamp, Timestamp),
    before: Uuid,
    limit: i64,
) -> DbResult<Vec<Invitation>> {
    fetch_all!(tx, Invitation, OF_PARTY, party, since, now, before, limit)
}

// Of one who comes back several links may count: it is one seat.
const COUNT_OF_PARTY: &str = "SELECT COUNT(*), \
    COUNT(CASE WHEN state = 'sent' AND expires_at > $3 THEN 1 END), \
    COUNT(CASE WHEN state = 'sent' AND expires_at > $3 AND kind = 'join' THEN 1 END) + \
    COUNT(DISTINCT CASE WHEN state = 'sent' AND expires_at > $3 AND comes_back = 1 AND staff_id <> $4 THEN staff_id END) \
    FROM staff_invitation WHERE relying_party_id = $1 AND asked_at > $2";

/// How many invitations of a party were asked for since; how many of their links count, and how many people log in by these who cannot
/// now, who join and who come back, without `besides`, who is counted by the caller.
pub async fn count_of_party(
    tx: &mut Tx,
    party: Uuid,
    (since, now): (Timestamp, Timestamp),
    besides: Option<Uuid>,
) -> DbResult<(i64, i64, i64)> {
    fetch_one!(tx, (i64, i64, i64), COUNT_OF_PARTY, party, since, now, besides.unwrap_or_default())
}

const PROMISED: &str = "SELECT COUNT(*) FROM staff_invitation \
    WHERE username = $1 AND realm = $2 AND kind = 'join' AND state = 'sent' AND expires_at > $3";

/// Whether a name is promised to somebody who has not joined yet.
pub async fn is_promised(tx: &mut Tx, realm: Realm, username: &str, now: Timestamp) -> DbResult<bool> {
    fetch_one!(tx, (i64,), PROMISED, username, realm, now).map(|(count,)| count > 0)
}

const WITHDRAW: &str = "UPDATE staff_invitation SET state = 'refused', decided_by = $3, decided_at = $4, sealed = NULL \
    WHERE invitation_id = $1 AND relying_party_id = $2 AND role = $5 AND state = 'sent'";

/// Takes back the link of an employee of a party; `false` when it was used, or is somebody else's.
pub async fn withdraw(tx: &mut Tx, id: Uuid, party: Uuid, by: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, WITHDRAW, id, party, by, now, Role::Employee)
}

// As many as somebody sent and nobody used: often none.
const WITHDRAW_ALL: &str = "UPDATE staff_invitation SET state = 'refused', decided_by = $4, decided_at = $5, sealed = NULL \
    WHERE relying_party_id = $1 AND asked_at > $2 AND asked_by = $3 AND state = 'sent'";

/// Takes back what somebody asked for since, and is open; gives how much. `by` is none where the operator does it.
pub async fn withdraw_all(
    tx: &mut Tx,
    party: Uuid,
    (asked_by, since): (Uuid, Timestamp),
    (by, now): (Option<Uuid>, Timestamp),
) -> DbResult<u64> {
    execute!(tx, WITHDRAW_ALL, party, since, asked_by, by, now)
}

// As many as are open: often none.
const END_RENEWALS: &str = "UPDATE staff_invitation SET state = 'refused', decided_at = $2, sealed = NULL \
    WHERE staff_id = $1 AND kind = 'renew' AND state IN ('asked', 'sent')";

/// Ends requests and links to new secrets of somebody; gives how many.
pub async fn end_renewals(tx: &mut Tx, person: Uuid, now: Timestamp) -> DbResult<u64> {
    execute!(tx, END_RENEWALS, person, now)
}

// As many as are open about somebody: often none.
const END_ABOUT: &str = "UPDATE staff_invitation SET state = 'refused', decided_at = $2, sealed = NULL \
    WHERE staff_id = $1 AND state IN ('asked', 'sent')";

/// Ends what was asked about somebody and is open, links that were sent too; gives how much.
pub async fn end_about(tx: &mut Tx, person: Uuid, now: Timestamp) -> DbResult<u64> {
    execute!(tx, END_ABOUT, person, now)
}

// A link that a second person granted rests on that person's word too. Those of parties: WITHDRAW_ALL.
const END_ASKED_BY: &str = "UPDATE staff_invitation SET state = 'refused', decided_at = $2, sealed = NULL \
    WHERE asked_by = $1 AND realm <> $3 AND (state = 'asked' OR (state = 'sent' AND decided_by IS NULL))";

/// Ends what somebody of an office or of the nation asked for, nobody else granted, and is open; gives how much.
pub async fn end_asked_by(tx: &mut Tx, person: Uuid, now: Timestamp) -> DbResult<u64> {
    execute!(tx, END_ASKED_BY, person, now, Realm::RelyingParty)
}

const ACCEPT: &str = "UPDATE staff_invitation SET state = 'done', staff_id = $2, sealed = NULL \
    WHERE invitation_id = $1 AND state = 'sent' AND expires_at > $3";

/// Uses a link up; `false` when it was used, taken back or is too old.
pub async fn accept(tx: &mut Tx, id: Uuid, staff_id: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, ACCEPT, id, staff_id, now)
}

const SWEEP: &str = "DELETE FROM staff_invitation WHERE state = 'sent' AND expires_at <= $1";
const SWEEP_UNDECIDED: &str =
    "DELETE FROM staff_invitation WHERE state = 'asked' AND asked_at <= $1 AND kind <> 'leave'";
const SWEEP_ENDED: &str = "DELETE FROM staff_invitation WHERE state IN ('done', 'refused') AND asked_at <= $1";

/// Forgets invitations whose links are too old; what was asked for at `undecided` or earlier and nobody decided; but that somebody leaves: until that is decided they have their access; and what was asked for at
/// `ended` or earlier and is over. Gives how many.
pub async fn sweep(tx: &mut Tx, now: Timestamp, undecided: Timestamp, ended: Timestamp) -> DbResult<u64> {
    let links = execute!(tx, SWEEP, now)?;
    Ok(links + execute!(tx, SWEEP_UNDECIDED, undecided)? + execute!(tx, SWEEP_ENDED, ended)?)
}
