//! When a captcha is asked for, and that each solution counts once.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{CaptchaChallenge, Solved, issue, store, verify};
use crate::core::Core;
use crate::db::Tx;
use crate::error::{Code, Result};

/// Asks busy addresses for work instead of refusing them: many phones share one address. The count of requests is coarse
/// flood protection and lives in this process; what guards secrets is counted in rows. Cloning shares it.
#[derive(Clone)]
pub struct CaptchaGate {
    core: Core,
    free: Option<Arc<DefaultKeyedRateLimiter<IpAddr>>>,
}

/// How much harder the work is for an address that has used up its free share.
const BUSY_FACTOR: u64 = 4;

impl CaptchaGate {
    /// The gate with the configured free share.
    pub fn new(core: Core) -> Self {
        let free = NonZeroU32::new(core.config.captcha.free_per_minute)
            .map(|share| Arc::new(RateLimiter::keyed(Quota::per_minute(share))));
        Self { core, free }
    }

    /// Lets a request through that comes within its address's free share or with a fresh solution.
    ///
    /// # Errors
    /// `captcha_required`, `captcha_invalid`.
    pub async fn pass(&self, address: IpAddr, solution: Option<&str>) -> Result<()> {
        if solution.is_none() && self.free.as_ref().is_some_and(|free| free.check_key(&address).is_ok()) {
            return Ok(());
        }
        let solved = verify(&self.core.vault, solution, self.core.now())?;
        let mut tx = self.core.db.write().await?;
        spend(&mut tx, &solved).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A challenge; harder for an address that has used up its free share.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn challenge(&self, address: IpAddr) -> Result<CaptchaChallenge> {
        // Asking for a challenge uses one unit too, so a flood of them gets harder ones.
        let busy = self.free.as_ref().is_none_or(|free| free.check_key(&address).is_err());
        let factor = if busy { BUSY_FACTOR } else { 1 };
        issue(&self.core.vault, &self.core.random, self.core.config.captcha.max_number * factor, self.core.now())
    }

    /// Forgets addresses that have been quiet.
    pub fn forget_quiet(&self) {
        if let Some(free) = &self.free {
            free.retain_recent();
            free.shrink_to_fit();
        }
    }

    /// Forgets spent solutions that have expired.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<u64> {
        let mut tx = self.core.db.write().await?;
        let swept = store::sweep(&mut tx, self.core.now()).await?;
        tx.commit().await?;
        Ok(swept)
    }
}

/// Spends a solution in the transaction of what it pays for.
///
/// # Errors
/// `captcha_invalid` when it was spent before.
pub async fn spend(tx: &mut Tx, solved: &Solved) -> Result<()> {
    if store::spend(tx, &solved.hash, solved.expires_at).await?.happened() {
        Ok(())
    } else {
        Err(Code::CaptchaInvalid.into())
    }
}
