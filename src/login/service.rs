//! Logging in with password and authenticator code, and keeping the session.

use std::net::IpAddr;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::known::{self, BrowserId};
use super::model::{FORGET_MINUTES, Life, Wait};
use super::password::{Passwords, Place};
use super::store::{self, AccountRow, EMPLOYEES, OFFICERS, Statements};
use super::totp;
use crate::audit::{self, Action, Actor, Event, GENERAL, Outcome};
use crate::clock::{MINUTE, Timestamp};
use crate::context::Context;
use crate::credential::jwk::base64url;
use crate::db::Tx;
use crate::error::{Code, Error, Refusal, Result};
use crate::fair::whose_share;
use crate::secret::Redacted;
use crate::throttle::Throttle;
use crate::vault::Label;

/// Which people log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Realm {
    /// Officers of Dukcapil.
    Officers,
    /// Employees of relying parties.
    Employees,
}

impl Realm {
    /// The table in whose context a person's authenticator secret is sealed.
    pub const fn totp_table(self) -> &'static str {
        match self {
            Self::Officers => "officer.totp",
            Self::Employees => "relying_party_employee",
        }
    }

    pub(super) const fn statements(self) -> &'static Statements {
        match self {
            Self::Officers => &OFFICERS,
            Self::Employees => &EMPLOYEES,
        }
    }

    pub(super) const fn actor(self, person: Uuid) -> Actor {
        match self {
            Self::Officers => Actor::Officer(person),
            Self::Employees => Actor::Employee(person),
        }
    }

    /// The chain of a person's acts: the office's, or the general one.
    pub(super) const fn chain(self, owner: Uuid) -> Uuid {
        match self {
            Self::Officers => owner,
            Self::Employees => GENERAL,
        }
    }
}

/// Whose browser asks.
#[derive(Clone, Debug)]
pub struct Client {
    /// Address.
    pub address: IpAddr,
    /// The cookie that says which people logged in from this browser before.
    pub browser: Option<String>,
}

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        Self { address, browser: None }
    }
}

/// A try that is counted and may be judged.
#[derive(Debug)]
#[must_use = "a counted try is to be judged"]
pub struct Try {
    /// Whose tries these are: this person's from this browser or address.
    source: Vec<u8>,
    /// All tries of strangers at this person.
    total: Option<Vec<u8>>,
    address: Option<IpAddr>,
    place: Place,
}

/// A new session.
#[derive(Debug)]
pub struct LoggedIn {
    /// The cookie's value, which is nowhere stored.
    pub token: Redacted<String>,
    /// The cookie that says that this person logged in from this browser.
    pub browser: Redacted<String>,
}

/// Log-ins of one realm. Cloning shares everything.
#[derive(Clone)]
pub struct LogIns {
    pub(super) context: Context,
    pub(super) passwords: Passwords,
    pub(super) realm: Realm,
    pub(super) audit: audit::Service,
    wrong: Throttle,
    /// A decoy authenticator secret, opened and compared when there is no account, so that both cases take equally
    /// long.
    decoy: Vec<u8>,
}

/// Failed log-ins of one address, whatever the names, before it has to wait; and seconds for one more. An office of many
/// officers shares an address, and only failures of browsers that nobody logged in from count.
const FAILURES_PER_ADDRESS: (i64, i64) = (60, 5);

/// Failed log-ins with names that nobody has that are written to the audit log in an hour, of all strangers together.
const UNKNOWN_PER_HOUR: i64 = 500;

