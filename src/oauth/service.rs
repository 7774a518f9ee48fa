//! Giving out access tokens.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::model::{Assertion, Expected, Fault, digest};
use super::ports::{Client, Clients};
use super::{store, token};
use crate::clock::MINUTE;
use crate::context::Context;
use crate::error::{Code, Error, Refusal, Result};
use crate::fair::Turns;
use crate::secret::Redacted;
use crate::throttle::Throttle;
use crate::transaction;
use crate::window::Window;

/// Seconds that an access token lives at most.
pub const TOKEN_SECONDS: i64 = 15 * MINUTE;
/// Tokens of one key: each is a row for some minutes. One is enough for a quarter of an hour.
const TOKENS: Window = Window { kind: "client_token", seconds: MINUTE, most: 60 };
/// Wrong assertions of one address before it has to wait; and seconds for one more. As many as wrong API keys.
const WRONG_PER_ADDRESS: (i64, i64) = (30, 10);
/// How many of them wait at most, what one costs about (a signature and a look-up), and for how long it waits.
const DOUBTFUL_WAITING: usize = 64;
const DOUBTFUL_COST: Duration = Duration::from_millis(2);
const DOUBTFUL_PATIENCE: Duration = Duration::from_secs(5);

/// Where tokens are given out, for the clients of one issuer. Cloning shares what is counted.
#[derive(Clone)]
pub struct Tokens {
    context: Context,
    issuer: Arc<str>,
    clients: Arc<[Arc<dyn Clients>]>,
    wrong: Throttle,
    /// Those of addresses that were wrong too often stand in a queue of their own, fair between clients: whoever is behind the same address as a
    /// guesser still gets a token.
    doubtful: Turns,
}

/// A token that was given out.
pub struct Granted {
    /// The token.
    pub access_token: Redacted<String>,
    /// Seconds that it lives.
    pub seconds: i64,
    /// To which relying party, where it is one.
    pub party: Option<Uuid>,
}

/// Why no token was given.
#[derive(Debug)]
pub enum Denied {
    /// The assertion does not hold: `invalid_client` (RFC 6749 §5.2).
    Assertion(Fault),
    /// Too many, or the database does not answer.
    Other(Error),
}

impl From<Fault> for Denied {
    fn from(fault: Fault) -> Self {
        Self::Assertion(fault)
    }
}

impl From<Error> for Denied {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl Tokens {
    /// For the clients of an issuer: an address, of which its own path is left out.
    pub fn new(context: Context, path: &str, clients: Vec<Arc<dyn Clients>>) -> Self {
        let (burst, seconds) = WRONG_PER_ADDRESS;
        Self {
            issuer: format!("{}{path}", context.config.service.public_url).into(),
            context,
            clients: clients.into(),
            wrong: Throttle::new(burst, seconds),
            doubtful: Turns::new(1, DOUBTFUL_WAITING),
        }
    }

    /// What assertions have as their audience: an address, below which the token endpoint is.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A token for whoever signed this assertion, from this address, if that is known; `client_id` is what stood beside it.
    ///
    /// # Errors
    /// What is wrong with the assertion; `too_many` for a wrong one after thirty others of this address, and beyond sixty tokens of one key
    /// in a minute.
    pub async fn grant(
        &self,
        address: Option<IpAddr>,
        assertion: &str,
        client_id: Option<&str>,
    ) -> Result<Granted, Denied> {
        let Some(address) = address else { return self.judge(assertion, client_id).await };
        let wait = self.wrong.begin(address, self.context.now()).err();
        let refuse = |seconds| Denied::Other(Refusal::new(Code::TooMany).retry_after(seconds).into());
        let _turn = match wait {
            Some(seconds) => {
                let turn = self.doubtful.take(address, DOUBTFUL_COST, DOUBTFUL_PATIENCE).await;
                Some(turn.ok_or_else(|| refuse(seconds))?)
            }
            None => None,
        };
        match self.judge(assertion, client_id).await {
            Err(Denied::Assertion(fault)) => Err(wait.map_or(Denied::Assertion(fault), refuse)),
            done => {
                if wait.is_none() {
                    self.wrong.was_right(address);
                }
                done
            }
        }
    }

    async fn judge(&self, text: &str, client_id: Option<&str>) -> Result<Granted, Denied> {
        let (assertion, now) = (Assertion::read(text)?, self.context.now());
        let client = self.find(assertion.kid()).await?.ok_or(Fault::Key)?;
        let expected = Expected { client_id: &client.client_id, issuer: &self.issuer, now };
        let held = assertion.judge(&client.key, &expected)?;
        // Where it is said beside the assertion too, both say the same (RFC 7521 §4.2).
        if client_id.is_some_and(|said| said != client.client_id) {
            return Err(Fault::Client.into());
        }
        let (key_id, spent) = (client.key_id, digest(client.key_id, &held.jti));
        let is_new = transaction!(self.context.db, "oauth.spend", |tx| {
            if !store::spend(tx, &spent, held.remembered_until).await?.happened() {
                return Ok(false);
            }
            // Beyond the share nothing stays: the same assertion works when there is room again.
            TOKENS.count(tx, &[key_id.as_bytes()], now).await?.or_refuse(Refusal::new(Code::TooMany))?;
            Ok(true)
        })?;
        if !is_new {
            return Err(Fault::Used.into());
        }
        let end = now.plus_seconds(TOKEN_SECONDS);
        let end = client.expires_at.map_or(end, |key_ends| end.min(key_ends));
        let access_token = token::seal(&self.context.vault, client.realm, key_id, end);
        Ok(Granted { access_token, seconds: end.seconds_since(now), party: client.party })
    }

    async fn find(&self, kid: &str) -> Result<Option<Client>> {
        for clients in &*self.clients {
            if let Some(client) = clients.find(kid, self.context.now()).await? {
                return Ok(Some(client));
            }
        }
        Ok(None)
    }
}

/// Forgets assertions that count no more; gives how many.
///
/// # Errors
/// When the database did not do it.
pub async fn sweep(context: &Context) -> Result<u64> {
    let now = context.now();
    transaction!(context.db, "oauth.sweep", |tx| Ok(store::sweep(tx, now).await?))
}
