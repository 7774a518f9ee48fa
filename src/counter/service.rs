//! Officers: who they are, their log-ins and sessions.

use uuid::Uuid;

use super::model::Role;
use super::store::{self, OfficeRow, OfficerRow};
use crate::audit::{self, Action};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Refusal, Result};
use crate::input;
use crate::keyring::Keyring;
use crate::login::service::digest;
use crate::login::sessions::Session;
use crate::login::{Client, Life, LogIns, LoggedIn, Realm, check_username, password, totp};
use crate::registration;
use crate::registration::decision::Actor;
use crate::secret::Redacted;

/// The use cases of the counter. Cloning shares everything.
#[derive(Clone)]
pub struct Service {
    pub(super) context: Context,
    pub(super) registrations: registration::Service,
    pub(super) keyring: Keyring,
    pub(super) audit: audit::Service,
    log_ins: LogIns,
}

/// A logged-in officer.
#[derive(Clone, Debug)]
pub struct OfficerSession {
    /// The officer.
    pub officer_id: Uuid,
    /// The officer's office.
    pub office_id: Uuid,
    /// Name of the office.
    pub office_name: String,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// What the officer may do.
    pub role: Role,
    /// When the session ends in any case.
    pub expires_at: Timestamp,
    /// When this person logged in before.
    pub previous_log_in: Option<Timestamp>,
    /// Log-ins that failed between then and this one.
    pub failed_log_ins: i64,
}

impl OfficerSession {
    /// Who acts, for the registration domain.
    pub const fn actor(&self) -> Actor {
        Actor { officer_id: self.officer_id, office_id: self.office_id }
    }
}

/// A new session: the cookie's value, which is nowhere stored, and whose it is.
#[derive(Debug)]
pub struct NewSession {
    /// The cookie's value.
    pub token: Redacted<String>,
    /// The cookie that makes this browser known.
    pub browser: Redacted<String>,
    /// Whose it is.
    pub session: OfficerSession,
}

/// A new officer's secrets, shown once.
#[derive(Debug)]
pub struct NewOfficer {
    /// The officer's id.
    pub officer_id: Uuid,
    /// The TOTP secret in base32.
    pub totp_secret: Redacted<String>,
    /// The address that an authenticator app scans.
    pub totp_address: Redacted<String>,
}

const TOTP_TABLE: &str = Realm::Officers.totp_table();

impl Service {
    /// Wires the use cases.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn new(context: Context, registrations: registration::Service, keyring: Keyring) -> Result<Self> {
        let log_ins = LogIns::new(context.clone(), Realm::Officers)?;
        let audit = audit::Service::new(context.clone());
        Ok(Self { context, registrations, keyring, audit, log_ins })
    }

    /// Logs an officer in with password and authenticator code.
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

    /// The officer behind a cookie.
    ///
    /// # Errors
    /// `session_ended`; `password_required` after half an hour without a request.
    pub async fn session(&self, token: &str) -> Result<OfficerSession> {
        let row = self.session_row(token).await?;
        self.log_ins.keep(token, row.life()).await?;
        as_session(row)
    }

    /// Continues an idle session with the password alone, under a new value of the cookie.
    ///
    /// # Errors
    /// `session_ended`, `login_failed`, `too_many`.
    pub async fn resume(&self, token: &str, password: Redacted<String>) -> Result<(Redacted<String>, OfficerSession)> {
        let row = self.session_row(token).await?;
        let next = self.log_ins.resume(token, row.life(), row.officer_id, password).await?;
        Ok((next, as_session(row)?))
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
    ) -> Result<(Redacted<String>, OfficerSession)> {
        let session = self.session(token).await?;
        let who = (token, session.officer_id);
        let next = self.log_ins.change_password(who, (password, code), new, &[&session.office_name]).await?;
        Ok((next, session))
    }

    /// The own sessions.
    ///
    /// # Errors
    /// `session_ended`, `password_required`.
    pub async fn own_sessions(&self, token: &str) -> Result<Vec<Session>> {
        let session = self.session(token).await?;
        self.log_ins.sessions(token, session.officer_id).await
    }

    /// Ends one of them, or all others.
    ///
    /// # Errors
    /// `session_ended`, `password_required`, `not_found`.
    pub async fn end_sessions(&self, token: &str, which: Option<Uuid>) -> Result<()> {
        let session = self.session(token).await?;
        self.log_ins.end_sessions(token, session.officer_id, which).await
    }

    async fn session_row(&self, token: &str) -> Result<store::SessionRow> {
        let mut reader = self.context.db.read().await?;
        Ok(store::session(&mut reader, &digest(token)).await?.ok_or(Code::SessionEnded)?)
    }

    /// Ends a session. Ending one that is over is the same.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn log_out(&self, token: &str) -> Result<()> {
        self.log_ins.close(token).await
    }

    /// Forgets what is over; gives how many rows.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<u64> {
        Ok(self.log_ins.sweep().await? + self.sweep_views().await?)
    }
}