impl LogIns {
    /// Over the shared tables.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn new(context: Context, realm: Realm) -> Result<Self> {
        let passwords = Passwords::new(context.config.limits.password_hashes, &context.random)?;
        let wrong = Throttle::new(FAILURES_PER_ADDRESS.0, FAILURES_PER_ADDRESS.1);
        let audit = audit::Service::new(context.clone());
        let decoy = context.vault.seal_bytes(
            &context.random,
            realm.totp_table(),
            Uuid::nil(),
            &totp::generate(&context.random),
        )?;
        Ok(Self { context, passwords, realm, audit, wrong, decoy })
    }

    /// Hashes of passwords that were computed so far: what a log-in costs, whatever is wrong with it.
    pub fn hashes(&self) -> u64 {
        self.passwords.computed()
    }

    /// Logs a person in.
    ///
    /// # Errors
    /// `login_failed` whatever was wrong; `overloaded` when too many wait to be judged; `too_many` after failures: of this
    /// person from this browser or address, of strangers at this person, or of strangers at this address.
    pub async fn log_in(
        &self,
        username: &str,
        password: Redacted<String>,
        code: &str,
        client: &Client,
    ) -> Result<LoggedIn> {
        let username = username.trim().to_lowercase();
        let counted = self.begin(&username, client).await?;
        let stranger = counted.address;
        let account = self.account(&username).await;
        let done = match account {
            Ok(account) => self.open(counted, &username, account, password, code, client.browser.as_deref()).await,
            Err(error) => Err(error),
        };
        done.inspect_err(|error| self.take_back(stranger, error))
    }

    /// The account of a name, as it stands now; none for who may not log in.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn account(&self, username: &str) -> Result<Option<AccountRow>> {
        // A text that cannot be a user name is not looked up: PostgreSQL accepts no text with a zero byte.
        let name = super::check_username(username).unwrap_or_else(|_| String::from("-"));
        let mut reader = self.context.db.read().await?;
        Ok(self.realm.statements().account_by_name(&mut reader, &name).await?.filter(AccountRow::is_active))
    }

    /// Counts a try in a transaction of its own, before anything is compared.
    ///
    /// # Errors
    /// `overloaded`, `too_many`.
    pub async fn begin(&self, username: &str, client: &Client) -> Result<Try> {
        let now = self.context.now();
        if let Some(id) = self.known_browser(username, client.browser.as_deref()) {
            let source = self.subject(&[username.as_bytes(), b"browser", &id]);
            let place = self.passwords.queue(client.address, true).await?;
            return self.admit(Try { source, total: None, address: None, place }).await;
        }
        // A try is counted before it is judged and refunded when it was right, so parallel tries get no more than
        // sequential ones.
        self.wrong.begin(client.address, now).map_err(|seconds| Refusal::new(Code::TooMany).retry_after(seconds))?;
        let address = client.address.to_string();
        let source = self.subject(&[username.as_bytes(), address.as_bytes()]);
        let total = Some(self.subject(&[username.as_bytes(), b"strangers"]));
        let place = self.passwords.queue(client.address, false).await;
        let place = place.inspect_err(|_| self.wrong.was_right(client.address))?;
        let admitted = self.admit(Try { source, total, address: Some(client.address), place }).await;
        admitted.inspect_err(|error| self.take_back(Some(client.address), error))
    }

    /// A fault of ours does not count as a wrong guess: an office must not wait because the database was away.
    fn take_back(&self, stranger: Option<IpAddr>, error: &Error) {
        if let Some(address) = stranger
            && !matches!(error, Error::Refused(_))
        {
            self.wrong.was_right(address);
        }
    }

    fn known_browser(&self, username: &str, cookie: Option<&str>) -> Option<BrowserId> {
        known::read(&self.context.vault, self.realm, username, cookie?, self.context.now())
    }

    async fn admit(&self, counted: Try) -> Result<Try> {
        let now = self.context.now();
        let mut tx = self.context.db.write().await?;
        let mut refused = None;
        for (subject, wait) in [(Some(&counted.source), Wait::OWN), (counted.total.as_ref(), Wait::STRANGERS)] {
            let Some(subject) = subject else { continue };
            if count(&mut tx, subject, now, wait).await?.is_none() {
                refused = Some(store::locked_until(&mut tx, subject).await?.unwrap_or(now));
                break;
            }
        }
        let Some(until) = refused else {
            tx.commit().await?;
            return Ok(counted);
        };
        // Nothing was judged, so a wait caused by unknown clients uses up none of the person's own tries.
        tx.rollback().await?;
        Err(Refusal::new(Code::TooMany)
            .detail(
                "Terlalu sering gagal masuk: tunggu selama yang tertera, atau masuk dari peramban yang biasa Anda pakai.",
                "Too many failed log-ins: wait for the time stated, or use the browser that you usually log in with.",
            )
            .retry_after(until.retry_after(now))
            .into())
    }

    /// Judges a try and opens a session. Every failure takes the same steps: one password hash, one counted try at
    /// codes, one secret opened, one code compared, one step spent, one entry. Only writes to rows that do not exist
    /// are missing.
    ///
    /// # Errors
    /// `login_failed` whatever was wrong.
    pub async fn open(
        &self,
        counted: Try,
        username: &str,
        account: Option<AccountRow>,
        password: Redacted<String>,
        code: &str,
        browser: Option<&str>,
    ) -> Result<LoggedIn> {
        let now = self.context.now();
        let (person, owner) =
            account.as_ref().map_or((Uuid::nil(), GENERAL), |account| (account.person_id, account.owner_id));
        let proof = Proof { account, password, code };
        let (mut tx, right) = self.prove(&counted, proof, now).await?;
        let statements = self.realm.statements();
        let actor = if person.is_nil() { Actor::Stranger } else { self.realm.actor(person) };
        let subject_id = if person.is_nil() { self.pseudonym(username) } else { person };
        let event = Event { chain: self.realm.chain(owner), actor, action: Action::LogIn, subject_id };
        if !right {
            // The person's row is locked before the log's rows, as in a successful log-in, because both may run at
            // once.
            statements.note_failure(&mut tx, person).await?;
            let all = self.audit.count(&mut tx, Uuid::nil(), "unknown log-ins").await?;
            if !person.is_nil() || all <= UNKNOWN_PER_HOUR || audit::model::is_written(all) {
                self.audit.refused_in(&mut tx, event, Code::LoginFailed).await?;
            }
            tx.commit().await?;
            return Err(Code::LoginFailed.into());
        }
        for subject in [Some(&counted.source), counted.total.as_ref()].into_iter().flatten() {
            store::forget_failures(&mut tx, subject).await?;
        }
        let token = base64url(&self.context.random.bytes::<32>());
        let before = statements.note_log_in(&mut tx, person, now).await?;
        statements.add(&mut tx, &digest(&token), person, now, Life::end_of(now)).await?;
        statements.keep_before(&mut tx, &digest(&token), before).await?;
        self.audit.record(&mut tx, event, Outcome::Done).await?;
        tx.commit().await?;
        if let Some(address) = counted.address {
            self.wrong.was_right(address);
        }
        let id = self.known_browser(username, browser);
        let (vault, random) = (&self.context.vault, &self.context.random);
        let ticket = known::write(vault, random, self.realm, username, (browser, id), now);
        Ok(LoggedIn { token: Redacted(token), browser: Redacted(ticket) })
    }

    /// Compares password and authenticator code, and spends the code: gives the transaction in which it is spent, not yet
    /// committed, and whether both were right.
    async fn prove(&self, counted: &Try, proof: Proof<'_>, now: Timestamp) -> Result<(Tx, bool)> {
        let Proof { account, password, code } = proof;
        let stored = account.as_ref().map(|account| account.password_hash.clone());
        let fits = self.passwords.fits(&counted.place, password, stored).await?;
        // An attacker with the password could try codes from ever new addresses. So tries of unknown browsers are
        // counted per person. Nobody without the password can use them up, and the answer does not reveal that the
        // password was right. A known browser has tries of its own, so a thief of the password cannot lock its owner
        // out.
        let person = account.as_ref().map_or(Uuid::nil(), |account| account.person_id);
        let codes = if fits && counted.total.is_some() {
            self.subject(&[person.as_bytes(), b"codes"])
        } else if fits {
            self.subject(&[&counted.source, b"codes"])
        } else {
            self.subject(&[&counted.source, b"no codes"])
        };
        let mut tx = self.context.db.write().await?;
        let in_time = count(&mut tx, &codes, now, Wait::OWN).await?.is_some();
        tx.commit().await?;
        if fits && !in_time {
            tracing::warn!(person.id = %person, "log-in: too many wrong codes after the right password");
        }
        let (sealed, hash) = match &account {
            Some(account) => (&account.totp_sealed, account.password_hash.as_str()),
            None => (&self.decoy, ""),
        };
        let secret = self.context.vault.open_bytes(self.realm.totp_table(), person, sealed)?;
        let step = totp::check(&secret, code, now)?;
        let good = fits && in_time && step.is_some();
        let mut tx = self.context.db.write().await?;
        let spender = if good { person } else { Uuid::nil() };
        let statements = self.realm.statements();
        let spent = statements.spend_step(&mut tx, spender, step.unwrap_or(0), hash, sealed).await?.happened();
        if good && spent {
            store::forget_failures(&mut tx, &codes).await?;
        }
        Ok((tx, good && spent))
    }

    /// Judges a session at a request and notes that it is in use.
    ///
    /// # Errors
    /// `session_ended`; `password_required` after half an hour without a request.
    pub async fn keep(&self, token: &str, life: Life) -> Result<()> {
        let now = self.context.now();
        if life.judge(now)? {
            let mut tx = self.context.db.write().await?;
            self.realm.statements().touch(&mut tx, &digest(token), now).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Continues an idle session with the password alone, under a new value of the cookie. The old value ends, so a
    /// cookie copied while the screen was locked is worthless.
    ///
    /// # Errors
    /// `session_ended`, `login_failed`, `too_many`.
    pub async fn resume(
        &self,
        token: &str,
        life: Life,
        person: Uuid,
        password: Redacted<String>,
    ) -> Result<Redacted<String>> {
        let now = self.context.now();
        life.require_unended(now)?;
        let account = self.account_of(person).await?;
        // The holder of a session is no unknown client: such tries are counted for the session itself.
        let source = self.subject(&[&digest(token), b"resume"]);
        let counted = self.admit(Try { source, total: None, address: None, place: self.own_turn().await? }).await?;
        let event = self.event(&account, Action::SessionResumed, person);
        if !self.passwords.fits(&counted.place, password, Some(account.password_hash.clone())).await? {
            self.audit.refused(event, Code::LoginFailed).await?;
            return Err(Code::LoginFailed.into());
        }
        let mut tx = self.context.db.write().await?;
        let next = self.rotate(&mut tx, token, &account).await?;
        store::forget_failures(&mut tx, &counted.source).await?;
        self.audit.record(&mut tx, event, Outcome::Done).await?;
        tx.commit().await?;
        Ok(next)
    }

    /// Replaces the own password, with the present one and an authenticator code. All other sessions end; this one goes on
    /// under a new value of the cookie.
    ///
    /// # Errors
    /// `login_failed` whatever was wrong, `too_many`, `invalid_field` for a weak new one, `session_ended`.
    pub async fn change_password(
        &self,
        (token, person): (&str, Uuid),
        (password, code): (Redacted<String>, &str),
        new: &Redacted<String>,
        words: &[&str],
    ) -> Result<Redacted<String>> {
        let now = self.context.now();
        let account = self.account_of(person).await?;
        if new.expose() == password.expose() {
            return Err(Refusal::field(
                "new_password",
                "Kata sandi baru harus berbeda dari yang lama.",
                "The new password has to differ from the present one.",
            )
            .into());
        }
        let source = self.subject(&[person.as_bytes(), b"password"]);
        let place = self.own_turn().await?;
        let event = self.event(&account, Action::PasswordChanged, person);
        let known = words.iter().copied().chain([account.username.as_str(), account.full_name.as_str()]);
        let known = known.map(str::to_owned).collect();
        if let Err(error) = self.passwords.check_new(&place, known, new.clone()).await {
            if let Some(code) = error.code() {
                self.audit.refused(event, code).await?;
            }
            return Err(error);
        }
        let counted = self.admit(Try { source, total: None, address: None, place }).await?;
        let hash = self.passwords.hash(&counted.place, &self.context.random, new.clone()).await?;
        let proof = Proof { account: Some(account.clone()), password, code };
        let (mut tx, right) = self.prove(&counted, proof, now).await?;
        if !right {
            self.audit.refused_in(&mut tx, event, Code::LoginFailed).await?;
            tx.commit().await?;
            return Err(Code::LoginFailed.into());
        }
        let statements = self.realm.statements();
        // The step was spent under the condition that the password is still the one that was compared with.
        statements.set_password(&mut tx, person, &hash).await?.or(Code::LoginFailed)?;
        statements.end_others(&mut tx, person, &digest(token)).await?;
        let next = self.rotate(&mut tx, token, &AccountRow { password_hash: hash, ..account }).await?;
        store::forget_failures(&mut tx, &counted.source).await?;
        self.audit.record(&mut tx, event, Outcome::Done).await?;
        tx.commit().await?;
        Ok(next)
    }

    /// A turn at the passwords for whoever has a session.
    async fn own_turn(&self) -> Result<Place> {
        self.passwords.queue(whose_share(), true).await
    }

    pub(super) async fn account_of(&self, person: Uuid) -> Result<AccountRow> {
        let mut reader = self.context.db.read().await?;
        let account = self.realm.statements().account_by_id(&mut reader, person).await?;
        Ok(account.filter(AccountRow::is_active).ok_or(Code::SessionEnded)?)
    }

    pub(super) fn event(&self, account: &AccountRow, action: Action, subject_id: Uuid) -> Event {
        let chain = self.realm.chain(account.owner_id);
        Event { chain, actor: self.realm.actor(account.person_id), action, subject_id }
    }

    async fn rotate(&self, tx: &mut Tx, token: &str, account: &AccountRow) -> Result<Redacted<String>> {
        let next = base64url(&self.context.random.bytes::<32>());
        let statements = self.realm.statements();
        let person = (account.person_id, account.password_hash.as_str());
        statements
            .rotate(tx, &digest(token), &digest(&next), person, self.context.now())
            .await?
            .or(Code::SessionEnded)?;
        Ok(Redacted(next))
    }

    /// Ends a session. Ending one that is over is the same.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn close(&self, token: &str) -> Result<()> {
        let mut tx = self.context.db.write().await?;
        let statements = self.realm.statements();
        let whose = statements.whose(&mut tx, &digest(token)).await?;
        let ended = statements.end(&mut tx, &digest(token)).await?.happened();
        if let Some((person, owner)) = whose.filter(|_| ended) {
            let (chain, actor) = (self.realm.chain(owner), self.realm.actor(person));
            let event = Event { chain, actor, action: Action::LogOut, subject_id: person };
            self.audit.record(&mut tx, event, Outcome::Done).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Forgets sessions and failures that are over; gives how many rows.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let mut tx = self.context.db.write().await?;
        let sessions = self.realm.statements().sweep(&mut tx, now).await?;
        let failures = store::sweep_failures(&mut tx, now.plus_seconds(-FORGET_MINUTES * MINUTE)).await?;
        tx.commit().await?;
        Ok(sessions + failures)
    }

    /// An officer and an employee may have one name: their failures are not each other's.
    fn subject(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut all = vec![self.realm.totp_table().as_bytes()];
        all.extend_from_slice(parts);
        self.context.vault.mac_index(Label::LoginSubject, &all).to_vec()
    }

    /// An id for an unknown user name, so that its tries can be distinguished in the log without writing the name
    /// there.
    fn pseudonym(&self, username: &str) -> Uuid {
        let digest = self.subject(&[username.as_bytes(), b"nobody"]);
        Uuid::from_slice(&digest[..16]).unwrap_or_default()
    }
}

/// What a person proves with.
struct Proof<'a> {
    account: Option<AccountRow>,
    password: Redacted<String>,
    code: &'a str,
}

/// Counts a try; `None` while its subject has to wait.
async fn count(tx: &mut Tx, subject: &[u8], now: Timestamp, wait: Wait) -> Result<Option<i64>> {
    let forgotten = now.plus_seconds(-FORGET_MINUTES * MINUTE);
    Ok(store::count_try(tx, subject, now, forgotten, wait).await?)
}

/// SHA-256 of a cookie's value: what is stored of it.
pub fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
