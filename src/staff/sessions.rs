//! Sessions: who is behind a cookie, where one is logged in, and how that ends.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::model::{AccountState, Affiliation, Initial, Life, Person, Realm, Role, Roles};
use super::passkey::model::is_required;
use super::proof::Prover;
use super::store::account::{self, Account};
use super::store::passkey;
use super::store::session::{self, OwnSession, SessionRow};
use crate::audit::{self, Action, Outcome};
use crate::base64url;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Result};
use crate::fair::in_session;
use crate::office::{self, Office};
use crate::random::Random;
use crate::relying_party::{self, Party};
use crate::secret::Redacted;
use crate::{login, transaction};

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub struct StaffSession {
    /// Who.
    pub person: Person,
    /// Where they belong.
    pub workplace: Workplace,
    /// When the session began.
    pub began_at: Timestamp,
    /// When the session ends in any case.
    pub expires_at: Timestamp,
    /// When this person logged in before.
    pub previous_log_in: Option<Timestamp>,
    /// Log-ins that failed between then and this one.
    pub failed_log_ins: i64,
    /// Since when this person's rights rest; see [`pause`](super::ports::pause).
    pub paused_since: Option<Timestamp>,
    /// When their time at the place ends.
    pub ends_at: Option<Timestamp>,
    /// As whom they act now besides, and until when.
    pub acting: Option<(Role, Timestamp)>,
    /// Whether they have to add a passkey before they do anything.
    pub needs_passkey: bool,
    /// Which of the secrets an operator knows too: others have to be chosen before anything else is done.
    pub initial: Initial,
}

/// What a session is known by as long as it lives, also under another cookie: whose it is, and when it began.
pub(super) fn known_by(person: Uuid, began_at: Timestamp) -> Vec<u8> {
    [&person.as_bytes()[..], &began_at.micros().to_be_bytes()].concat()
}

impl StaffSession {
    fn known_by(&self) -> Vec<u8> {
        known_by(self.person.staff_id, self.began_at)
    }

    /// What they are, and as whom they act.
    pub fn roles(&self) -> Roles {
        Roles { own: self.person.role, acting: self.acting.map(|(role, _)| role) }
    }
}

/// Where somebody belongs, as it is now.
#[derive(Clone, Debug)]
pub enum Workplace {
    /// An office.
    Office(Office),
    /// A relying party that may verify.
    RelyingParty(Arc<Party>),
    /// The national administration.
    National,
}

impl Workplace {
    /// What of it a password must not be made of.
    pub fn words(&self) -> Vec<&str> {
        match self {
            Self::Office(office) => vec![&office.code, &office.name],
            Self::RelyingParty(party) => vec![&party.name],
            Self::National => Vec::new(),
        }
    }
}

/// What of a place a password of its people must not be made of, as [`Workplace::words`] says it of who is logged in.
///
/// # Errors
/// When the database does not answer; `not_found` for a party that does not exist.
pub async fn words_of(tx: &mut Tx, place: Affiliation) -> Result<Vec<String>> {
    Ok(match place {
        Affiliation::Office(id) => {
            office::ports::by_id(tx, id).await?.map_or_else(Vec::new, |office| vec![office.code, office.name])
        }
        Affiliation::RelyingParty(id) => vec![relying_party::ports::by_id(tx, id).await?.name.clone()],
        Affiliation::National => Vec::new(),
    })
}

/// One of the own sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, which opens nothing: a part of a digest of its cookie.
    pub session_id: Uuid,
    /// When it began.
    pub began_at: Timestamp,
    /// When the last request came, to a minute.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Sessions of one realm. Cloning shares everything.
#[derive(Clone)]
pub struct Sessions {
    context: Context,
    realm: Realm,
    audit: audit::Service,
    prover: Prover,
}

impl Sessions {
    /// Over the shared tables.
    pub fn new(context: Context, realm: Realm, prover: Prover) -> Self {
        Self { audit: audit::Service::new(context.clone()), context, realm, prover }
    }

    /// Who is behind a cookie. That the session is in use is noted.
    ///
    /// # Errors
    /// `secrets_required` for whoever has not chosen secrets of their own yet; otherwise as [`Sessions::arrived`].
    pub async fn current(&self, token: &str) -> Result<StaffSession> {
        let session = self.arrived(token).await?;
        if session.initial.is_any() { Err(Code::SecretsRequired.into()) } else { Ok(session) }
    }

