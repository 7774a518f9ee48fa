//! SQL of what people are found by, and of who looked for how much.

use uuid::Uuid;

use super::model::{Kind, LIFTED_TIMES, WordKind};
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{change, execute, fetch_all, fetch_optional};

const ADD: &str = "INSERT INTO lookup_word (office_id, word, registration_id, kind) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (office_id, word, registration_id) DO NOTHING";

/// Lets a registration be found by a word, in an office.
pub async fn add(tx: &mut Tx, office: Uuid, word: &[u8], registration: Uuid, kind: WordKind) -> DbResult<()> {
    execute!(tx, ADD, office, word, registration, kind).map(|_| ())
}

const OFFICE_OF: &str = "SELECT office_id FROM lookup_word WHERE registration_id = $1 LIMIT 1";

/// The office at which a registration is found.
pub async fn office_of(tx: &mut Tx, registration: Uuid) -> DbResult<Option<Uuid>> {
    Ok(fetch_optional!(tx, (Uuid,), OFFICE_OF, registration)?.map(|(office,)| office))
}

const FORGET: &str = "DELETE FROM lookup_word WHERE registration_id = $1";

/// Forgets all words of a registration.
pub async fn forget(tx: &mut Tx, registration: Uuid) -> DbResult<()> {
    execute!(tx, FORGET, registration).map(|_| ())
}

const FORGET_REGISTERED: &str = "DELETE FROM lookup_word WHERE registration_id = $1 AND kind <> 'later_contact'";

/// Forgets the words of what was registered.
pub async fn forget_registered(tx: &mut Tx, registration: Uuid) -> DbResult<()> {
    execute!(tx, FORGET_REGISTERED, registration).map(|_| ())
}

const FORGET_LATER: &str = "DELETE FROM lookup_word WHERE registration_id = $1 AND kind = 'later_contact'";

/// Forgets a later address.
pub async fn forget_later(tx: &mut Tx, registration: Uuid) -> DbResult<()> {
    execute!(tx, FORGET_LATER, registration).map(|_| ())
}

const HAVING: &str = "SELECT registration_id FROM lookup_word WHERE office_id = $1 AND word = $2 LIMIT $3";

/// How many registrations of an office have a word; no more than `most` are counted.
pub async fn having(tx: &mut Tx, office: Uuid, word: &[u8], most: i64) -> DbResult<usize> {
    Ok(fetch_all!(tx, (Uuid,), HAVING, office, word, most)?.len())
}

// The rows of the first word are walked, and each is looked up under the others: names are looked for by pairs of words, which few share.
const FIND: &str = "SELECT w.registration_id FROM lookup_word w \
    WHERE w.office_id = $1 AND w.word = $2 AND w.registration_id < $6 \
    AND EXISTS (SELECT 1 FROM lookup_word a WHERE a.office_id = $1 AND a.word = $3 AND a.registration_id = w.registration_id) \
    AND EXISTS (SELECT 1 FROM lookup_word b WHERE b.office_id = $1 AND b.word = $4 AND b.registration_id = w.registration_id) \
    AND EXISTS (SELECT 1 FROM lookup_word c WHERE c.office_id = $1 AND c.word = $5 AND c.registration_id = w.registration_id) \
    ORDER BY w.registration_id DESC LIMIT $7";

