//! Coarse flood protection per address and process. Limits that protect secrets are counted in rows instead.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{Caller, ClientAddress, Problem};
use crate::context::Context;
use crate::error::{Code, Refusal};
use crate::fair::network::SHARES;
use crate::fair::{Network, for_client, tiers};
use crate::security::Kind;

/// The limiters of requests and of files; `None` when switched off. Cloning shares them.
#[derive(Clone)]
pub struct Flood(Option<Arc<(Rates, Rates)>>);

/// Files that a client gets for one request: they lie in memory, and an office of twenty desks behind one address loads ninety each when
/// it opens.
const FILES: u32 = 10;

/// A rate per second for each client, with a burst of four times that. Wider networks have larger shares.
pub struct Rates {
    /// By shares, the narrowest first.
    tiers: Vec<(u32, DefaultKeyedRateLimiter<Network>)>,
    asked: AtomicU64,
}

/// Number of requests after which quiet networks are forgotten, so that memory is bounded by the busy ones.
const FORGET_EVERY: u64 = 10_000;

impl Rates {
    /// `per_second` for one client; 0 counts as 1.
    pub fn new(per_second: u32) -> Self {
        let limiter = |shares: u32| {
            let rate = NonZeroU32::MIN.saturating_add(per_second.saturating_mul(shares).saturating_sub(1));
            let burst = rate.saturating_mul(NonZeroU32::new(4).unwrap_or(rate));
            (shares, RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst)))
        };
        Self { tiers: SHARES.map(limiter).into(), asked: AtomicU64::new(0) }
    }

    /// Whether this address has used up its share. If not, this request is charged to it.
    pub fn refuses(&self, address: IpAddr) -> bool {
        if self.asked.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            for (_, rates) in &self.tiers {
                rates.retain_recent();
                rates.shrink_to_fit();
            }
        }
        tiers(address).any(|tier| {
            let limiter = self.tiers.iter().find(|(shares, _)| *shares == tier.shares);
            limiter.is_some_and(|(_, rates)| rates.check_key(&tier.network).is_err())
        })
    }
}

impl Flood {
    /// With the configured rate; the burst is four times that.
    pub fn new(context: &Context) -> Self {
        let rate = context.config.limits.requests_per_second;
        Self((rate > 0).then(|| Arc::new((Rates::new(rate), Rates::new(rate.saturating_mul(FILES))))))
    }
}

/// The layer: 429 beyond the rate. Relying parties are limited by the queue of the verification pipeline, not by
/// address: all branches of a bank may share one address.
pub async fn limit(State(flood): State<Flood>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let exempt = path.starts_with("/v1/verifications") || path.starts_with("/health/");
    let Some(ClientAddress(address)) = request.extensions().get::<ClientAddress>().copied() else {
        return next.run(request).await;
    };
    let limiter = flood.0.as_deref().map(|(requests, files)| if path.starts_with("/web/") { files } else { requests });
    if limiter.is_some_and(|limiter| !exempt && limiter.refuses(address)) {
        Caller::of(request.extensions()).did(Kind::Flood);
        return Problem::from(Refusal::new(Code::TooMany).retry_after(1)).into_response();
    }
    // Shared resources taken further inside, above all database connections, count as this client's.
    for_client(address, next.run(request)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn quiet_addresses_are_forgotten() {
        let rates = Rates::new(1_000);
        for number in 0..FORGET_EVERY - 1 {
            assert!(!rates.refuses(IpAddr::V4(std::net::Ipv4Addr::from_bits(number as u32))));
        }
        assert_eq!(rates.tiers[0].1.len() as u64, FORGET_EVERY - 1);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert!(!rates.refuses(IpAddr::from([255, 0, 0, 1])));
        assert!(rates.tiers[0].1.len() <= 1);
    }

    #[test]
    fn a_client_with_many_networks_has_sixteen_shares_and_not_one_for_each() {
        let rates = Rates::new(1);
        let from = |number: u16| IpAddr::from([0x2001, 0xdb8, 1, number, 0, 0, 0, 1]);
        let passed = (0..2_000).filter(|number| !rates.refuses(from(*number))).count();
        // A burst of 4 for one share; a few more if the clock goes on meanwhile.
        assert!((64..300).contains(&passed), "{passed}");
        assert!(!rates.refuses(IpAddr::from([0x2001, 0xdb8, 2, 0, 0, 0, 0, 1])));
    }
}
