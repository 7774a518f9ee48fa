//! Tellers' log-ins, questions and own checks.

use uuid::Uuid;

use super::model::{Check, NewEmployee, NewSession, TellerSession};
use super::store::{self, CheckRow, EmployeeRow};
use crate::attribute::AttributeSet;
use crate::audit::{self, Action, Actor, Event, GENERAL};
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Refusal, Result};
use crate::input;
use crate::login::service::digest;
use crate::login::sessions::Session;
use crate::login::{Client, Life, LogIns, LoggedIn, Realm, check_username, password, totp};
use crate::page::{self, Page};
use crate::secret::Redacted;
use crate::verification::model::{Answer, Purpose, Question, Verdict};
use crate::verification::party::Parties;
use crate::verification::{self, Party};

/// The use cases of the teller's desk. Cloning shares everything.
#[derive(Clone)]
pub struct Service {
    context: Context,
    verification: verification::Service,
    audit: audit::Service,
    log_ins: LogIns,
}

/// A question's line in the employee's list.
struct CheckEntry {
    /// Employee and check.
    line: (Uuid, Uuid),
    /// Whether it was put for the first time.
    new: bool,
    /// The verification that answered it before.
    answered: Option<Uuid>,
}

impl Service {
    /// Wires the use cases.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn new(context: Context, verification: verification::Service) -> Result<Self> {
        let log_ins = LogIns::new(context.clone(), Realm::Employees)?;
        let audit = audit::Service::new(context.clone());
        Ok(Self { context, verification, audit, log_ins })
    }

    /// Logs an employee in with password and authenticator code.
    ///
    /// # Errors
    /// `login_failed` whatever was wrong; `too_many` after failures, see [`LogIns::log_in`].
    pub async fn log_in(
        &self,
        username: &str,
        password: Redacted<String>,
        code: &str,
        client: impl Into<Client>,
    ) -> Result<NewSession> {
        let LoggedIn { token, browser } = self.log_ins.log_in(username, password, code, &client.into()).await?;
        let session = self.session(token.expose()).await?;
        Ok(NewSession { token, browser, session })
    }

    /// The employee behind a cookie.
    ///
    /// # Errors
    /// `session_ended`, also when the relying party was disabled; `password_required` after half an hour without a request.
    pub async fn session(&self, token: &str) -> Result<TellerSession> {
        let row = self.session_row(token).await?;
        self.log_ins.keep(token, row.life()).await?;
        self.as_session(row).await
    }

    /// Continues an idle session with the password alone, under a new value of the cookie.
    ///
    /// # Errors
    /// `session_ended`, `login_failed`, `too_many`.
    pub async fn resume(&self, token: &str, password: Redacted<String>) -> Result<(Redacted<String>, TellerSession)> {
        let row = self.session_row(token).await?;
        let next = self.log_ins.resume(token, row.life(), row.employee_id, password).await?;
        Ok((next, self.as_session(row).await?))
    }

    /// Replaces the own password; gives the new value of the cookie.
    ///
    /// # Errors
    /// `session_ended`, `password_required`, `login_failed`, `too_many`, `invalid_field`.
    pub async fn change_password(
        &self,
        token: &str,
        password: Redacted<String>,
        code: &str,
        new: &Redacted<String>,
    ) -> Result<(Redacted<String>, TellerSession)> {
        let session = self.session(token).await?;
        let who = (token, session.employee_id);
        let next = self.log_ins.change_password(who, (password, code), new, &[&session.party.name]).await?;
        Ok((next, session))
    }

    /// The own sessions.
    ///
    /// # Errors
    /// `session_ended`, `password_required`.
    pub async fn own_sessions(&self, token: &str) -> Result<Vec<Session>> {
        let session = self.session(token).await?;
        self.log_ins.sessions(token, session.employee_id).await
    }

    /// Ends one of them, or all others.
    ///
    /// # Errors
    /// `session_ended`, `password_required`, `not_found`.
    pub async fn end_sessions(&self, token: &str, which: Option<Uuid>) -> Result<()> {
        let session = self.session(token).await?;
        self.log_ins.end_sessions(token, session.employee_id, which).await
    }

    /// Ends a session. Ending one that is over is the same.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn log_out(&self, token: &str) -> Result<()> {
        self.log_ins.close(token).await
    }

    /// Forgets sessions that are over; gives how many rows.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<u64> {
        self.log_ins.sweep().await
    }

    /// Puts a question as the relying party and records who put it.
    ///
    /// # Errors
    /// As for the relying party's own question; `idempotency_mismatch` also for a key that a colleague used; `too_many` also
    /// after too many wrong codes of this employee;
    /// `undetermined` whenever the outcome, or its record, is not known.
    pub async fn verify(&self, teller: &TellerSession, question: &Question) -> Result<Answer> {
        if !teller.party.purposes.iter().any(|purpose| purpose.code == question.purpose) {
            let actor = Actor::Employee(teller.employee_id);
            let event = Event {
                chain: GENERAL,
                actor,
                action: Action::Verification,
                subject_id: teller.party.relying_party_id,
            };
            self.audit.refused(event, Code::PurposeNotAllowed).await?;
            return Err(Code::PurposeNotAllowed.into());
        }
        let CheckEntry { line, new, answered } = self.ask(teller, question).await.map_err(undetermined)?;
        let answer = match self.verification.verify_for(&teller.party, Some(teller.employee_id), question).await {
            Ok(answer) => answer,
            Err(error) => {
                let unknown = matches!(error.code(), None | Some(Code::Undetermined | Code::Overloaded));
                if new && !unknown {
                    let mut tx = self.context.db.write().await.map_err(|fault| undetermined(fault.into()))?;
                    store::take_back(&mut tx, line).await.map_err(|fault| undetermined(fault.into()))?.either_way();
                    tx.commit().await.map_err(|fault| undetermined(fault.into()))?;
                }
                return Err(error);
            }
        };
        // The line stays with its first answer: another one means that another thing was asked under the key.
        if answered.is_some_and(|first| first != answer.verification_id) {
            return Err(Code::IdempotencyMismatch.into());
        }
        self.complete(line, &answer).await.map_err(undetermined)?;
        Ok(answer)
    }

    async fn ask(&self, teller: &TellerSession, question: &Question) -> Result<CheckEntry> {
        let now = self.context.now();
        let row = CheckRow {
            employee_id: teller.employee_id,
            check_id: self.context.random.uuid_v7(now),
            relying_party_id: teller.party.relying_party_id,
            idempotency_key: question.key.0.to_vec(),
            purpose: question.purpose.clone(),
            asked_at: now,
            verification_id: None,
            result: None,
            reason: None,
            disclosed: None,
        };
        let mut tx = self.context.db.write().await?;
        if store::ask(&mut tx, &row).await?.happened() {
            tx.commit().await?;
            return Ok(CheckEntry { line: (row.employee_id, row.check_id), new: true, answered: None });
        }
        match store::who_asked(&mut tx, row.relying_party_id, &row.idempotency_key).await? {
            Some((employee, check, answered)) if employee == row.employee_id => {
                Ok(CheckEntry { line: (employee, check), new: false, answered })
            }
            Some(_) => Err(Code::IdempotencyMismatch.into()),
            None => Err(Error::Db(DbError::Contention)),
        }
    }

    async fn complete(&self, line: (Uuid, Uuid), answer: &Answer) -> Result<()> {
        let (result, reason) = (answer.verdict.result(), answer.verdict.reason());
        let disclosed = i64::from(answer.disclosed.bits());
        let mut tx = self.context.db.write().await?;
        store::answered(&mut tx, line, answer.verification_id, result, reason, disclosed).await?.either_way();
        Ok(tx.commit().await?)
    }

    /// The employee's own checks, newest first: at most `limit` of them, from `cursor` on.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here.
    pub async fn checks(&self, teller: &TellerSession, cursor: Option<&str>, limit: i64) -> Result<Page<Check>> {
        let before = page::after(cursor, Uuid::max())?;
        let limit = limit.clamp(1, page::MOST);
        let mut tx = self.context.db.read().await?;
        let rows = store::checks(&mut tx, teller.employee_id, before, limit + 1).await?;
        Ok(Page::new(rows, limit, |row| row.check_id).map(|row| as_check(row, &teller.party)))
    }

    async fn session_row(&self, token: &str) -> Result<store::SessionRow> {
        let mut reader = self.context.db.read().await?;
        Ok(store::session(&mut reader, &digest(token)).await?.ok_or(Code::SessionEnded)?)
    }

    async fn as_session(&self, row: store::SessionRow) -> Result<TellerSession> {
        let party = self.verification.parties().active(row.relying_party_id).await?.ok_or(Code::SessionEnded)?;
        Ok(TellerSession {
            employee_id: row.employee_id,
            username: row.username,
            full_name: row.full_name,
            party,
            expires_at: row.expires_at,
            previous_log_in: row.previous_at,
            failed_log_ins: row.previous_failures,
        })
    }
}

