//! What anybody may send without an account: a little for nothing, more for a solved captcha, and never beyond a share of the day.

use std::net::IpAddr;

use super::service;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::fair::{Tier, tiers};
use crate::transaction;
use crate::window::{Counted, Window, of_network};

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
    /// Counts a try, and what is taken once the try is paid for: whoever brings no captcha, or a wrong or spent one, has tried and uses up
    /// nothing of the day's share, which everybody behind the address has together.
    ///
    /// # Errors
    /// `captcha_required`, `captcha_invalid`, `too_many`.
    pub async fn admit(&self, context: &Context, from: IpAddr, captcha: Option<&str>, now: Timestamp) -> Result<()> {
        // Nobody solves a captcha for what is refused anyway, and such a refusal takes no writing transaction.
        self.require_left(&mut context.db.read().await?, context, from, now).await?;
        // Whatever the answer is, what was counted and spent before it stays: it is given as a value.
        transaction!(context.db, "captcha.admit", |tx| {
            let mut is_free = true;
            for Tier { network, shares } in tiers(from) {
                let counted = self.tries.count(tx, &[&of_network(&context.vault, network)], now).await?;
                is_free &= matches!(counted, Counted::Use(number) if number <= self.free * i64::from(shares));
            }
            if !is_free && let Err(refused) = service::pay(tx, &context.vault, captcha, now).await? {
                return Ok(Err(refused));
            }
            for Tier { network, shares } in tiers(from) {
                let counted = self.share(shares).count(tx, &[&of_network(&context.vault, network)], now).await?;
                if let Err(full) = counted.or_refuse(too_many()) {
                    return Ok(Err(full.into()));
                }
            }
            Ok(Ok(()))
        })?
    }

    async fn require_left(&self, tx: &mut Tx, context: &Context, from: IpAddr, now: Timestamp) -> Result<()> {
        for Tier { network, shares } in tiers(from) {
            let left = self.share(shares).remaining(tx, &[&of_network(&context.vault, network)], now).await?;
            if left.uses == 0 {
                return Err(too_many().retry_after(left.retry_after).into());
            }
        }
        Ok(())
    }

    /// What a network has of the day that is so many clients.
    fn share(&self, shares: u32) -> Window {
        Window { most: self.most.most * i64::from(shares), ..self.most }
    }
}

fn too_many() -> Refusal {
    Code::TooMany.into()
}
