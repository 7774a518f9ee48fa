//! When a captcha is required, and the spending of its solution.

use std::net::IpAddr;

use super::{CaptchaChallenge, MOST_STEPS, Solved, issue, store, verify};
use crate::clock::{MICROS, MINUTE, Timestamp};
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Result};
use crate::fair::Meter;
use crate::transaction;
use crate::vault::Vault;

/// Requires proof of work from busy addresses instead of refusing them, because many phones share one address. The
/// price rises with the recent requests of the address and of all clients. The counts are coarse flood protection
/// within this process; limits that protect secrets are counted in rows. Cloning shares the gate.
#[derive(Clone)]
pub struct CaptchaGate {
    context: Context,
    /// Registrations and challenges of each client, and of all.
    each: Meter,
    all: Meter,
    free: i64,
}

/// All clients together have so many times the free share of one.
const ALL: i64 = 10;
/// Free shares that a client's bucket holds, and that of all; the price doubles with each doubling of what is in it. A full
/// one is back at its usual price after as many minutes.
const MOST_SHARES: (i64, i64) = (32, 8);
/// Most free shares of one client that count towards the total: a client that asks for more raises only its own price.
const COUNTED_SHARES: i64 = 2;
/// Doublings for an address, and for everybody.
const STEPS: (u8, u8) = (MOST_STEPS - 3, 3);
/// Doublings by which a client's own part of the price may have risen between challenge and solution. A rise caused by
/// other clients does not invalidate a solution.
const LENIENCY: u8 = 2;
/// Under which all are counted together.
const EVERYBODY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

impl CaptchaGate {
    /// The gate with the configured free share.
    pub fn new(context: Context) -> Self {
        let free = i64::from(context.config.captcha.free_per_minute);
        let meter = |share: i64, shares: i64| Meter::new(share * shares, MINUTE * MICROS / share);
        let (each, all) = (meter(free.max(1), MOST_SHARES.0), meter(free.max(1) * ALL, MOST_SHARES.1));
        Self { context, each, all, free }
    }

    /// Admits a request that is within the free share of its address and of all, or that brings a fresh solution at
    /// about the present price.
    ///
    /// # Errors
    /// `captcha_required`, `captcha_invalid`.
    pub async fn pass(&self, address: IpAddr, solution: Option<&str>) -> Result<()> {
        let now = self.context.now();
        if solution.is_none()
            && self.each.level(address, now) < self.free
            && self.all.level(EVERYBODY, now) < self.free * ALL
        {
            self.note(address, now);
            return Ok(());
        }
        let solved = verify(&self.context.vault, solution, now)?;
        if solved.step + LENIENCY < self.own_step(address, now) {
            return Err(Code::CaptchaInvalid.into());
        }
        transaction!(self.context.db, "captcha.spend", |tx| spend(tx, &solved).await)
    }

    /// A challenge. It is harder for an address that has used up its free share, and when all clients together have.
    /// Requesting a challenge counts too, so challenges cannot be hoarded while they are cheap.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn challenge(&self, address: IpAddr) -> Result<CaptchaChallenge> {
        let now = self.context.now();
        let step = self.step(address, now);
        self.note(address, now);
        issue(&self.context.vault, &self.context.random, self.context.config.captcha.max_number, step, now)
    }

    fn note(&self, address: IpAddr, now: Timestamp) {
        if self.each.level(address, now) < self.free * COUNTED_SHARES {
            self.all.note(EVERYBODY, now);
        }
        self.each.note(address, now);
    }

    fn own_step(&self, address: IpAddr, now: Timestamp) -> u8 {
        doublings(self.each.level(address, now), self.free, STEPS.0)
    }

    fn step(&self, address: IpAddr, now: Timestamp) -> u8 {
        self.own_step(address, now) + doublings(self.all.level(EVERYBODY, now), self.free * ALL, STEPS.1)
    }

    /// Forgets addresses that have been quiet.
    pub fn forget_quiet(&self) {
        self.each.forget_quiet(self.context.now());
    }

    /// Forgets spent solutions that have expired.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        transaction!(self.context.db, "captcha.sweep", |tx| Ok(store::sweep(tx, now).await?))
    }
}

/// Spends a solution in the transaction of what it pays for.
///
/// # Errors
/// `captcha_invalid` when it was spent before.
pub async fn spend(tx: &mut Tx, solved: &Solved) -> Result<()> {
    store::spend(tx, &solved.hash, solved.expires_at).await?.or(Code::CaptchaInvalid)
}

/// Takes a solution for a counted try, in the transaction that counts it. A refusal is given as a value: the try stays counted whatever was
/// wrong with the solution, or one that is wrong, spent or missing would be a try for nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn pay(tx: &mut Tx, vault: &Vault, solution: Option<&str>, now: Timestamp) -> Result<Result<()>> {
    match verify(vault, solution, now) {
        Ok(solved) if store::spend(tx, &solved.hash, solved.expires_at).await?.happened() => Ok(Ok(())),
        Ok(_) => Ok(Err(Code::CaptchaInvalid.into())),
        Err(refused) => Ok(Err(refused)),
    }
}

/// How many times the price doubles: once from the free share on, once more from twice that on, and so on.
fn doublings(level: i64, free: i64, most: u8) -> u8 {
    let shares = level / free.max(1);
    u8::try_from(shares.max(0).checked_ilog2().map_or(0, |log| log + 1)).unwrap_or(most).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_doubles_with_what_was_used() {
        let steps = [(0, 0), (29, 0), (30, 1), (59, 1), (60, 2), (119, 2), (120, 3), (480, 5), (100_000, 5)];
        for (level, step) in steps {
            assert_eq!(doublings(level, 30, 5), step, "{level}");
        }
    }
}
