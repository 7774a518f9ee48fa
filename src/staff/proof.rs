//! Proving who one is: tries are counted, then the password is compared, and an authenticator code, or a passkey's signature in its place.

use std::net::IpAddr;
use std::sync::Arc;

use uuid::Uuid;

use super::model::Realm;
use super::passkey::factor::Found;
use super::passkey::model::{Answer, Purpose, counted_back, is_required, use_it};
use super::store::account::{self, Account};
use crate::audit::{self, Action, Event};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Error, Refusal, Result};
use crate::fair::whose_share;
use crate::login::known_browser::{self, BrowserId};
use crate::login::passkey::Ceremonies;
use crate::login::password::{Passwords, Place};
use crate::login::{Wait, totp, tries};
use crate::secret::Redacted;
use crate::throttle::Throttle;
use crate::transaction;
use crate::vault::Label;

/// Where authenticator secrets are sealed: the table of their rows.
pub(super) const TOTP_TABLE: &str = "staff_account";

/// Failed log-ins of one address, whatever the names, before it has to wait; and seconds for one more. An office of many
/// officers shares an address, and only failures of browsers that nobody logged in from count.
const FAILURES_PER_ADDRESS: (i64, i64) = (60, 5);

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
    /// Where a stranger tries from.
    pub(super) address: Option<IpAddr>,
    pub(super) place: Place,
}

impl Try {
    /// Forgets the failures before it, once it was right.
    pub(super) async fn forget_failures(&self, tx: &mut Tx) -> Result<()> {
        for subject in [Some(&self.source), self.total.as_ref()].into_iter().flatten() {
            tries::forget(tx, subject).await?;
        }
        Ok(())
    }
}

/// What a person proves with besides the password.
#[derive(Clone, Copy, Debug)]
pub enum Second<'a> {
    /// Six digits of the authenticator app.
    Code(&'a str),
    /// A passkey's signature.
    Passkey(&'a Answer),
}

impl<'a> From<&'a str> for Second<'a> {
    fn from(code: &'a str) -> Self {
        Self::Code(code)
    }
}

impl<'a> From<&'a String> for Second<'a> {
    fn from(code: &'a String) -> Self {
        Self::Code(code)
    }
}

/// What a person proves with.
pub(super) struct Proof<'a> {
    pub(super) account: Option<Account>,
    pub(super) password: Redacted<String>,
    pub(super) second: Second<'a>,
    pub(super) purpose: Purpose,
}

/// What comparing the password gave.
pub(super) struct Weighed {
    /// Whether it was right, and what comes with it may be judged.
    pub(super) good: bool,
    codes: Vec<u8>,
}

/// What came with the password.
enum Factor {
    Code { step: Option<i64>, totp_sealed: Vec<u8> },
    Passkey(Found),
}

/// What comparing gave. It counts once it is spent.
pub(super) struct Proven {
    good: bool,
    spender: Uuid,
    password_hash: String,
    factor: Factor,
    /// Whether the person's role logs in with a passkey, once there is one.
    needs_passkey: bool,
    has_passkey: bool,
    /// Whether initial secrets were not replaced in time.
    is_over: bool,
    codes: Vec<u8>,
}

/// What became of a proof when it was to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spent {
    /// It was right, and the first to be so.
    Yes,
    /// It was not.
    No,
    /// It was a passkey's whose authenticator counted back: there may be two of it.
    CountedBack,
}

impl Proven {
    /// Spends the step of the authenticator, or the question that a passkey answered.
    pub(super) async fn spend(&self, tx: &mut Tx, now: Timestamp) -> Result<Spent> {
        let Self { good, spender, password_hash, factor, needs_passkey, codes, .. } = self;
        let spent = match factor {
            Factor::Code { step, totp_sealed } => {
                let (secrets, step) = ((password_hash.as_str(), totp_sealed.as_slice()), step.unwrap_or(0));
                let changed = account::spend_step(tx, (*spender, step), secrets, *needs_passkey, now).await?;
                if changed.happened() { Spent::Yes } else { Spent::No }
            }
            Factor::Passkey(Found::Right(used)) => used.spend(tx, (*spender, password_hash), now).await?,
            Factor::Passkey(Found::CountedBack) if *good => Spent::CountedBack,
            Factor::Passkey(_) => Spent::No,
        };
        if *good && spent == Spent::Yes {
            tries::forget(tx, codes).await?;
        }
        Ok(if *good { spent } else { Spent::No })
    }

    /// Whether a passkey's signature came with the password.
    pub(super) const fn is_by_passkey(&self) -> bool {
        matches!(self.factor, Factor::Passkey(_))
    }

