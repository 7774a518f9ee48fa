//! Adding people, and what is done about their accounts: what `ikd officer` and `ikd relying-party employee` do.

use uuid::Uuid;

use super::invitation::take_back;
use super::model::{
    AccountState, Affiliation, INITIAL_HOURS, Initial, Person, Realm, Role, check_region, check_username,
};
use super::notice::{self, NEW_PASSWORD, NEW_SECRETS};
use super::ports;
use super::proof::TOTP_TABLE;
use super::sessions::words_of;
use super::stops;
use super::store::account::{self, Account};
use super::store::passkey;
use crate::audit::{self, Action};
use crate::clock::{DAY, HOUR, Timestamp};
use crate::context::Context;
use crate::db::DbError;
use crate::error::{Code, Error, Refusal, Result};
use crate::login::password;
use crate::login::strength::check_strength;
use crate::login::totp::{self, TotpSecret};
use crate::register::Date;
use crate::secret::Redacted;
use crate::stop_log::Kind;
use crate::{input, office, relying_party, transaction};

/// Where somebody is to belong, and as what.
#[derive(Clone, Copy, Debug)]
pub enum Post<'a> {
    /// At the office with this code.
    Office(&'a str, Role),
    /// As an employee of the relying party of this name.
    RelyingParty(&'a str),
    /// At the national administration.
    National(Role),
    /// At the national administration, for the province with this code.
    Province(&'a str),
    /// As an administrator of the relying party of this name.
    PartyAdministrator(&'a str),
}

/// A person in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Who.
    pub person: Person,
    /// Whether they may log in.
    pub state: AccountState,
    /// Since when their rights rest.
    pub paused_since: Option<Timestamp>,
    /// When their time at the place ends.
    pub ends_at: Option<Timestamp>,
    /// In a word: whether they may log in and act.
    pub standing: &'static str,
    /// As whom they act now besides, and until when.
    pub acting: Option<(Role, Timestamp)>,
    /// How many passkeys they have.
    pub passkeys: i64,
    /// Which of their secrets an operator knows too.
    pub initial: Initial,
}

impl Listed {
    /// An account, as it stands now.
    pub(super) fn of(account: Account, now: Timestamp) -> Self {
        let (standing, initial) = (account.standing(now), account.initial());
        let Account { person, state, paused_at, ends_at, acting_role, acting_until, passkeys, .. } = account;
        let acting = acting_role.zip(acting_until).filter(|(_, until)| now < *until);
        Self { person, state, paused_since: paused_at, ends_at, standing, acting, passkeys, initial }
    }
}

/// Somebody's secrets, shown once.
#[derive(Debug)]
pub struct Secrets {
    /// The person.
    pub staff_id: Uuid,
    /// The password: the one that was given, or the one that was made.
    pub password: Redacted<String>,
    /// The authenticator secret.
    pub totp: TotpSecret,
}

/// The list of accounts. Cloning shares it.
#[derive(Clone)]
pub struct Accounts {
    context: Context,
    audit: audit::Service,
    /// Whether whoever gives secrets here is whose they are.
    by_owners: bool,
}

impl Accounts {
    /// Over the shared tables, for an operator: secrets that are given, made or shown here open nothing but the choice of one's own, and
    /// end after [`INITIAL_HOURS`].
    pub fn new(context: Context) -> Self {
        Self { audit: audit::Service::new(context.clone()), context, by_owners: false }
    }

    /// For people who are invented, and whose secrets nobody else has: these count as chosen.
    pub fn of_invented(context: Context) -> Self {
        Self { by_owners: true, ..Self::new(context) }
    }

    /// Until when secrets of now count; none where their owner gave them.
    const fn initial_until(&self, now: Timestamp) -> Option<Timestamp> {
        if self.by_owners { None } else { Some(now.plus_seconds(INITIAL_HOURS * HOUR)) }
    }

    /// Adds a person whose time at the place has no end.
    ///
    /// # Errors
    /// As [`Accounts::add_until`].
    pub async fn add(
        &self,
        post: Post<'_>,
        username: &str,
        full_name: &str,
        password: Option<Redacted<String>>,
    ) -> Result<Secrets> {
        self.add_until(post, (username, full_name), password, None).await
    }

    /// Adds a person, until a day where one is given: that day is the last. Without a password one is made. The secrets are shown once.
    ///
    /// # Errors
    /// `invalid_field` for a day that is over, or later than the role is given for; when the user name is taken or not of the form, the full name unusable ([`input::label`]), the password
    /// too weak, the office unknown; `not_found` for an unknown relying party.
    pub async fn add_until(
        &self,
        post: Post<'_>,
        (username, full_name): (&str, &str),
        password: Option<Redacted<String>>,
        last_day: Option<Date>,
    ) -> Result<Secrets> {
        let username = check_username(username)?;
        let full_name = input::label(full_name, 100).map_err(|text| Refusal::field("full_name", text.id, text.en))?;
        let (affiliation, role, place) = self.place(post).await?;
        let region = match post {
            Post::Province(code) => check_region(role, Some(code))?,
            _ => None,
        };
        let now = self.context.now();
        let ends_at = end_of(role, last_day, now)?;
        if let Some(password) = &password {
            let words: Vec<&str> = place.iter().chain([&username, &full_name]).map(String::as_str).collect();
            check_strength(&words, password.expose(), self.context.config.staff.breached_passwords.as_deref())?;
        }
        let password = password.unwrap_or_else(|| password::generate(&self.context.random));
        let person =
            Person { staff_id: self.context.random.uuid_v7(now), affiliation, username, full_name, role, region };
        let (totp, totp_sealed) = self.new_totp(&person)?;
        let password_hash = self.hash(&password).await?;
        let account = Account {
            person,
            password_hash,
            totp_sealed,
            state: AccountState::Active,
            paused_at: None,
            ends_at,
            acting_role: None,
            acting_until: None,
            passkeys: 0,
            initial_password_until: self.initial_until(now),
            initial_totp_until: self.initial_until(now),
        };
        let staff_id = account.person.staff_id;
        transaction!(self.context.db, "staff.add_account", |tx| {
            account::add(tx, &account, now).await.map_err(username_taken)?;
            self.audit.operator(tx, added(affiliation.realm()), staff_id).await
        })?;
        Ok(Secrets { staff_id, password, totp })
    }

    /// All people of a realm, by user name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, realm: Realm) -> Result<Vec<Listed>> {
        let mut tx = self.context.db.read().await?;
        let accounts = account::of_realm(&mut tx, realm).await?;
        let now = self.context.now();
        Ok(accounts.into_iter().map(|account| Listed::of(account, now)).collect())
    }

    /// Replaces somebody's password; running sessions end.
    ///
    /// # Errors
    /// `not_found`; `invalid_field` for a weak password.
    pub async fn set_password(&self, realm: Realm, username: &str, password: &Redacted<String>) -> Result<()> {
        let person = self.find(realm, username).await?;
        let place = words_of(&mut self.context.db.read().await?, person.affiliation).await?;
        let words: Vec<&str> = place.iter().map(String::as_str).chain([username, &person.full_name]).collect();
        check_strength(&words, password.expose(), self.context.config.staff.breached_passwords.as_deref())?;
        let hash = self.hash(password).await?;
        let now = self.context.now();
        transaction!(self.context.db, "staff.set_password", |tx| {
            account::set_password(tx, person.staff_id, &hash, self.initial_until(now)).await?.or(Code::NotFound)?;
            passkey::forget_asked(tx, person.staff_id).await?;
            notice::tell(tx, &self.context, NEW_PASSWORD, person.staff_id, now).await?;
            ports::has_new_secrets(&self.context, tx, person.staff_id, now).await?;
            self.audit.operator(tx, Action::PasswordSet, person.staff_id).await
        })
    }

    /// Gives somebody a new authenticator secret, shown once; passkeys are removed, running sessions end.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn reset_totp(&self, realm: Realm, username: &str) -> Result<(Uuid, TotpSecret)> {
        let person = self.find(realm, username).await?;
        let (totp, sealed) = self.new_totp(&person)?;
        let now = self.context.now();
        transaction!(self.context.db, "staff.reset_totp", |tx| {
            account::set_totp(tx, person.staff_id, &sealed, self.initial_until(now)).await?.or(Code::NotFound)?;
            passkey::remove_all(tx, person.staff_id).await?;
            notice::tell(tx, &self.context, NEW_SECRETS, person.staff_id, now).await?;
            ports::has_new_secrets(&self.context, tx, person.staff_id, now).await?;
            self.audit.operator(tx, Action::TotpReset, person.staff_id).await
        })?;
        Ok((person.staff_id, totp))
    }

    /// Gives somebody a new password and a new authenticator secret, shown once; passkeys are removed, running sessions end.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn renew(&self, realm: Realm, username: &str) -> Result<Secrets> {
        let person = self.find(realm, username).await?;
        let password = password::generate(&self.context.random);
        let (totp, sealed) = self.new_totp(&person)?;
        let hash = self.hash(&password).await?;
        let now = self.context.now();
        transaction!(self.context.db, "staff.renew", |tx| {
            let until = self.initial_until(now);
            account::set_password(tx, person.staff_id, &hash, until).await?.or(Code::NotFound)?;
            account::set_totp(tx, person.staff_id, &sealed, until).await?.or(Code::NotFound)?;
            passkey::remove_all(tx, person.staff_id).await?;
            notice::tell(tx, &self.context, NEW_SECRETS, person.staff_id, now).await?;
            ports::has_new_secrets(&self.context, tx, person.staff_id, now).await?;
            self.audit.operator(tx, Action::PasswordSet, person.staff_id).await
        })?;
        Ok(Secrets { staff_id: person.staff_id, password, totp })
    }

    /// Disables somebody at once: running sessions end. Or lets a disabled person log in again, with password and
    /// authenticator as before.
    ///
    /// # Errors
    /// `not_found` when there is nobody of that name in the other state.
    pub async fn set_active(&self, realm: Realm, username: &str, active: bool) -> Result<()> {
        let person = self.find(realm, username).await?;
        let state = if active { AccountState::Active } else { AccountState::Disabled };
        let now = self.context.now();
        let party = person.affiliation.relying_party_id().filter(|_| !active);
        transaction!(self.context.db, "staff.set_active", |tx| {
            if let Some(party) = party {
                // Whoever invites for the party waits until this is over, and then may not.
                relying_party::ports::hold(tx, party).await?;
            }
            account::set_state(tx, person.staff_id, state).await?.or(Code::NotFound)?;
            ports::was_switched(&self.context, tx, person.staff_id, state, now).await?;
            if let Some(party) = party {
                take_back(tx, party, person.staff_id, (None, now)).await?;
            }
            self.audit.operator(tx, switched(realm, state), person.staff_id).await
        })
    }

    /// Sets the last day of somebody's time at the place, or that it has no end. From the day after they have no session and log in no
    /// more; what they asked for counts no more.
    ///
    /// # Errors
    /// `not_found`; `invalid_field` for a day that is over, or later than the role is given for.
    pub async fn set_end(&self, realm: Realm, username: &str, last_day: Option<Date>) -> Result<()> {
        let person = self.find(realm, username).await?;
        let ends_at = end_of(person.role, last_day, self.context.now())?;
        transaction!(self.context.db, "staff.set_end", |tx| {
            account::set_end(tx, person.staff_id, ends_at).await?.or(Code::NotFound)?;
            self.audit.operator(tx, Action::OfficerEndSet, person.staff_id).await
        })
    }

    /// Sets of which province somebody reads the figures.
    ///
    /// # Errors
    /// `not_found`, also for who is of no province; `invalid_field` for a code that is no province's.
    pub async fn set_region(&self, username: &str, code: &str) -> Result<()> {
        let person = self.find(Realm::National, username).await?;
        let region = check_region(Role::Province, Some(code))?.ok_or(Code::NotFound)?;
        transaction!(self.context.db, "staff.set_region", |tx| {
            account::set_region(tx, person.staff_id, region).await?.or(Code::NotFound)?;
            self.audit.operator(tx, Action::OfficialRegionSet, person.staff_id).await
        })
    }

    /// Lets somebody of an office act in another role besides their own until the end of a day (*Plt*, *Plh*), or no longer.
    ///
    /// # Errors
    /// `not_found`; `invalid_field` for a day that is over or further away than a year, and for a role that is no other.
    pub async fn set_acting(&self, username: &str, acting: Option<(Role, Date)>) -> Result<()> {
        let person = self.find(Realm::Office, username).await?;
        let now = self.context.now();
        let acting = match acting {
            Some((role, _)) if role == person.role => return Err(same_role().into()),
            Some((role, day)) => Some((role, day_after(day, now, MOST_ACTING_DAYS)?)),
            None => None,
        };
        transaction!(self.context.db, "staff.set_acting", |tx| {
            account::set_acting(tx, person.staff_id, acting).await?.or(Code::NotFound)?;
            self.audit.operator(tx, Action::OfficerActingSet, person.staff_id).await
        })
    }

    /// Gives somebody back the rights that rest since an annulment.
    ///
    /// # Errors
    /// `not_found` when there is nobody of that name whose rights rest.
    pub async fn restore_rights(&self, realm: Realm, username: &str) -> Result<()> {
        let person = self.find(realm, username).await?;
        transaction!(self.context.db, "staff.restore_rights", |tx| {
            account::restore(tx, person.staff_id).await?.or(Code::NotFound)?;
            stops::note(&self.context, tx, Kind::StaffUnpaused, person.staff_id).await?;
            self.audit.operator(tx, Action::RightsRestored, person.staff_id).await
        })
    }

    async fn find(&self, realm: Realm, username: &str) -> Result<Person> {
        let mut tx = self.context.db.read().await?;
        let account = account::by_name(&mut tx, realm, username).await?;
        Ok(account.ok_or(Code::NotFound)?.person)
    }

    /// Where a post is, what one is there, and what of the place a password must not be made of.
    async fn place(&self, post: Post<'_>) -> Result<(Affiliation, Role, Vec<String>)> {
        let mut tx = self.context.db.read().await?;
        Ok(match post {
            Post::Office(code, role) => {
                let office = office::ports::by_code(&mut tx, code).await?;
                let office = office.filter(|office| office.ended_at.is_none()).ok_or_else(unknown_office)?;
                (Affiliation::Office(office.office_id), role, vec![office.code, office.name])
            }
            Post::RelyingParty(name) | Post::PartyAdministrator(name) => {
                let id = relying_party::ports::id_of(&mut tx, name).await?.ok_or(Code::NotFound)?;
                let verifies = matches!(post, Post::RelyingParty(_));
                let role = if verifies { Role::Employee } else { Role::PartyAdministrator };
                (Affiliation::RelyingParty(id), role, vec![name.to_owned()])
            }
            Post::National(role) => (Affiliation::National, role, Vec::new()),
            Post::Province(_) => (Affiliation::National, Role::Province, Vec::new()),
        })
    }

    /// A new authenticator secret for a person, to be shown and as it is kept.
    fn new_totp(&self, person: &Person) -> Result<(TotpSecret, Vec<u8>)> {
        let secret = totp::generate(&self.context.random);
        let sealed = self.context.vault.seal_bytes(&self.context.random, TOTP_TABLE, person.staff_id, &secret)?;
        Ok((TotpSecret::new(&secret, &person.username)?, sealed))
    }

    async fn hash(&self, password: &Redacted<String>) -> Result<String> {
        let (password, random) = (password.clone(), self.context.random.clone());
        let hash = tokio::task::spawn_blocking(move || password::hash(&random, password.expose()));
        hash.await.map_err(Error::internal)?
    }
}

