//! Rounds that come again.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::measured;
use crate::error::Result;

/// How often a round comes, and what a stop does to it.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pause: Duration,
    first_at_once: bool,
    cut_off: bool,
}

impl Pace {
    /// Rounds with this pause between them, the first at once. A stop lets a round finish.
    pub const fn pausing(pause: Duration) -> Self {
        Self { pause, first_at_once: true, cut_off: false }
    }

    /// The first round comes after a pause: its work was done before the job began.
    #[must_use]
    pub const fn first_later(self) -> Self {
        Self { first_at_once: false, ..self }
    }

    /// A stop cuts a round off wherever it waits: for rounds that may be long, and whose every step stands for itself.
    #[must_use]
    pub const fn cut_off(self) -> Self {
        Self { cut_off: true, ..self }
    }
}

/// Does `round` again and again until `stop`. One that fails is logged; the next comes as if it had not.
pub async fn every<F>(name: &'static str, pace: Pace, stop: &CancellationToken, round: impl Fn() -> F)
where
    F: Future<Output = Result<()>>,
{
    let mut rest = !pace.first_at_once;
    while !stop.is_cancelled() {
        if rest {
            tokio::select! {
                () = tokio::time::sleep(pace.pause) => {}
                () = stop.cancelled() => return,
            }
        }
        rest = true;
        let done = if pace.cut_off {
            tokio::select! {
                done = measured(name, round()) => done,
                () = stop.cancelled() => return,
            }
        } else {
            measured(name, round()).await
        };
        if let Err(error) = done {
            tracing::warn!(job.name = name, error.cause = %error, "a round of background work failed; it comes again");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::error::Error;

    const PAUSE: Duration = Duration::from_millis(10);

    /// Runs rounds of `work` for a while, stops, and gives how many there were.
    async fn rounds_of(pace: Pace, work: impl AsyncFn(u32) -> Result<()>) -> u32 {
        let (stop, rounds) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
        let working = every("test", pace, &stop, async || work(rounds.fetch_add(1, Ordering::Relaxed)).await);
        let stopping = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            stop.cancel();
        };
        tokio::time::timeout(Duration::from_secs(5), async { tokio::join!(working, stopping) }).await.unwrap();
        rounds.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn what_fails_or_panics_comes_again() {
        let rounds = rounds_of(Pace::pausing(PAUSE), async |round| match round {
            0 => Err(Error::internal("no")),
            1 => panic!("a fault"),
            _ => Ok(()),
        });
        assert!(rounds.await > 2);
    }

    #[tokio::test]
    async fn a_stop_ends_a_pause_and_cuts_off_what_may_be_cut_off() {
        let pace = Pace::pausing(Duration::from_secs(3_600));
        assert_eq!(rounds_of(pace, async |_| Ok(())).await, 1);
        assert_eq!(rounds_of(pace.first_later(), async |_| Ok(())).await, 0);
        let endless = async |_| std::future::pending().await;
        assert_eq!(rounds_of(pace.cut_off(), endless).await, 1);
    }

    #[tokio::test]
    async fn a_stop_lets_a_round_finish() {
        let finished = AtomicU32::new(0);
        let rounds = rounds_of(Pace::pausing(PAUSE), async |_| {
            tokio::time::sleep(Duration::from_millis(200)).await;
            finished.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        assert_eq!((rounds.await, finished.load(Ordering::Relaxed)), (1, 1));
    }
}
