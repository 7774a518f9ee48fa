//! Logging in.

use uuid::Uuid;

use super::model::{AccountState, Life, Realm, check_username};
use super::notice::{self, NEW_BROWSER};
use super::passkey::Question;
use super::passkey::model::Purpose;
use super::proof::{Client, Proof, Prover, Second, Spent, Try};
use super::sessions::{digest, known_by, new_token};
use super::store::account::{self, Account};
use super::store::session;
use crate::audit::{self, Action, Actor, Event, GENERAL, Outcome};
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Result};
use crate::fair::in_session;
use crate::secret::Redacted;
use crate::transaction;

/// Failed log-ins with names that nobody has that are written to the audit log in an hour, of all strangers together.
const UNKNOWN_PER_HOUR: i64 = 500;

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
    context: Context,
    realm: Realm,
    audit: audit::Service,
    /// Counts and judges the tries.
    pub prover: Prover,
}

impl LogIns {
    /// Over the shared tables.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn new(context: Context, realm: Realm) -> Result<Self> {
        let prover = Prover::new(context.clone(), realm)?;
        Ok(Self { audit: audit::Service::new(context.clone()), context, realm, prover })
    }

    /// Hashes of passwords that were computed so far: what a log-in costs, whatever is wrong with it.
    pub fn hashes(&self) -> u64 {
        self.prover.passwords.computed()
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
        second: Second<'_>,
        client: &Client,
    ) -> Result<LoggedIn> {
        let username = username.trim().to_lowercase();
        let counted = self.prover.begin(&username, client).await?;
        let stranger = counted.address;
        let account = self.account(&username).await;
        let done = match account {
            Ok(account) => self.open(counted, &username, account, (password, second), client.browser.as_deref()).await,
            Err(error) => Err(error),
        };
        done.inspect_err(|error| self.prover.take_back(stranger, error))
    }

    /// The account of a name, as it stands now; none for who may not log in.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn account(&self, username: &str) -> Result<Option<Account>> {
        // A text that cannot be a user name is not looked up: PostgreSQL accepts no text with a zero byte.
        let name = check_username(username).unwrap_or_else(|_| String::from("-"));
        let mut reader = self.context.db.read().await?;
        let account = account::by_name(&mut reader, self.realm, &name).await?;
        Ok(account.filter(|account| account.state == AccountState::Active))
    }

    /// Judges a try and opens a session. Every failure takes the same steps: what [`Prover`] compares, one step spent,
    /// one entry. Only writes to rows that do not exist are missing.
    ///
    /// # Errors
    /// `login_failed` whatever was wrong.
    pub async fn open(
        &self,
        counted: Try,
        username: &str,
        account: Option<Account>,
        (password, second): (Redacted<String>, Second<'_>),
        browser: Option<&str>,
    ) -> Result<LoggedIn> {
        let now = self.context.now();
        let event = self.event(username, account.as_ref());
        let person = account.as_ref().map_or(Uuid::nil(), |account| account.person.staff_id);
        let known = self.prover.is_known(username, browser);
        let proof = Proof { account, password, second, purpose: Purpose::LogIn };
        let proven = self.prover.prove(&counted, proof, now).await?;
        let token = transaction!(self.context.db, "staff.log_in", |tx| {
            let spent = proven.spend(tx, now).await?;
            if spent != Spent::Yes {
                self.fail(tx, person, event).await?;
                if spent == Spent::CountedBack {
                    let event = Event { action: Action::PasskeyCountedBack, ..event };
                    self.audit.refused_in(tx, event, Code::LoginFailed).await?;
                }
                // Given as a value: what was counted is kept.
                return Ok(Err(spent));
            }
            counted.forget_failures(tx).await?;
            let token = new_token(&self.context.random);
            if !known {
                notice::tell(tx, &self.context, NEW_BROWSER, person, now).await?;
            }
            let before = account::note_log_in(tx, person, now).await?;
            let by_passkey = proven.is_by_passkey();
            session::add(tx, (&digest(token.expose()), by_passkey), person, (now, Life::end_of(now)), before).await?;
            in_session(&known_by(person, now));
            self.audit.record(tx, event, Outcome::Done).await?;
            Ok(Ok(token))
        })?
        .map_err(|spent| proven.refusal(spent))?;
        self.prover.was_right(counted.address);
        Ok(LoggedIn { token, browser: self.prover.make_known(username, browser, now) })
    }

    /// Asks for a passkey's signature, after the right password. A name that nobody has, a wrong password and somebody without a
    /// passkey are the same here. The try is counted until somebody is logged in.
    ///
    /// # Errors
    /// `login_failed` whatever was wrong; `too_many`, `overloaded` as for a log-in; `wrong_state` where there can be no passkeys.
    pub async fn ask_passkey(&self, username: &str, password: Redacted<String>, client: &Client) -> Result<Question> {
        self.prover.ceremonies()?;
        let username = username.trim().to_lowercase();
        let counted = self.prover.begin(&username, client).await?;
        let stranger = counted.address;
        let account = self.account(&username).await;
        let asked = match account {
            Ok(account) => self.question(&counted, &username, account, password).await,
            Err(error) => Err(error),
        };
        let asked = asked.inspect_err(|error| self.prover.take_back(stranger, error))?;
        self.prover.was_right(stranger);
        Ok(asked)
    }

    async fn question(
        &self,
        counted: &Try,
        username: &str,
        account: Option<Account>,
        password: Redacted<String>,
    ) -> Result<Question> {
        let now = self.context.now();
        let event = self.event(username, account.as_ref());
        let person = account.as_ref().map_or(Uuid::nil(), |account| account.person.staff_id);
        let good = self.prover.weigh(counted, account.as_ref(), password, now).await?.good;
        let may = account.is_some_and(|account| account.standing(now) != "ended");
        let whose = if good && may { person } else { Uuid::nil() };
        if let Some(question) = self.prover.ask(whose, Purpose::LogIn).await? {
            return Ok(question);
        }
        transaction!(self.context.db, "staff.no_passkey", |tx| self.fail(tx, person, event).await)?;
        Err(Code::LoginFailed.into())
    }

    /// Notes that a log-in failed.
    async fn fail(&self, tx: &mut Tx, person: Uuid, event: Event) -> Result<()> {
        // The person's row is locked before the log's rows, as in a successful log-in, because both may run at once.
        account::note_failure(tx, person).await?.either_way();
        let all = self.audit.count(tx, Uuid::nil(), "unknown log-ins").await?;
        if !person.is_nil() || all <= UNKNOWN_PER_HOUR || audit::model::is_written(all) {
            self.audit.refused_in(tx, event, Code::LoginFailed).await?;
        }
        Ok(())
    }

    fn event(&self, username: &str, account: Option<&Account>) -> Event {
        match account {
            Some(account) => account.person.event(Action::LogIn, account.person.staff_id),
            None => Event {
                chain: GENERAL,
                actor: Actor::Stranger,
                action: Action::LogIn,
                subject_id: self.prover.pseudonym(username),
            },
        }
    }
}