    /// Notes in the audit log that somebody who has a session proved nothing: a passkey of which there may be two under a name of its own too.
    pub(super) async fn note(audit: &audit::Service, tx: &mut Tx, event: Event, spent: Spent) -> Result<()> {
        audit.refused_in(tx, event, Code::LoginFailed).await?;
        if spent == Spent::CountedBack {
            audit.refused_in(tx, Event { action: Action::PasskeyCountedBack, ..event }, Code::LoginFailed).await?;
        }
        Ok(())
    }

    /// What is said to whoever proved nothing. Only who gave all that was asked for reads more than that it was not right.
    pub(super) fn refusal(&self, spent: Spent) -> Error {
        match (&self.factor, spent) {
            (_, Spent::No) if self.good && self.is_over => not_chosen_in_time().into(),
            (Factor::Code { .. }, Spent::No) if self.good && self.needs_passkey && self.has_passkey => use_it().into(),
            (_, Spent::CountedBack) => counted_back().into(),
            _ => Code::LoginFailed.into(),
        }
    }
}

/// Counts and judges tries of one realm. Cloning shares everything.
#[derive(Clone)]
pub struct Prover {
    pub(super) context: Context,
    pub(super) passwords: Passwords,
    /// What passkeys are bound to; none where the service's address is a number.
    pub(super) passkeys: Option<Ceremonies>,
    realm: Realm,
    wrong: Throttle,
    /// A decoy authenticator secret, opened and compared when there is no account, so that both cases take equally
    /// long.
    decoy: Arc<[u8]>,
}