/// A fault on the way means that nobody knows the outcome; a refusal stays what it is.
fn undetermined(error: Error) -> Error {
    match error {
        refused @ Error::Refused(_) => refused,
        fault => {
            tracing::error!(error.cause = %fault, "a teller's check could not be determined");
            Refusal::new(Code::Undetermined).retry_after(2).into()
        }
    }
}

fn as_check(row: CheckRow, party: &Party) -> Check {
    let known = party.purposes.iter().find(|purpose| purpose.code == row.purpose).cloned();
    let verdict = row.result.map(|result| Verdict::from_row(&result, row.reason.as_deref().unwrap_or("")));
    Check {
        check_id: row.check_id,
        asked_at: row.asked_at,
        purpose: known.unwrap_or_else(|| Purpose {
            text_id: row.purpose.clone(),
            text_en: row.purpose.clone(),
            code: row.purpose,
        }),
        verification_id: row.verification_id,
        verdict,
        disclosed: AttributeSet::from_bits(u32::try_from(row.disclosed.unwrap_or(0)).unwrap_or(0)),
    }
}

impl store::SessionRow {
    fn life(&self) -> Life {
        Life { seen_at: self.seen_at, expires_at: self.expires_at, active: self.state == "active" }
    }
}

/// Adds an employee to a relying party. Password and secret are made here and shown once.
///
/// # Errors
/// `not_found` when there is no party of that name; `invalid_field` for a user name that exists or is not of the form,
/// or an unusable full name.
pub async fn add_employee(context: &Context, party: &str, username: &str, full_name: &str) -> Result<NewEmployee> {
    let username = check_username(username)?;
    let full_name = input::label(full_name, 100).map_err(|text| Refusal::field("full_name", text.id, text.en))?;
    let party_id = Parties::new(context.clone()).id_of(party).await?.ok_or(Code::NotFound)?;
    let now = context.now();
    let employee_id = context.random.uuid_v7(now);
    let (secrets, password_hash, totp_sealed) = secrets(context, employee_id, &username).await?;
    let row = EmployeeRow {
        employee_id,
        relying_party_id: party_id,
        username,
        full_name,
        password_hash,
        totp_sealed,
        state: String::from("active"),
    };
    let mut tx = context.db.write().await?;
    match store::add_employee(&mut tx, &row, now).await {
        Ok(()) => by_operator(context, tx, Action::EmployeeAdded, employee_id).await?,
        Err(DbError::Unique) => {
            return Err(Refusal::field("username", "Nama pengguna ini sudah ada.", "This user name exists.").into());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(secrets)
}

/// Gives an employee a new password and secret, shown once; running sessions end. `None` when there is no such employee.
///
/// # Errors
/// When the database does not answer.
pub async fn renew_employee(context: &Context, username: &str) -> Result<Option<NewEmployee>> {
    let mut reader = context.db.read().await?;
    let Some(row) = store::employee_by_name(&mut reader, username).await? else { return Ok(None) };
    drop(reader);
    let (secrets, password_hash, totp_sealed) = secrets(context, row.employee_id, username).await?;
    let mut tx = context.db.write().await?;
    if !store::renew(&mut tx, row.employee_id, &password_hash, &totp_sealed).await?.happened() {
        return Ok(None);
    }
    by_operator(context, tx, Action::PasswordSet, row.employee_id).await?;
    Ok(Some(secrets))
}

/// Disables an employee at once: running sessions end. Or lets a disabled one log in again.
///
/// # Errors
/// `not_found` when there is no employee of that name in the other state.
pub async fn set_active(context: &Context, username: &str, active: bool) -> Result<()> {
    let mut tx = context.db.write().await?;
    let row = store::employee_by_name(&mut tx, username).await?.ok_or(Code::NotFound)?;
    if !store::set_active(&mut tx, username, active).await?.happened() {
        return Err(Code::NotFound.into());
    }
    let action = if active { Action::EmployeeEnabled } else { Action::EmployeeDisabled };
    by_operator(context, tx, action, row.employee_id).await
}

async fn secrets(context: &Context, employee_id: Uuid, username: &str) -> Result<(NewEmployee, String, Vec<u8>)> {
    let (chosen, secret) = (password::generate(&context.random), totp::generate(&context.random));
    let (hashed, random) = (chosen.clone(), context.random.clone());
    let password_hash = tokio::task::spawn_blocking(move || password::hash(&random, hashed.expose()))
        .await
        .map_err(Error::internal)??;
    let sealed = context.vault.seal_bytes(&context.random, Realm::Employees.totp_table(), employee_id, &secret)?;
    let shown = NewEmployee {
        employee_id,
        password: chosen,
        totp_secret: totp::base32(&secret),
        totp_address: totp::address(&secret, username)?,
    };
    Ok((shown, password_hash, sealed))
}

async fn by_operator(context: &Context, mut tx: Tx, action: Action, subject_id: Uuid) -> Result<()> {
    audit::Service::new(context.clone()).operator(&mut tx, action, subject_id).await?;
    Ok(tx.commit().await?)
}