/// The registrations of an office that have all four words, those made last first, before `before`. The rarest word comes first.
pub async fn find(tx: &mut Tx, office: Uuid, words: [&[u8]; 4], before: Uuid, limit: i64) -> DbResult<Vec<Uuid>> {
    let [first, second, third, fourth] = words;
    let found = fetch_all!(tx, (Uuid,), FIND, office, first, second, third, fourth, before, limit)?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

const DUE: &str = "SELECT registration_id FROM lookup_due ORDER BY registration_id LIMIT $1";

/// Registrations that were there before people could be looked for.
pub async fn due(tx: &mut Tx, limit: i64) -> DbResult<Vec<Uuid>> {
    Ok(fetch_all!(tx, (Uuid,), DUE, limit)?.into_iter().map(|(id,)| id).collect())
}

const DONE: &str = "DELETE FROM lookup_due WHERE registration_id = $1";

/// One of these is found now.
pub async fn done(tx: &mut Tx, registration: Uuid) -> DbResult<Changed> {
    change!(tx, DONE, registration)
}

const COUNT: &str = "INSERT INTO lookup_use (officer_id, day, kind, office_id, uses, misses, colleagues) \
    VALUES ($1, $2, $3, $4, 1, 0, $5) ON CONFLICT (officer_id, day, kind) DO UPDATE SET \
    uses = lookup_use.uses + 1, colleagues = lookup_use.colleagues + $5 \
    WHERE lookup_use.uses < $6 OR (lookup_use.lifted_by IS NOT NULL AND lookup_use.uses < $7) RETURNING uses";

/// Counts that somebody looks for somebody; `false` beyond the day's limit, and nothing is counted.
pub async fn count(
    tx: &mut Tx,
    (officer, office): (Uuid, Uuid),
    day: i64,
    kind: Kind,
    colleague: bool,
) -> DbResult<bool> {
    let most = kind.most_a_day();
    let colleague = i64::from(colleague);
    let lifted = most * LIFTED_TIMES;
    let counted = fetch_optional!(tx, (i64,), COUNT, officer, day, kind, office, colleague, most, lifted)?;
    Ok(counted.is_some())
}

const MISSED: &str = "UPDATE lookup_use SET misses = misses + 1 WHERE officer_id = $1 AND day = $2 AND kind = $3";

/// Notes that nobody was found.
pub async fn missed(tx: &mut Tx, officer: Uuid, day: i64, kind: Kind) -> DbResult<Changed> {
    change!(tx, MISSED, officer, day, kind)
}

/// What somebody looked for on a day, of one kind.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UseRow {
    /// Who.
    pub officer_id: Uuid,
    /// Days since 1970-01-01 in UTC+7.
    pub day: i64,
    /// What.
    pub kind: Kind,
    /// How often.
    pub uses: i64,
    /// How often nobody was found.
    pub misses: i64,
    /// How often a colleague was looked for.
    pub colleagues: i64,
    /// Who lifted the limit.
    pub lifted_by: Option<Uuid>,
    /// Who looked at it.
    pub looked_by: Option<Uuid>,
    /// When.
    pub looked_at: Option<Timestamp>,
    /// With what result, sealed.
    pub looked_sealed: Option<Vec<u8>>,
}

const OF_OFFICE: &str = "SELECT officer_id, day, kind, uses, misses, colleagues, lifted_by, looked_by, looked_at, looked_sealed \
    FROM lookup_use WHERE office_id = $1 AND day >= $2 ORDER BY day DESC, officer_id, kind";

/// What the people of an office looked for since a day.
pub async fn of_office(tx: &mut Tx, office: Uuid, since: i64) -> DbResult<Vec<UseRow>> {
    fetch_all!(tx, UseRow, OF_OFFICE, office, since)
}

// One row for each kind; the caller refuses where there are none.
const LOOK_AT_ALL: &str = "UPDATE lookup_use SET looked_by = $4, looked_at = $5, looked_sealed = $6 \
    WHERE officer_id = $1 AND day = $2 AND office_id = $3 AND looked_at IS NULL AND officer_id <> $4";

/// Notes that a supervisor looked at a day of a colleague's; gives how many rows that are.
pub async fn look(
    tx: &mut Tx,
    (officer, day, office): (Uuid, i64, Uuid),
    (by, now): (Uuid, Timestamp),
    words: &[u8],
) -> DbResult<u64> {
    execute!(tx, LOOK_AT_ALL, officer, day, office, by, now, words)
}

const LIFT: &str = "INSERT INTO lookup_use (officer_id, day, kind, office_id, uses, misses, colleagues, lifted_by, lifted_at) \
    VALUES ($1, $2, $3, $4, 0, 0, 0, $5, $6) ON CONFLICT (officer_id, day, kind) DO UPDATE SET lifted_by = $5, lifted_at = $6 \
    WHERE lookup_use.lifted_by IS NULL";

/// Lifts the limit of a colleague for a day, in one kind; a miss where it is lifted.
pub async fn lift(
    tx: &mut Tx,
    (officer, office): (Uuid, Uuid),
    (day, kind): (i64, Kind),
    (by, now): (Uuid, Timestamp),
) -> DbResult<Changed> {
    change!(tx, LIFT, officer, day, kind, office, by, now)
}

const SWEEP: &str = "DELETE FROM lookup_use WHERE day < $1";

/// Forgets what was looked for before a day; gives how much.
pub async fn sweep(tx: &mut Tx, day: i64) -> DbResult<u64> {
    execute!(tx, SWEEP, day)
}