impl Prover {
    /// Over the shared tables.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn new(context: Context, realm: Realm) -> Result<Self> {
        let passwords = Passwords::new(context.config.limits.password_hashes, &context.random)?
            .knowing(context.config.staff.breached_passwords.as_deref());
        let wrong = Throttle::new(FAILURES_PER_ADDRESS.0, FAILURES_PER_ADDRESS.1);
        let secret = totp::generate(&context.random);
        let decoy = context.vault.seal_bytes(&context.random, TOTP_TABLE, Uuid::nil(), &secret)?.into();
        let passkeys = Ceremonies::at(context.config.service.staff_url());
        Ok(Self { context, passwords, passkeys, realm, wrong, decoy })
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
        let place = place.inspect_err(|_| self.was_right(Some(client.address)))?;
        let admitted = self.admit(Try { source, total, address: Some(client.address), place }).await;
        admitted.inspect_err(|error| self.take_back(Some(client.address), error))
    }

    /// Counts a try of somebody who has a session: of `what`, by the parts of whose it is. Such tries are no stranger's.
    pub(super) async fn begin_own(&self, parts: &[&[u8]], place: Place) -> Result<Try> {
        self.admit(Try { source: self.subject(parts), total: None, address: None, place }).await
    }

    /// A turn at the passwords for whoever has a session.
    pub(super) async fn own_turn(&self) -> Result<Place> {
        self.passwords.queue(whose_share(), true).await
    }

    /// A fault of ours does not count as a wrong guess: an office must not wait because the database was away.
    pub(super) fn take_back(&self, stranger: Option<IpAddr>, error: &Error) {
        if !matches!(error, Error::Refused(_)) {
            self.was_right(stranger);
        }
    }

    /// A stranger's guess was right: it does not count.
    pub(super) fn was_right(&self, stranger: Option<IpAddr>) {
        if let Some(address) = stranger {
            self.wrong.was_right(address);
        }
    }

    /// Whether `username` logged in from the browser of this cookie before.
    pub(super) fn is_known(&self, username: &str, cookie: Option<&str>) -> bool {
        self.known_browser(username, cookie).is_some()
    }

    fn known_browser(&self, username: &str, cookie: Option<&str>) -> Option<BrowserId> {
        known_browser::read(&self.context.vault, self.realm.as_str(), username, cookie?, self.context.now())
    }

    /// The cookie that makes a browser known, after a log-in of `username` from it.
    pub(super) fn make_known(&self, username: &str, cookie: Option<&str>, now: Timestamp) -> Redacted<String> {
        let id = self.known_browser(username, cookie);
        let (vault, random) = (&self.context.vault, &self.context.random);
        Redacted(known_browser::write(vault, random, self.realm.as_str(), username, (cookie, id), now))
    }

    async fn admit(&self, counted: Try) -> Result<Try> {
        let now = self.context.now();
        transaction!(self.context.db, "staff.count_try", |tx| {
            for (subject, wait) in [(Some(&counted.source), Wait::OWN), (counted.total.as_ref(), Wait::STRANGERS)] {
                let Some(subject) = subject else { continue };
                if !tries::count(tx, subject, now, wait).await? {
                    let until = tries::locked_until(tx, subject).await?.unwrap_or(now);
                    // Undone: nothing was judged, so a wait caused by unknown clients uses up none of the person's own tries.
                    return Err(has_to_wait(until.retry_after(now)));
                }
            }
            Ok(())
        })?;
        Ok(counted)
    }

    /// Compares the password and counts a try at what comes with it. Every failure takes the same steps: one password hash, one
    /// counted try.
    pub(super) async fn weigh(
        &self,
        counted: &Try,
        account: Option<&Account>,
        password: Redacted<String>,
        now: Timestamp,
    ) -> Result<Weighed> {
        let stored = account.map(|account| account.password_hash.clone());
        let fits = self.passwords.fits(&counted.place, password, stored).await?;
        // An attacker with the password could try codes from ever new addresses. So tries of unknown browsers are
        // counted per person. Nobody without the password can use them up, and the answer does not reveal that the
        // password was right. A known browser has tries of its own, so a thief of the password cannot lock its owner
        // out.
        let person = account.map_or(Uuid::nil(), |account| account.person.staff_id);
        let codes = if fits && counted.total.is_some() {
            self.subject(&[person.as_bytes(), b"codes"])
        } else if fits {
            self.subject(&[&counted.source, b"codes"])
        } else {
            self.subject(&[&counted.source, b"no codes"])
        };
        let db = &self.context.db;
        let in_time = transaction!(db, "staff.count_code", |tx| tries::count(tx, &codes, now, Wait::OWN).await)?;
        if fits && !in_time {
            tracing::warn!(person.id = %person, "log-in: too many wrong codes after the right password");
        }
        Ok(Weighed { good: fits && in_time, codes })
    }

    /// Compares the password and what comes with it. Every failure takes the same steps: those of [`Prover::weigh`], then one secret
    /// opened and one code compared, or one question looked up.
    pub(super) async fn prove(&self, counted: &Try, proof: Proof<'_>, now: Timestamp) -> Result<Proven> {
        let Proof { account, password, second, purpose } = proof;
        let Weighed { good, codes } = self.weigh(counted, account.as_ref(), password, now).await?;
        let person = account.as_ref().map_or(Uuid::nil(), |account| account.person.staff_id);
        let required = &self.context.config.staff.require_passkey;
        let needs_passkey = account.as_ref().is_some_and(|account| is_required(required, account.roles(now)));
        let has_passkey = account.as_ref().is_some_and(|account| account.passkeys > 0);
        let is_over = account.as_ref().is_some_and(|account| account.initial().is_over(now));
        let (totp_sealed, password_hash) = match account {
            Some(account) => (account.totp_sealed, account.password_hash),
            None => (self.decoy.to_vec(), String::new()),
        };
        let factor = match second {
            Second::Code(code) => {
                let secret = self.context.vault.open_bytes(TOTP_TABLE, person, &totp_sealed)?;
                Factor::Code { step: totp::check(&secret, code, now)?, totp_sealed }
            }
            // What comes with a wrong password is not judged: a signature would tell that it was right.
            Second::Passkey(answer) => {
                let whose = if good { person } else { Uuid::nil() };
                Factor::Passkey(self.judge((whose, purpose), answer, now).await?)
            }
        };
        let right = match &factor {
            Factor::Code { step, .. } => step.is_some(),
            Factor::Passkey(found) => !matches!(found, Found::Wrong),
        };
        let good = good && right;
        let spender = if good { person } else { Uuid::nil() };
        Ok(Proven { good, spender, password_hash, factor, needs_passkey, has_passkey, is_over, codes })
    }

    /// A keyed digest of whose tries these are. People of two realms may have one name: their failures are not each other's.
    fn subject(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut all = vec![self.realm.as_str().as_bytes()];
        all.extend_from_slice(parts);
        self.context.vault.mac_index(Label::LoginSubject, &all).to_vec()
    }

    /// An id for an unknown user name, so that its tries can be distinguished in the log without writing the name
    /// there.
    pub(super) fn pseudonym(&self, username: &str) -> Uuid {
        let digest = self.subject(&[username.as_bytes(), b"nobody"]);
        Uuid::from_slice(&digest[..16]).unwrap_or_default()
    }
}

fn not_chosen_in_time() -> Refusal {
    Refusal::new(Code::LoginFailed).detail(
        "Kata sandi atau autentikator ini dibuatkan untuk Anda dan tidak berlaku lagi: dalam 24 jam Anda belum membuat milik Anda sendiri. \
         Mintalah yang baru kepada penyelia, administrator, atau pengelola layanan.",
        "This password or authenticator was made for you and does not count any more: you chose none of your own within 24 hours. Ask \
         a supervisor, an administrator or whoever runs the service for new ones.",
    )
}

fn has_to_wait(seconds: u64) -> Error {
    Refusal::new(Code::TooMany)
        .detail(
            "Terlalu sering gagal masuk: tunggu selama yang tertera, atau masuk dari peramban yang biasa Anda pakai.",
            "Too many failed log-ins: wait for the time stated, or use the browser that you usually log in with.",
        )
        .retry_after(seconds)
        .into()
}
