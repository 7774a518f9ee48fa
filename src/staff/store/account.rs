//! SQL of accounts.

use sqlx::Row;
use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::login::totp::STEP_SECONDS;
use crate::office::Scope;
use crate::register::Region;
use crate::staff::model::{AccountState, Affiliation, Initial, Person, Realm, Role, Roles};
use crate::staff::passkey::model::MOST;
use crate::{change, execute, fetch_all, fetch_optional, within_scope};

/// A person's account: what a log-in is judged by.
#[derive(Clone, sqlx::FromRow)]
pub struct Account {
    /// Whose it is.
    #[sqlx(flatten)]
    pub person: Person,
    /// PHC string of the password.
    pub password_hash: String,
    /// Sealed authenticator secret.
    pub totp_sealed: Vec<u8>,
    /// Whether the person may log in.
    pub state: AccountState,
    /// Since when the person's rights rest.
    pub paused_at: Option<Timestamp>,
    /// When the person's time at the place ends.
    pub ends_at: Option<Timestamp>,
    /// As whom the person acts besides.
    pub acting_role: Option<Role>,
    /// Until when.
    pub acting_until: Option<Timestamp>,
    /// How many passkeys the person has; a new account has none.
    pub passkeys: i64,
    /// Until when the password counts, where an operator made it.
    pub initial_password_until: Option<Timestamp>,
    /// Until when the authenticator secret counts, where an operator saw it.
    pub initial_totp_until: Option<Timestamp>,
}

impl Account {
    /// What the person is, and as whom they act now.
    pub fn roles(&self, now: Timestamp) -> Roles {
        let acting = self.acting_role.filter(|_| self.acting_until.is_some_and(|until| now < until));
        Roles { own: self.person.role, acting }
    }

    /// Which of the secrets an operator knows too.
    pub const fn initial(&self) -> Initial {
        Initial { password: self.initial_password_until, totp: self.initial_totp_until }
    }

    /// In a word: whether the person may log in and act.
    pub fn standing(&self, now: Timestamp) -> &'static str {
        match self.state {
            AccountState::Active if self.ends_at.is_some_and(|end| end <= now) => "ended",
            AccountState::Active if self.paused_at.is_some() => "paused",
            state => state.as_str(),
        }
    }
}

impl<'r, R: Row> sqlx::FromRow<'r, R> for Affiliation
where
    &'static str: sqlx::ColumnIndex<R>,
    Realm: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Uuid: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        let office: Option<Uuid> = row.try_get("office_id")?;
        let party: Option<Uuid> = row.try_get("relying_party_id")?;
        match (row.try_get("realm")?, office, party) {
            (Realm::Office, Some(id), None) => Ok(Self::Office(id)),
            (Realm::RelyingParty, None, Some(id)) => Ok(Self::RelyingParty(id)),
            (Realm::National, None, None) => Ok(Self::National),
            _ => Err(sqlx::Error::Decode("a person of no place, or of two".into())),
        }
    }
}

impl<'r, R: Row> sqlx::FromRow<'r, R> for Person
where
    Affiliation: sqlx::FromRow<'r, R>,
    &'static str: sqlx::ColumnIndex<R>,
    Uuid: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Role: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<i64>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self {
            staff_id: row.try_get("staff_id")?,
            affiliation: Affiliation::from_row(row)?,
            username: row.try_get("username")?,
            full_name: row.try_get("full_name")?,
            role: row.try_get("role")?,
            region: row.try_get::<Option<i64>, _>("region")?.map(Region::from_code),
        })
    }
}

macro_rules! accounts {
    ($tail:literal) => {
        concat!(
            "SELECT staff_id, realm, office_id, relying_party_id, username, full_name, role, region, password_hash, totp_sealed, \
             state, paused_at, ends_at, acting_role, acting_until, passkeys, initial_password_until, initial_totp_until FROM staff_account WHERE ",
            $tail
        )
    };
}

const ADD: &str = "INSERT INTO staff_account (staff_id, realm, office_id, relying_party_id, username, full_name, role, \
    password_hash, totp_sealed, totp_last_step, state, created_at, ends_at, region, initial_password_until, initial_totp_until) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, $13, $14, $15)";

