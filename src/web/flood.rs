//! Coarse flood protection per address and process. What guards secrets is counted in rows.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{ClientAddress, Problem};
use crate::core::Core;
use crate::error::{Code, Refusal};

/// The limiter; none when switched off. Cloning shares it.
#[derive(Clone)]
pub struct Flood(Option<Arc<Limiter>>);

struct Limiter {
    rates: DefaultKeyedRateLimiter<IpAddr>,
    asked: AtomicU64,
}

/// Requests after which addresses that have been quiet are forgotten, so that memory is bounded by what is busy.
const FORGET_EVERY: u64 = 10_000;

impl Limiter {
    fn refuses(&self, address: &IpAddr) -> bool {
        if self.asked.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.rates.retain_recent();
            self.rates.shrink_to_fit();
        }
        self.rates.check_key(address).is_err()
    }
}

impl Flood {
    /// With the configured rate; the burst is four times that.
    pub fn new(core: &Core) -> Self {
        let rate = core.config.limits.requests_per_second;
        Self(NonZeroU32::new(rate).map(|rate| {
            let burst = rate.saturating_mul(NonZeroU32::new(4).unwrap_or(rate));
            let rates = RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst));
            Arc::new(Limiter { rates, asked: AtomicU64::new(0) })
        }))
    }
}

/// The layer: 429 beyond the rate. Relying parties are limited by their own lane's queue, not by address: a bank's branches
/// may share one.
pub async fn limit(State(flood): State<Flood>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let exempt = path.starts_with("/v1/verifications") || path.starts_with("/health/");
    if let Some(limiter) = flood.0.as_ref().filter(|_| !exempt)
        && let Some(ClientAddress(address)) = request.extensions().get::<ClientAddress>()
        && limiter.refuses(address)
    {
        return Problem::from(Refusal::new(Code::TooMany).retry_after(1)).into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn quiet_addresses_are_forgotten() {
        let quota = Quota::per_second(NonZeroU32::new(1_000).unwrap());
        let limiter = Limiter { rates: RateLimiter::keyed(quota), asked: AtomicU64::new(0) };
        for number in 0..FORGET_EVERY - 1 {
            assert!(!limiter.refuses(&IpAddr::V4(std::net::Ipv4Addr::from_bits(number as u32))));
        }
        assert_eq!(limiter.rates.len() as u64, FORGET_EVERY - 1);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert!(!limiter.refuses(&IpAddr::from([255, 0, 0, 1])));
        assert!(limiter.rates.len() <= 1);
    }
}