    /// Who is behind a cookie, also before they chose secrets of their own: for what they do that with, and nothing else.
    ///
    /// # Errors
    /// `session_ended`, also when the relying party was disabled; `password_required` after half an hour without a request.
    pub async fn arrived(&self, token: &str) -> Result<StaffSession> {
        let now = self.context.now();
        let (session, touch) = self.find(token, |life| life.judge(now)).await?;
        in_session(&session.known_by());
        if touch {
            transaction!(self.context.db, "staff.touch_session", |tx| {
                session::touch(tx, &digest(token), now).await?.either_way();
                Ok(())
            })?;
        }
        Ok(session)
    }

    /// Continues an idle session with the password alone, under a new value of the cookie. The old value ends, so a
    /// cookie copied while the screen was locked is worthless.
    ///
    /// # Errors
    /// `session_ended`, `login_failed`, `too_many`.
    pub async fn resume(&self, token: &str, password: Redacted<String>) -> Result<(Redacted<String>, StaffSession)> {
        let (session, ()) = self.find(token, |life| life.require_unended(self.context.now())).await?;
        in_session(&session.known_by());
        let person = &session.person;
        let account = self.account(person.staff_id).await?;
        // The holder of a session is no unknown client: such tries are counted for the session itself.
        let place = self.prover.own_turn().await?;
        let counted = self.prover.begin_own(&[&digest(token), b"resume"], place).await?;
        let event = person.event(Action::SessionResumed, person.staff_id);
        if !self.prover.passwords.fits(&counted.place, password, Some(account.password_hash.clone())).await? {
            self.audit.refused(event, Code::LoginFailed).await?;
            return Err(Code::LoginFailed.into());
        }
        let next = transaction!(self.context.db, "staff.resume_session", |tx| {
            let next = self.rotate(tx, token, &account).await?;
            counted.forget_failures(tx).await?;
            self.audit.record(tx, event, Outcome::Done).await?;
            Ok(next)
        })?;
        Ok((next, session))
    }

