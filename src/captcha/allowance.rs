//! What anybody may send without an account: a little for nothing, more for a solved captcha, and never beyond a share of the day.

use std::net::IpAddr;

use super::{service, verify};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Code, Result};
use crate::fair::tiers;
use crate::transaction;
use crate::window::{Counted, Window};

/// How much one address may send, by what is counted in rows that all nodes share. Its networks have shares of their own.
pub struct Allowance {
    /// Tries; they never end.
    pub tries: Window,
    /// Tries of their window that cost nothing; each more needs a solved captcha.
    pub free: i64,
    /// What is taken at most.
    pub most: Window,
}

impl Allowance {
    /// Counts a try.
    ///
    /// # Errors
    /// `captcha_required`, `captcha_invalid`, `too_many`.
    pub async fn admit(&self, context: &Context, from: IpAddr, captcha: Option<&str>, now: Timestamp) -> Result<()> {
        transaction!(context.db, "captcha.admit", |tx| {
            let mut is_free = true;
            for tier in tiers(from) {
                let network = tier.network.to_string();
                let counted = self.tries.count(tx, &[network.as_bytes()], now).await?;
                let free = self.free * i64::from(tier.shares);
                is_free &= matches!(counted, Counted::Use(number) if number <= free);
                let most = Window { most: self.most.most * i64::from(tier.shares), ..self.most };
                most.count(tx, &[network.as_bytes()], now).await?.or_refuse(Code::TooMany.into())?;
            }
            if is_free {
                return Ok(Ok(()));
            }
            match verify(&context.vault, captcha, now) {
                Ok(solved) => service::spend(tx, &solved).await.map(Ok),
                // The try stays counted.
                Err(refused) => Ok(Err(refused)),
            }
        })?
    }
}
