//! Coarse flood protection per address and process. What guards secrets is counted in rows.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{ClientAddress, Problem};
use crate::core::Core;
use crate::error::{Code, Refusal};

/// The limiter; none when switched off. Cloning shares it.
#[derive(Clone)]
pub struct Flood(Option<Arc<DefaultKeyedRateLimiter<IpAddr>>>);

impl Flood {
    /// With the configured rate; the burst is four times that.
    pub fn new(core: &Core) -> Self {
        let rate = core.config.limits.requests_per_second;
        Self(NonZeroU32::new(rate).map(|rate| {
            let burst = rate.saturating_mul(NonZeroU32::new(4).unwrap_or(rate));
            Arc::new(RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst)))
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
        && limiter.check_key(address).is_err()
    {
        return Problem::from(Refusal::new(Code::TooMany).retry_after(1)).into_response();
    }
    next.run(request).await
}