/// Adds an account. A user name that exists in the realm is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, new: &Account, now: Timestamp) -> DbResult<()> {
    let Person { staff_id, affiliation, username, full_name, role, region } = &new.person;
    execute!(
        tx,
        ADD,
        *staff_id,
        affiliation.realm(),
        affiliation.office_id(),
        affiliation.relying_party_id(),
        username,
        full_name,
        *role,
        &new.password_hash,
        &new.totp_sealed,
        new.state,
        now,
        new.ends_at,
        region.map(Region::code),
        new.initial_password_until,
        new.initial_totp_until
    )
    .map(|_| ())
}

const BY_NAME: &str = accounts!("realm = $1 AND username = $2");

/// The account of a user name.
pub async fn by_name(tx: &mut Tx, realm: Realm, username: &str) -> DbResult<Option<Account>> {
    fetch_optional!(tx, Account, BY_NAME, realm, username)
}

const BY_ID: &str = accounts!("staff_id = $1");

/// The account of a person.
pub async fn by_id(tx: &mut Tx, person: Uuid) -> DbResult<Option<Account>> {
    fetch_optional!(tx, Account, BY_ID, person)
}

const HOLD: &str = "UPDATE staff_account SET state = state WHERE staff_id = $1";

/// Holds an account until the transaction is over; `false` for nobody.
pub async fn hold(tx: &mut Tx, person: Uuid) -> DbResult<Changed> {
    change!(tx, HOLD, person)
}

const HOLD_ACTING: &str = "UPDATE staff_account SET state = state WHERE staff_id = $1 AND state = $2 AND paused_at IS NULL \
    AND (ends_at IS NULL OR ends_at > $3)";

/// Holds the account of somebody who may act, until the transaction is over: whoever stops them comes before or after it. `false` for who
/// may not.
pub async fn hold_acting(tx: &mut Tx, person: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, HOLD_ACTING, person, AccountState::Active, now)
}

const OF_REALM: &str = accounts!("realm = $1 ORDER BY username");

/// All accounts of a realm, by user name.
pub async fn of_realm(tx: &mut Tx, realm: Realm) -> DbResult<Vec<Account>> {
    fetch_all!(tx, Account, OF_REALM, realm)
}

const USERNAMES: &str = "SELECT staff_id, username FROM staff_account WHERE office_id = $1";

/// The user names of an office's people.
pub async fn usernames(tx: &mut Tx, office: Uuid) -> DbResult<Vec<(Uuid, String)>> {
    fetch_all!(tx, (Uuid, String), USERNAMES, office)
}

const USERNAMES_WITHIN: &str =
    concat!("SELECT staff_id, username FROM staff_account WHERE ", within_scope!("office_id", "$1", "$2"));

/// The user names of the people of a scope.
pub async fn usernames_within(tx: &mut Tx, scope: Scope) -> DbResult<Vec<(Uuid, String)>> {
    fetch_all!(tx, (Uuid, String), USERNAMES_WITHIN, scope.office_id, scope.levels)
}

const OF_OFFICE: &str = accounts!("office_id = $1 ORDER BY username");

/// All accounts of an office, by user name.
pub async fn of_office(tx: &mut Tx, office: Uuid) -> DbResult<Vec<Account>> {
    fetch_all!(tx, Account, OF_OFFICE, office)
}

const COUNTED: &str = "SELECT role, COUNT(*) FROM staff_account \
    WHERE office_id = $1 AND state = $2 AND (ends_at IS NULL OR ends_at > $3) GROUP BY role ORDER BY role";

/// How many people of each role an office has who may log in.
pub async fn counted(tx: &mut Tx, office: Uuid, now: Timestamp) -> DbResult<Vec<(Role, i64)>> {
    fetch_all!(tx, (Role, i64), COUNTED, office, AccountState::Active, now)
}

// Whoever has to log in with a passkey is not let in by a code once there is one: also when it is added at the same moment. A step that
// no node could accept yet was spent while a clock was wrong: it would keep its owner out until its time has come. A try with a wrong code
// (step 0) takes no place of anything.
const SPEND_STEP: &str = "UPDATE staff_account SET totp_last_step = $2 \
    WHERE staff_id = $1 AND (totp_last_step < $2 OR (totp_last_step > $8 AND $2 > 0 AND $2 <= $8)) \
    AND state = $5 AND password_hash = $3 AND totp_sealed = $4 AND (ends_at IS NULL OR ends_at > $6) AND passkeys <= $7 \
    AND (initial_password_until IS NULL OR initial_password_until > $6) AND (initial_totp_until IS NULL OR initial_totp_until > $6)";