/// Days for which somebody acts for somebody else at most.
const MOST_ACTING_DAYS: i64 = 365;
/// Days for which somebody is taken on at most where an end is given.
const MOST_DAYS: i64 = 3_650;

/// When somebody's time ends whose last day this is: the midnight after it, in Jakarta.
fn end_of(role: Role, last_day: Option<Date>, now: Timestamp) -> Result<Option<Timestamp>> {
    let most = role.longest_days();
    match last_day {
        None if most.is_some() => Err(no_end().into()),
        None => Ok(None),
        Some(day) => day_after(day, now, most.unwrap_or(MOST_DAYS)).map(Some),
    }
}

fn day_after(day: Date, now: Timestamp, most_days: i64) -> Result<Timestamp> {
    let end = day.plus_days(1).map(Date::midnight);
    let good = end.filter(|end| now < *end && *end <= now.plus_seconds((most_days + 1) * DAY));
    good.ok_or_else(|| unusable_day().into())
}

/// What the audit log calls that somebody was added.
const fn added(realm: Realm) -> Action {
    match realm {
        Realm::Office | Realm::National => Action::OfficerAdded,
        Realm::RelyingParty => Action::EmployeeAdded,
    }
}

/// What the audit log calls that somebody was disabled, or enabled again.
const fn switched(realm: Realm, state: AccountState) -> Action {
    match (realm, state) {
        (Realm::Office | Realm::National, AccountState::Active) => Action::OfficerEnabled,
        (Realm::Office | Realm::National, AccountState::Disabled) => Action::OfficerDisabled,
        (Realm::RelyingParty, AccountState::Active) => Action::EmployeeEnabled,
        (Realm::RelyingParty, AccountState::Disabled) => Action::EmployeeDisabled,
    }
}

fn no_end() -> Refusal {
    Refusal::field(
        "until",
        "Peran ini hanya untuk sementara: sebutkan hari terakhirnya, paling lama 183 hari lagi.",
        "This role is for a time: name the last day, 183 days from now at most.",
    )
}

fn unusable_day() -> Refusal {
    Refusal::field(
        "until",
        "Hari terakhir harus hari ini atau sesudahnya, paling lama 183 hari lagi untuk asisten dan 365 hari bagi yang bertindak untuk orang lain.",
        "The last day has to be today or later, at most 183 days from now for an assistant and 365 for whoever acts for somebody else.",
    )
}

fn same_role() -> Refusal {
    Refusal::field("role", "Orang ini sudah berperan itu.", "This person has that role already.")
}

fn unknown_office() -> Error {
    Refusal::field(
        "office",
        "Kantor tidak dikenal; tambahkan dengan `ikd office add`.",
        "The office is not known; add it with `ikd office add`.",
    )
    .into()
}

fn username_taken(error: DbError) -> Error {
    match error {
        DbError::Unique => Refusal::field("username", "Nama pengguna ini sudah ada.", "This user name exists.").into(),
        other => other.into(),
    }
}
