//! Logging in with password and authenticator code, and keeping the session.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::model::{LOCK_MINUTES, Life, MAX_FAILURES};
use super::password::{Passwords, Place};
use super::store::{self, EMPLOYEES, OFFICERS, Statements};
use super::totp;
use crate::clock::{MINUTE, Timestamp};
use crate::core::Core;
use crate::credential::jwk::base64url;
use crate::db::Tx;
use crate::error::{Code, Error, Refusal, Result};
use crate::guesses::Guesses;
use crate::secret::Redacted;
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

    const fn statements(self) -> &'static Statements {
        match self {
            Self::Officers => &OFFICERS,
            Self::Employees => &EMPLOYEES,
        }
    }
}

/// What a person proves knowledge of.
pub struct Account {
    /// The person.
    pub id: Uuid,
    /// PHC string of the password.
    pub password_hash: String,
    /// Sealed authenticator secret.
    pub totp_sealed: Vec<u8>,
}

/// A try that is counted and may be judged.
#[derive(Debug)]
#[must_use = "a counted try is to be judged"]
pub struct Try {
    subject: Vec<u8>,
    address: IpAddr,
    place: Place,
}

/// A session in a transaction that is not committed yet, so that the caller can write beside it.
pub struct Opened {
    /// To be committed.
    pub tx: Tx,
    /// The cookie's value, which is nowhere stored.
    pub token: Redacted<String>,
}

/// Log-ins of one realm. Cloning shares everything.
#[derive(Clone)]
pub struct LogIns {
    core: Core,
    passwords: Passwords,
    realm: Realm,
    wrong: Guesses,
    /// Who succeeded from which address, as subjects, since this node started: a stranger at the same address holds them
    /// up no more than with five wrong passwords of their own name.
    proven: Arc<Mutex<HashSet<Vec<u8>>>>,
}

/// Subjects remembered at most; beyond that all are forgotten.
const PROVEN: usize = 10_000;

/// Failed log-ins of one address, whatever the names, before it has to wait; and seconds for one more. An office of many
/// officers shares an address, and only failures count.
const FAILURES_PER_ADDRESS: (i64, i64) = (60, 5);