/// Adds an office or outreach post.
///
/// # Errors
/// `invalid_field` when the code is taken or not of the form, or the name unusable ([`input::label`]).
pub async fn add_office(context: &Context, code: &str, name: &str, kind: &str) -> Result<OfficeRow> {
    let good = (2..=20).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
    if !good {
        return Err(Refusal::field(
            "code",
            "Pakai 2-20 huruf besar, angka, atau tanda hubung.",
            "Use 2 to 20 capital letters, digits or hyphens.",
        )
        .into());
    }
    let name = input::label(name, 100).map_err(|text| Refusal::field("name", text.id, text.en))?;
    let now = context.now();
    let office =
        OfficeRow { office_id: context.random.uuid_v7(now), code: code.to_owned(), name, kind: kind.to_owned() };
    let mut tx = context.db.write().await?;
    match store::add_office(&mut tx, &office, now).await {
        Ok(()) => by_operator(context, tx, Action::OfficeAdded, office.office_id).await?,
        Err(DbError::Unique) => {
            return Err(Refusal::field("code", "Kode kantor ini sudah ada.", "An office with this code exists.").into());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(office)
}

/// All offices.
///
/// # Errors
/// When the database does not answer.
pub async fn offices(context: &Context) -> Result<Vec<OfficeRow>> {
    let mut tx = context.db.read().await?;
    Ok(store::offices(&mut tx).await?)
}

/// Adds an officer to an office. The TOTP secret is shown once.
///
/// # Errors
/// `invalid_field` when the user name is taken or not of the form, the full name unusable ([`input::label`]), the password
/// too weak, the office unknown.
pub async fn add_officer(
    context: &Context,
    office_code: &str,
    username: &str,
    full_name: &str,
    role: Role,
    password: &Redacted<String>,
) -> Result<NewOfficer> {
    let username = check_username(username)?;
    let full_name = input::label(full_name, 100).map_err(|text| Refusal::field("full_name", text.id, text.en))?;
    password::check_strength(&[&username, &full_name, office_code], password.expose())?;
    let now = context.now();
    let officer_id = context.random.uuid_v7(now);
    let secret = totp::generate(&context.random);
    let password_hash = password::hash(&context.random, password.expose())?;
    let mut tx = context.db.write().await?;
    let office = store::office_by_code(&mut tx, office_code).await?.ok_or_else(|| {
        Error::from(Refusal::field(
            "office",
            "Kantor tidak dikenal; tambahkan dengan `ikd office add`.",
            "The office is not known; add it with `ikd office add`.",
        ))
    })?;
    password::check_strength(&[&office.name], password.expose())?;
    let row = OfficerRow {
        officer_id,
        office_id: office.office_id,
        username: username.clone(),
        full_name,
        role: role.as_str().to_owned(),
        password_hash,
        totp_sealed: context.vault.seal_bytes(&context.random, TOTP_TABLE, officer_id, &secret)?,
        state: String::from("active"),
    };
    match store::add_officer(&mut tx, &row, now).await {
        Ok(()) => by_operator(context, tx, Action::OfficerAdded, officer_id).await?,
        Err(DbError::Unique) => {
            return Err(Refusal::field("username", "Nama pengguna ini sudah ada.", "This user name exists.").into());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(NewOfficer { officer_id, totp_secret: totp::base32(&secret), totp_address: totp::address(&secret, &username)? })
}

/// Replaces an officer's password; running sessions end. `false` when there is no such officer.
///
/// # Errors
/// `invalid_field` for a weak password.
pub async fn set_password(context: &Context, username: &str, password: &Redacted<String>) -> Result<bool> {
    let hash = password::hash(&context.random, password.expose())?;
    let mut tx = context.db.write().await?;
    let Some(officer) = store::officer_by_name(&mut tx, username).await? else { return Ok(false) };
    password::check_strength(&[username, &officer.full_name], password.expose())?;
    store::set_password(&mut tx, username, &hash).await?.or(Code::NotFound)?;
    by_operator(context, tx, Action::PasswordSet, officer.officer_id).await?;
    Ok(true)
}

/// All officers, without their secrets: user name, full name, role, state.
///
/// # Errors
/// When the database does not answer.
pub async fn officers(context: &Context) -> Result<Vec<(String, String, String, String)>> {
    let mut tx = context.db.read().await?;
    let rows = store::officers(&mut tx).await?;
    Ok(rows.into_iter().map(|row| (row.username, row.full_name, row.role, row.state)).collect())
}

/// Disables an officer at once: running sessions end.
///
/// # Errors
/// `not_found`.
pub async fn disable_officer(context: &Context, username: &str) -> Result<()> {
    let mut tx = context.db.write().await?;
    let officer = store::officer_by_name(&mut tx, username).await?.ok_or(Code::NotFound)?;
    if !store::disable_officer(&mut tx, username).await?.happened() {
        return Err(Code::NotFound.into());
    }
    by_operator(context, tx, Action::OfficerDisabled, officer.officer_id).await
}

/// Lets a disabled officer log in again, with password and authenticator as before.
///
/// # Errors
/// `not_found` when there is no disabled officer of that name.
pub async fn enable_officer(context: &Context, username: &str) -> Result<()> {
    let mut tx = context.db.write().await?;
    let officer = store::officer_by_name(&mut tx, username).await?.ok_or(Code::NotFound)?;
    if !store::enable_officer(&mut tx, username).await?.happened() {
        return Err(Code::NotFound.into());
    }
    by_operator(context, tx, Action::OfficerEnabled, officer.officer_id).await
}

/// Gives an officer a new TOTP secret, shown once; running sessions end.
///
/// # Errors
/// `not_found`.
pub async fn reset_totp(context: &Context, username: &str) -> Result<NewOfficer> {
    let secret = totp::generate(&context.random);
    let mut tx = context.db.write().await?;
    let officer = store::officer_by_name(&mut tx, username).await?.ok_or(Code::NotFound)?;
    let sealed = context.vault.seal_bytes(&context.random, TOTP_TABLE, officer.officer_id, &secret)?;
    store::reset_totp(&mut tx, officer.officer_id, username, &sealed).await?.or(Code::NotFound)?;
    by_operator(context, tx, Action::TotpReset, officer.officer_id).await?;
    Ok(NewOfficer {
        officer_id: officer.officer_id,
        totp_secret: totp::base32(&secret),
        totp_address: totp::address(&secret, username)?,
    })
}

async fn by_operator(context: &Context, mut tx: Tx, action: Action, subject_id: Uuid) -> Result<()> {
    audit::Service::new(context.clone()).operator(&mut tx, action, subject_id).await?;
    Ok(tx.commit().await?)
}

impl store::SessionRow {
    fn life(&self) -> Life {
        Life { seen_at: self.seen_at, expires_at: self.expires_at, active: self.state == "active" }
    }
}

fn as_session(row: store::SessionRow) -> Result<OfficerSession> {
    let role = Role::from_word(&row.role).ok_or_else(|| Error::internal("unknown officer role"))?;
    Ok(OfficerSession {
        officer_id: row.officer_id,
        office_id: row.office_id,
        office_name: row.office_name,
        username: row.username,
        full_name: row.full_name,
        role,
        expires_at: row.expires_at,
        previous_log_in: row.previous_at,
        failed_log_ins: row.previous_failures,
    })
}