/// How many steps ahead another node may have spent one: a step begins sooner by a clock that is ahead as far as clocks may be.
const STEPS_AHEAD: i64 = 1;

/// Spends a step of the authenticator; `false` when it, or a later one that can have come, was used before, when the person was disabled or got
/// another password or secret than what was compared against, or their time, or that of initial secrets, is over, and for whoever
/// `needs_passkey` and has one.
pub async fn spend_step(
    tx: &mut Tx,
    (person, step): (Uuid, i64),
    (password_hash, totp_sealed): (&str, &[u8]),
    needs_passkey: bool,
    now: Timestamp,
) -> DbResult<Changed> {
    let most = if needs_passkey { 0 } else { MOST };
    let ahead = now.seconds() / STEP_SECONDS + STEPS_AHEAD;
    change!(tx, SPEND_STEP, person, step, password_hash, totp_sealed, AccountState::Active, now, most, ahead)
}

// Of everybody; whoever used a later one keeps that.
const SPEND_ALL_STEPS: &str = "UPDATE staff_account SET totp_last_step = $1 WHERE totp_last_step < $1";

/// Spends everybody's steps of the authenticator up to this one.
pub async fn spend_all_steps(tx: &mut Tx, step: i64) -> DbResult<()> {
    execute!(tx, SPEND_ALL_STEPS, step).map(|_| ())
}

const NOTE_FAILURE: &str = "UPDATE staff_account SET failed_log_ins = failed_log_ins + 1 WHERE staff_id = $1";

/// Counts a failed log-in, to be told at the next one that succeeds; `false` for nobody.
pub async fn note_failure(tx: &mut Tx, person: Uuid) -> DbResult<Changed> {
    change!(tx, NOTE_FAILURE, person)
}

/// When a person logged in before, and how many tries failed since.
pub type Before = (Option<Timestamp>, i64);

const BEFORE: &str = "SELECT logged_in_at, failed_log_ins FROM staff_account WHERE staff_id = $1";
const NOTE_LOG_IN: &str = "UPDATE staff_account SET logged_in_at = $2, failed_log_ins = 0 WHERE staff_id = $1";

/// Notes a log-in; gives the one before, and the failed ones since. In the transaction in which a step of the person was spent, so
/// that nobody else's log-in comes between the two statements.
pub async fn note_log_in(tx: &mut Tx, person: Uuid, now: Timestamp) -> DbResult<Before> {
    let before = fetch_optional!(tx, Before, BEFORE, person)?;
    change!(tx, NOTE_LOG_IN, person, now)?.either_way();
    Ok(before.unwrap_or_default())
}

const SET_PASSWORD: &str =
    "UPDATE staff_account SET password_hash = $2, initial_password_until = $3 WHERE staff_id = $1";

/// Replaces the password's hash. One that an operator made counts `until` then.
pub async fn set_password(tx: &mut Tx, person: Uuid, hash: &str, until: Option<Timestamp>) -> DbResult<Changed> {
    change!(tx, SET_PASSWORD, person, hash, until)
}

const SET_TOTP: &str =
    "UPDATE staff_account SET totp_sealed = $2, totp_last_step = 0, initial_totp_until = $3 WHERE staff_id = $1";

/// Replaces the authenticator secret. One that an operator saw counts `until` then.
pub async fn set_totp(tx: &mut Tx, person: Uuid, sealed: &[u8], until: Option<Timestamp>) -> DbResult<Changed> {
    change!(tx, SET_TOTP, person, sealed, until)
}

const END_INITIAL: &str = "UPDATE staff_account SET \
    initial_password_until = CASE WHEN initial_password_until IS NOT NULL THEN CAST($2 AS BIGINT) END, \
    initial_totp_until = CASE WHEN initial_totp_until IS NOT NULL THEN CAST($2 AS BIGINT) END \
    WHERE staff_id = $1 AND (initial_password_until IS NOT NULL OR initial_totp_until IS NOT NULL)";

/// Ends initial secrets now, where somebody has any.
pub async fn end_initial(tx: &mut Tx, person: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, END_INITIAL, person, now)
}