impl LogIns {
    /// Over the shared tables.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn new(core: Core, realm: Realm) -> Result<Self> {
        let passwords = Passwords::new(core.config.limits.password_hashes, &core.random)?;
        let wrong = Guesses::new(FAILURES_PER_ADDRESS.0, FAILURES_PER_ADDRESS.1);
        Ok(Self { core, passwords, realm, wrong, proven: Arc::default() })
    }

    /// Counts a try in a transaction of its own, before anything is compared.
    ///
    /// # Errors
    /// `overloaded` when too many wait to be judged; `too_many` after five failures of this user from this address, or
    /// sixty of anybody from it, unless this user logged in from it before.
    pub async fn begin(&self, username: &str, address: IpAddr) -> Result<Try> {
        let now = self.core.now();
        let subject = self.subject(username, address);
        if let Some(seconds) = self.wrong.wait(address, now)
            && !self.proven().contains(&subject)
        {
            return Err(Refusal::new(Code::TooMany).retry_after(seconds).into());
        }
        self.admit(subject, address, now).await
    }

    async fn admit(&self, subject: Vec<u8>, address: IpAddr, now: Timestamp) -> Result<Try> {
        let place = self.passwords.queue()?;
        if self.count(&subject, now).await? {
            return Ok(Try { subject, address, place });
        }
        let mut tx = self.core.db.read().await?;
        let lock = now.plus_seconds(LOCK_MINUTES * MINUTE);
        let until = store::locked_until(&mut tx, &subject).await?.unwrap_or(lock);
        Err(Refusal::new(Code::TooMany)
            .detail(
                "Lima kali gagal masuk: tunggu 15 menit, atau minta penyelia memeriksa akun Anda.",
                "Five failed log-ins: wait 15 minutes, or ask the supervisor to look at your account.",
            )
            .retry_after(until.retry_after(now))
            .into())
    }

    /// Counts a try; `false` while its subject is locked.
    async fn count(&self, subject: &[u8], now: Timestamp) -> Result<bool> {
        let mut tx = self.core.db.write().await?;
        let forgotten = now.plus_seconds(-LOCK_MINUTES * MINUTE);
        let lock = now.plus_seconds(LOCK_MINUTES * MINUTE);
        let counted = store::count_try(&mut tx, subject, now, forgotten, MAX_FAILURES, lock).await?.is_some();
        tx.commit().await?;
        Ok(counted)
    }

    /// Judges a try and opens a session. Without an account it takes as long and fails.
    ///
    /// # Errors
    /// `login_failed` whatever was wrong.
    pub async fn open(
        &self,
        counted: Try,
        account: Option<Account>,
        password: Redacted<String>,
        code: &str,
    ) -> Result<Opened> {
        let now = self.core.now();
        let stored = account.as_ref().map(|account| account.password_hash.clone());
        let fits = self.passwords.fits(&counted.place, password, stored).await?;
        let Some(account) = account.filter(|_| fits) else { return Err(self.failed(&counted)) };
        // Whoever has the password could try codes from ever new addresses. So these tries are counted for the person alone;
        // nobody without the password can use them up, and the answer does not tell that it was right.
        let codes = self.digest_of(&[account.id.as_bytes(), b"codes"]);
        if !self.count(&codes, now).await? {
            tracing::warn!(person.id = %account.id, "log-in: too many wrong codes after the right password");
            return Err(self.failed(&counted));
        }
        let secret = self.core.vault.open_bytes(self.realm.totp_table(), account.id, &account.totp_sealed)?;
        let Some(step) = totp::check(&secret, code, now)? else { return Err(self.failed(&counted)) };
        let token = base64url(&self.core.random.bytes::<32>());
        let statements = self.realm.statements();
        let mut tx = self.core.db.write().await?;
        let Account { id, password_hash, totp_sealed } = &account;
        if !statements.spend_step(&mut tx, *id, step, password_hash, totp_sealed).await?.happened() {
            return Err(self.failed(&counted));
        }
        store::forget_failures(&mut tx, &counted.subject).await?;
        store::forget_failures(&mut tx, &codes).await?;
        statements.add(&mut tx, &digest(&token), account.id, now, Life::end_of(now)).await?;
        let mut proven = self.proven();
        if proven.len() >= PROVEN {
            proven.clear();
        }
        proven.insert(counted.subject);
        drop(proven);
        Ok(Opened { tx, token: Redacted(token) })
    }

    fn proven(&self) -> MutexGuard<'_, HashSet<Vec<u8>>> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, counted: &Try) -> Error {
        self.wrong.note(counted.address, self.core.now());
        Code::LoginFailed.into()
    }

    /// Judges a session at a request and notes that it is in use.
    ///
    /// # Errors
    /// `session_ended`; `password_required` after half an hour without a request.
    pub async fn keep(&self, token: &str, life: Life) -> Result<()> {
        let now = self.core.now();
        if life.judge(now)? {
            self.touch(token, now, None).await?;
        }
        Ok(())
    }

    /// Continues an idle session with the password alone.
    ///
    /// # Errors
    /// `session_ended`, `login_failed`, `too_many`.
    pub async fn resume(
        &self,
        token: &str,
        life: Life,
        (username, password_hash): (&str, String),
        password: Redacted<String>,
        address: IpAddr,
    ) -> Result<()> {
        life.require_unended(self.core.now())?;
        // Whoever has the session is no stranger who tries names.
        let counted = self.admit(self.subject(username, address), address, self.core.now()).await?;
        if !self.passwords.fits(&counted.place, password, Some(password_hash)).await? {
            return Err(self.failed(&counted));
        }
        self.touch(token, self.core.now(), Some(counted)).await
    }

    /// Ends a session. Ending one that is over is the same.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn close(&self, token: &str) -> Result<()> {
        let mut tx = self.core.db.write().await?;
        self.realm.statements().end(&mut tx, &digest(token)).await?;
        Ok(tx.commit().await?)
    }

    /// Forgets sessions and failures that are over; gives how many rows.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.core.now();
        let mut tx = self.core.db.write().await?;
        let sessions = self.realm.statements().sweep(&mut tx, now).await?;
        let failures = store::sweep_failures(&mut tx, now.plus_seconds(-2 * LOCK_MINUTES * MINUTE)).await?;
        tx.commit().await?;
        Ok(sessions + failures)
    }

    async fn touch(&self, token: &str, now: Timestamp, counted: Option<Try>) -> Result<()> {
        let mut tx = self.core.db.write().await?;
        if let Some(Try { subject, .. }) = counted {
            store::forget_failures(&mut tx, &subject).await?;
        }
        self.realm.statements().touch(&mut tx, &digest(token), now).await?;
        Ok(tx.commit().await?)
    }

    fn subject(&self, username: &str, address: IpAddr) -> Vec<u8> {
        let address = address.to_string();
        let mut parts = vec![username.as_bytes(), address.as_bytes()];
        if self.realm == Realm::Employees {
            // An officer and an employee may have one name: their failures are not each other's.
            parts.push(b"employee");
        }
        self.digest_of(&parts)
    }

    fn digest_of(&self, parts: &[&[u8]]) -> Vec<u8> {
        self.core.vault.mac_index(Label::LoginSubject, parts).to_vec()
    }
}

/// SHA-256 of a cookie's value: what is stored of it.
pub fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