    /// The own sessions, the last used first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, token: &str, person: &Person) -> Result<Vec<Session>> {
        let mut tx = self.context.db.read().await?;
        let rows = session::of(&mut tx, person.staff_id, self.context.now()).await?;
        let mine = digest(token);
        Ok(rows.into_iter().map(|row| as_own(&row, &mine)).collect())
    }

    /// Ends one of the own sessions, or all but the one that asks, with the password: whoever has a stolen cookie throws out nobody.
    ///
    /// # Errors
    /// `not_found` for one that is not this person's, or over; `login_failed`, `too_many`, `session_ended`.
    pub async fn end(
        &self,
        token: &str,
        person: &Person,
        which: Option<Uuid>,
        password: Redacted<String>,
    ) -> Result<()> {
        let event = person.event(Action::SessionEnded, which.unwrap_or(person.staff_id));
        if let Some(id) = which
            && self.list(token, person).await?.iter().all(|own| own.session_id != id)
        {
            return Err(Code::NotFound.into());
        }
        let account = self.account(person.staff_id).await?;
        let place = self.prover.own_turn().await?;
        // Counted with the tries to go on with this session: no cookie gives further ones, and whoever has one keeps its owner, in another
        // session, from nothing.
        let counted = self.prover.begin_own(&[&digest(token), b"resume"], place).await?;
        if !self.prover.passwords.fits(&counted.place, password, Some(account.password_hash.clone())).await? {
            self.audit.refused(event, Code::LoginFailed).await?;
            return Err(Code::LoginFailed.into());
        }
        let (now, mine) = (self.context.now(), digest(token));
        transaction!(self.context.db, "staff.end_sessions", |tx| {
            // The account first: of two sessions that end each other one comes first, and the other is over then.
            passkey::hold(tx, person.staff_id, &account.password_hash, now).await?.or(Code::SessionEnded)?;
            if session::find(tx, self.realm, &mine).await?.is_none() {
                return Err(Code::SessionEnded.into());
            }
            counted.forget_failures(tx).await?;
            match which {
                Some(id) => {
                    let rows = session::of(tx, person.staff_id, now).await?;
                    let row = rows.into_iter().find(|row| id_of(&row.token_hash) == id).ok_or(Code::NotFound)?;
                    session::end(tx, &row.token_hash).await?.or(Code::NotFound)?;
                }
                None => session::end_others(tx, person.staff_id, &mine).await?,
            }
            self.audit.record(tx, event, Outcome::Done).await
        })
    }

    /// Ends a session. Ending one that is over is the same.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn log_out(&self, token: &str) -> Result<()> {
        transaction!(self.context.db, "staff.log_out", |tx| {
            let Some(row) = session::find(tx, self.realm, &digest(token)).await? else { return Ok(()) };
            in_session(&known_by(row.person.staff_id, row.created_at));
            if session::end(tx, &digest(token)).await?.happened() {
                let event = row.person.event(Action::LogOut, row.person.staff_id);
                self.audit.record(tx, event, Outcome::Done).await?;
            }
            Ok(())
        })
    }

    /// The account of somebody who has a session.
    pub(super) async fn account(&self, person: Uuid) -> Result<Account> {
        let mut reader = self.context.db.read().await?;
        let account = account::by_id(&mut reader, person).await?;
        Ok(account.filter(|account| account.state == AccountState::Active).ok_or(Code::SessionEnded)?)
    }

    /// Gives a session a new cookie, while its person has the password that `account` holds.
    pub(super) async fn rotate(&self, tx: &mut Tx, token: &str, account: &Account) -> Result<Redacted<String>> {
        let next = new_token(&self.context.random);
        let hashes = (digest(token), digest(next.expose()));
        let person = (account.person.staff_id, account.password_hash.as_str());
        session::rotate(tx, (&hashes.0, &hashes.1), person, self.context.now()).await?.or(Code::SessionEnded)?;
        Ok(next)
    }

    /// The session of a cookie, if `judge` finds that it lives, with what it found.
    async fn find<T>(&self, token: &str, judge: impl FnOnce(Life) -> Result<T> + Send) -> Result<(StaffSession, T)> {
        let mut reader = self.context.db.read().await?;
        let row = session::find(&mut reader, self.realm, &digest(token)).await?.ok_or(Code::SessionEnded)?;
        let judged = judge(row.life())?;
        if row.initial().is_over(self.context.now()) {
            return Err(Code::SessionEnded.into());
        }
        let workplace = match row.person.affiliation {
            Affiliation::Office(id) => {
                let office = office::ports::by_id(&mut reader, id).await?;
                office.filter(|office| office.ended_at.is_none()).map(Workplace::Office)
            }
            Affiliation::RelyingParty(id) => {
                relying_party::ports::active(&mut reader, id).await?.map(Workplace::RelyingParty)
            }
            Affiliation::National => Some(Workplace::National),
        };
        let session = as_session(row, workplace.ok_or(Code::SessionEnded)?, &self.context);
        Ok((session, judged))
    }
}

/// Forgets sessions of all realms, failed log-ins, and what passkeys were asked for, that are over; gives how many rows.
///
/// # Errors
/// When the database does not answer.
pub async fn sweep(context: &Context) -> Result<u64> {
    let now = context.now();
    transaction!(context.db, "staff.sweep", |tx| {
        Ok(session::sweep(tx, now).await? + passkey::sweep(tx, now).await? + login::tries::sweep(tx, now).await?)
    })
}

fn as_session(row: SessionRow, workplace: Workplace, context: &Context) -> StaffSession {
    let now = context.now();
    let mut session = StaffSession {
        initial: row.initial(),
        began_at: row.created_at,
        person: row.person,
        workplace,
        expires_at: row.expires_at,
        previous_log_in: row.previous_at,
        failed_log_ins: row.previous_failures,
        paused_since: row.paused_at,
        ends_at: row.ends_at,
        acting: row.acting_role.zip(row.acting_until).filter(|(_, until)| now < *until),
        needs_passkey: false,
    };
    session.needs_passkey = row.by_passkey == 0 && is_required(&context.config.staff.require_passkey, session.roles());
    session
}

fn as_own(row: &OwnSession, mine: &[u8]) -> Session {
    Session {
        session_id: id_of(&row.token_hash),
        began_at: row.created_at,
        seen_at: row.seen_at,
        expires_at: row.expires_at,
        current: row.token_hash == mine,
    }
}

fn id_of(hash: &[u8]) -> Uuid {
    hash.first_chunk::<16>().map_or(Uuid::nil(), |bytes| Uuid::from_bytes(*bytes))
}

/// A cookie's value: 32 random bytes.
pub(super) fn new_token(random: &Random) -> Redacted<String> {
    Redacted(base64url::encode(&random.bytes::<32>()))
}

/// SHA-256 of a cookie's value: what is stored of it.
pub(super) fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