// Of two sessions that the same initial secrets opened one chooses: what the other knew is not there any more.
const CHOOSE: &str = "UPDATE staff_account SET password_hash = $4, totp_sealed = $5, totp_last_step = COALESCE($6, totp_last_step), \
    initial_password_until = NULL, initial_totp_until = NULL \
    WHERE staff_id = $1 AND password_hash = $2 AND totp_sealed = $3 AND state = $7 AND (ends_at IS NULL OR ends_at > $8) \
    AND (initial_password_until > $8 OR initial_totp_until > $8) \
    AND (initial_password_until IS NULL OR initial_password_until > $8) AND (initial_totp_until IS NULL OR initial_totp_until > $8)";

/// Puts what somebody chose in the place of initial secrets, and spends the `step` of a new authenticator that they showed; `false` when
/// they have others than `before`, whatever became of them: chosen, made anew, or over.
pub async fn choose(
    tx: &mut Tx,
    (before, chosen): (&Account, &Account),
    step: Option<i64>,
    now: Timestamp,
) -> DbResult<Changed> {
    change!(
        tx,
        CHOOSE,
        before.person.staff_id,
        &before.password_hash,
        &before.totp_sealed,
        &chosen.password_hash,
        &chosen.totp_sealed,
        step,
        AccountState::Active,
        now
    )
}

const SET_STATE: &str = "UPDATE staff_account SET state = $2, stopped_at = NULL, stopped_reason = NULL \
    WHERE staff_id = $1 AND state <> $2";

/// Disables a person, or lets a disabled one log in again; `false` when it is so already.
pub async fn set_state(tx: &mut Tx, person: Uuid, state: AccountState) -> DbResult<Changed> {
    change!(tx, SET_STATE, person, state)
}

const SET_END: &str = "UPDATE staff_account SET ends_at = $2 WHERE staff_id = $1";

/// Sets when somebody's time at the place ends, or that it does not.
pub async fn set_end(tx: &mut Tx, person: Uuid, ends_at: Option<Timestamp>) -> DbResult<Changed> {
    change!(tx, SET_END, person, ends_at)
}

const SET_REGION: &str = "UPDATE staff_account SET region = $2 WHERE staff_id = $1 AND role = $3";

/// Sets of which province somebody reads the figures; `false` for who is of none.
pub async fn set_region(tx: &mut Tx, person: Uuid, region: Region) -> DbResult<Changed> {
    change!(tx, SET_REGION, person, region.code(), Role::Province)
}

const SET_ACTING: &str = "UPDATE staff_account SET acting_role = $2, acting_until = $3 WHERE staff_id = $1";

/// Sets as whom somebody acts besides and until when, or that they do not.
pub async fn set_acting(tx: &mut Tx, person: Uuid, acting: Option<(Role, Timestamp)>) -> DbResult<Changed> {
    let (role, until) = acting.unzip();
    change!(tx, SET_ACTING, person, role, until)
}

const AT_OFFICE: &str = accounts!("realm = $1 AND office_id = $2 AND staff_id < $3 ORDER BY staff_id DESC LIMIT $4");
const AT_NATION: &str = accounts!("realm = $1 AND office_id IS NULL AND staff_id < $2 ORDER BY staff_id DESC LIMIT $3");

/// The people of an office, or of the national administration, the newest first, from `before` on.
pub async fn at(
    tx: &mut Tx,
    (realm, office): (Realm, Option<Uuid>),
    before: Uuid,
    limit: i64,
) -> DbResult<Vec<Account>> {
    match office {
        Some(office) => fetch_all!(tx, Account, AT_OFFICE, realm, office, before, limit),
        None => fetch_all!(tx, Account, AT_NATION, realm, before, limit),
    }
}

const CONFIRM: &str = "UPDATE staff_account SET ends_at = $2 WHERE staff_id = $1 AND state = $3";

/// Lets somebody's time go on; `false` for who was disabled.
pub async fn confirm(tx: &mut Tx, person: Uuid, ends_at: Timestamp) -> DbResult<Changed> {
    change!(tx, CONFIRM, person, ends_at, AccountState::Active)
}

const RENEW: &str = "UPDATE staff_account SET password_hash = $3, totp_sealed = $4, totp_last_step = 0, ends_at = $5, state = $6, \
    stopped_at = NULL, stopped_reason = NULL, initial_password_until = NULL, initial_totp_until = NULL \
    WHERE staff_id = $1 AND state = $2";

