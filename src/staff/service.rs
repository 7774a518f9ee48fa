//! The people of one realm, as the pages at which they log in use them.

use uuid::Uuid;

use super::log_in::{LogIns, LoggedIn};
use super::model::Realm;
use super::own_password::OwnPassword;
use super::own_secrets::OwnSecrets;
use super::passkey::OwnPasskeys;
use super::passkey::model::add_first;
use super::permission::{Act, Allowed};
use super::proof::{Client, Second};
use super::sessions::{Sessions, StaffSession};
use crate::audit;
use crate::context::Context;
use crate::error::{Code, Refusal, Result};
use crate::secret::Redacted;

/// The people of one realm. Cloning shares everything.
#[derive(Clone)]
pub struct Staff {
    /// Logging in.
    pub log_ins: LogIns,
    /// Being logged in.
    pub sessions: Sessions,
    /// Changing the own password.
    pub own_password: OwnPassword,
    /// Choosing own secrets in place of initial ones.
    pub own_secrets: OwnSecrets,
    /// The own passkeys.
    pub own_passkeys: OwnPasskeys,
    audit: audit::Service,
}

/// A new session: the cookies' values, and whose it is.
#[derive(Debug)]
pub struct NewSession {
    /// The cookie's value, which is nowhere stored.
    pub token: Redacted<String>,
    /// The cookie that makes this browser known.
    pub browser: Redacted<String>,
    /// Whose it is.
    pub session: StaffSession,
}

impl Staff {
    /// Over the shared tables. Each realm has a pool of its own for passwords, so that a flood of log-ins in one keeps nobody
    /// out of another.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn new(context: Context, realm: Realm) -> Result<Self> {
        let log_ins = LogIns::new(context.clone(), realm)?;
        let sessions = Sessions::new(context.clone(), realm, log_ins.prover.clone());
        let own_password = OwnPassword::new(context.clone(), log_ins.prover.clone(), sessions.clone());
        let own_secrets = OwnSecrets::new(context.clone(), log_ins.prover.clone(), sessions.clone());
        let own_passkeys = OwnPasskeys::new(context.clone(), log_ins.prover.clone(), sessions.clone());
        Ok(Self { log_ins, sessions, own_password, own_secrets, own_passkeys, audit: audit::Service::new(context) })
    }

    /// Logs a person in with the password, and an authenticator code or a passkey.
    ///
    /// # Errors
    /// `login_failed` whatever was wrong; `too_many` after failures, see [`LogIns::log_in`].
    pub async fn log_in(
        &self,
        username: &str,
        password: Redacted<String>,
        second: impl Into<Second<'_>>,
        client: impl Into<Client>,
    ) -> Result<NewSession> {
        let done = self.log_ins.log_in(username, password, second.into(), &client.into()).await?;
        let LoggedIn { token, browser } = done;
        let session = self.sessions.arrived(token.expose()).await?;
        Ok(NewSession { token, browser, session })
    }

    /// Whether somebody may do `A`, and who that is. A refusal is noted, in bounded numbers, with what it is about: the
    /// `subject` that the request names, where it names one.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn allow<A: Act>(&self, session: StaffSession, subject: Option<Uuid>) -> Result<Allowed<A>> {
        let may = session.roles().may(A::PERMISSION);
        let event = session.person.event(A::ACTION, subject.unwrap_or_else(|| A::about(&session)));
        if session.paused_since.is_some() {
            self.audit.refused(event, Code::Forbidden).await?;
            return Err(paused().into());
        }
        if session.needs_passkey {
            self.audit.refused(event, Code::Forbidden).await?;
            return Err(add_first().into());
        }
        let agent = A::Agent::try_from(session).ok().filter(|_| may);
        let Some(agent) = agent else {
            self.audit.refused(event, Code::Forbidden).await?;
            return Err(Code::Forbidden.into());
        };
        Ok(Allowed::new(agent))
    }
}

fn paused() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Hak Anda dijeda karena aktivasi yang Anda setujui dibatalkan. Bicarakan dengan penyelia lain di kantor ini, yang dapat \
         mengembalikannya.",
        "Your rights rest because an activation that you approved was annulled. Speak with another supervisor of this office, who can \
         give them back.",
    )
}
