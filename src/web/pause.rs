//! A moment before a refusal. Who is told at once to come again, and does at once, costs others as much as it asks; whoever is kept for a
//! moment asks that often at most on each connection. Only beyond so many refusals a second: until then they cost nothing worth sparing.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::response::Response;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http::StatusCode;
use http::header::RETRY_AFTER;

/// Refusals a second that are told at once, by this process.
const AT_ONCE: u32 = 200;
/// The moment.
const MOMENT: Duration = Duration::from_millis(400);

/// Refusals of late.
pub struct Pause(DefaultDirectRateLimiter);

impl Default for Pause {
    fn default() -> Self {
        Self(RateLimiter::direct(Quota::per_second(NonZeroU32::MIN.saturating_add(AT_ONCE - 1))))
    }
}

impl Pause {
    /// How long a refusal waits that says when to come again, if there are many.
    pub fn before(&self, answer: &Response) -> Option<Duration> {
        let refused = matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let waits = refused && answer.headers().contains_key(RETRY_AFTER) && self.0.check().is_err();
        waits.then_some(MOMENT)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn answer(status: u16, retry_after: bool) -> Response {
        let builder = Response::builder().status(status);
        let builder = if retry_after { builder.header(RETRY_AFTER, "1") } else { builder };
        builder.body(Body::empty()).unwrap()
    }

    #[test]
    fn many_refusals_pause_and_nothing_else_does() {
        let pause = Pause::default();
        let at_once = |status, retry_after| pause.before(&answer(status, retry_after)).is_none();
        let mut told = 0;
        for _ in 0..1_000 {
            assert!(at_once(200, false) && at_once(503, false) && at_once(422, true));
            told += usize::from(at_once(429, true));
        }
        // A few more where this machine takes its time.
        assert!((200..900).contains(&told), "{told}");
        assert!((0..10).any(|_| pause.before(&answer(503, true)) == Some(MOMENT)));
    }
}