/// Gives an account other secrets that its owner chose, and lets a disabled one log in again; `false` when its state is no longer `was`.
pub async fn renew(
    tx: &mut Tx,
    person: Uuid,
    was: AccountState,
    (password_hash, totp_sealed): (&str, &[u8]),
    ends_at: Option<Timestamp>,
) -> DbResult<Changed> {
    change!(tx, RENEW, person, was, password_hash, totp_sealed, ends_at, AccountState::Active)
}

const SET_CONTACT: &str = "UPDATE staff_account SET contact_sealed = $2 WHERE staff_id = $1";

/// Sets where somebody is told of log-ins.
pub async fn set_contact(tx: &mut Tx, person: Uuid, sealed: &[u8]) -> DbResult<Changed> {
    change!(tx, SET_CONTACT, person, sealed)
}

const GET_CONTACT: &str = "SELECT contact_sealed FROM staff_account WHERE staff_id = $1 AND contact_sealed IS NOT NULL";

/// Where somebody is told of log-ins, sealed; none where no address of theirs is known.
pub async fn contact(tx: &mut Tx, person: Uuid) -> DbResult<Option<Vec<u8>>> {
    Ok(fetch_optional!(tx, (Vec<u8>,), GET_CONTACT, person)?.map(|(sealed,)| sealed))
}

const ADD_NOTICE: &str = "INSERT INTO staff_notice (notice_id, staff_id, contact_sealed, told_at) \
    SELECT $1, staff_id, contact_sealed, $3 FROM staff_account WHERE staff_id = $2 AND contact_sealed IS NOT NULL";

/// Keeps where somebody is to be told of what happens now; `false` where no address of theirs is known.
pub async fn add_notice(tx: &mut Tx, notice: Uuid, person: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, ADD_NOTICE, notice, person, now)
}

const NOTICE: &str = "SELECT staff_id, contact_sealed FROM staff_notice WHERE notice_id = $1";

/// Whom a notice tells, and where, sealed.
pub async fn notice(tx: &mut Tx, id: Uuid) -> DbResult<Option<(Uuid, Vec<u8>)>> {
    fetch_optional!(tx, (Uuid, Vec<u8>), NOTICE, id)
}

const FORGET_NOTICES: &str = "DELETE FROM staff_notice WHERE told_at <= $1";

/// Forgets addresses of notices of `before` or earlier; gives how many.
pub async fn forget_notices(tx: &mut Tx, before: Timestamp) -> DbResult<u64> {
    execute!(tx, FORGET_NOTICES, before)
}

const PAUSE: &str = "UPDATE staff_account SET paused_at = $2 WHERE staff_id = $1 AND paused_at IS NULL";

/// Lets the rights of a person rest; `false` when they do already, and for nobody.
pub async fn pause(tx: &mut Tx, person: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, PAUSE, person, now)
}

const RESTORE: &str = "UPDATE staff_account SET paused_at = NULL WHERE staff_id = $1 AND paused_at IS NOT NULL";

/// Gives a person the rights back; `false` when they did not rest.
pub async fn restore(tx: &mut Tx, person: Uuid) -> DbResult<Changed> {
    change!(tx, RESTORE, person)
}

// Whoever restores has not been paused meanwhile: two of one case do not restore each other.
const RESTORE_COLLEAGUE: &str = "UPDATE staff_account SET paused_at = NULL \
    WHERE staff_id = $1 AND office_id = $2 AND staff_id <> $3 AND paused_at IS NOT NULL \
    AND EXISTS (SELECT 1 FROM staff_account a WHERE a.staff_id = $3 AND a.paused_at IS NULL AND a.state = $4)";

/// Gives a person of an office the rights back, by `colleague`; `false` where they do not rest, and where the colleague's do.
pub async fn restore_colleague(tx: &mut Tx, office: Uuid, person: Uuid, colleague: Uuid) -> DbResult<Changed> {
    change!(tx, RESTORE_COLLEAGUE, person, office, colleague, AccountState::Active)
}

/// Somebody whose rights rest.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Paused {
    /// Who.
    pub staff_id: Uuid,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// Since when.
    pub paused_at: Timestamp,
}

const PAUSED: &str = "SELECT staff_id, username, full_name, paused_at FROM staff_account \
    WHERE office_id = $1 AND paused_at IS NOT NULL AND state = $2 ORDER BY paused_at, username";

/// The people of an office whose rights rest, and who may log in.
pub async fn paused(tx: &mut Tx, office: Uuid) -> DbResult<Vec<Paused>> {
    fetch_all!(tx, Paused, PAUSED, office, AccountState::Active)
}
