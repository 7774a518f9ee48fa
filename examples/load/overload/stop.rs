//! SIGTERM while many ask: what was sent before it is answered, and what was acknowledged is there.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::Run;
use super::drive::{Origin, Sent, drive};
use super::things::{Cast, Thing};

/// What a stop under load did to requests.
pub struct Stopped {
    pub times: f64,
    /// Sent before the signal.
    pub before: usize,
    /// Of those, answered after it.
    pub finished: usize,
    /// Of those, without an answer.
    pub lost: usize,
    /// Sent after the signal: answered, and left without an answer.
    pub after: (usize, usize),
    /// Due after it, and no connection could be had.
    pub refused: usize,
    /// Checks that were answered as valid, and rows that say so.
    pub acknowledged: usize,
    pub kept: usize,
    pub seconds: f64,
}

const VALID: &str = "SELECT COUNT(*) FROM verification WHERE result = 'valid'";
/// Seconds under load, and when in them the signal comes.
const SECONDS: (f64, f64) = (4.0, 2.0);

pub async fn stop(run: &Run<'_>, rate: f64, times: f64) -> Stopped {
    let mut cast = Cast::gather(&run.place, &[]).await;
    let mut server = run.server(&run.shipped);
    let kept = run.place.count(VALID).await;
    let requests = cast.requests(Thing::Verifications, (rate * SECONDS.0) as usize + 1).await;
    let mut load = run.load(Thing::Verifications, Origin::Many(run.asked.addresses), rate, SECONDS.0);
    load.retry = false;
    let pid = Pid::from_child(&server.child);
    let driving = tokio::spawn(drive(load, requests));
    tokio::time::sleep(Duration::from_secs_f64(SECONDS.1)).await;
    let told = std::time::Instant::now();
    kill_process(pid, Signal::TERM).unwrap();
    let (server, ended) = tokio::task::spawn_blocking(move || {
        server.child.wait().unwrap();
        (server, told.elapsed())
    })
    .await
    .unwrap();
    drop(server);
    let seen = driving.await.unwrap();
    let told = told.duration_since(seen.begun).as_secs_f64();
    let count = |which: &dyn Fn(&Sent) -> bool| seen.sent.iter().filter(|sent| which(sent)).count();
    let earlier = |sent: &Sent| sent.written.is_some_and(|written| written < told);
    let later = |sent: &Sent| sent.written.is_some_and(|written| written >= told);
    Stopped {
        times,
        before: count(&earlier),
        finished: count(&|sent| earlier(sent) && sent.answered.is_some_and(|answered| answered > told)),
        lost: count(&|sent| earlier(sent) && sent.answered.is_none()),
        after: (
            count(&|sent| later(sent) && sent.answered.is_some()),
            count(&|sent| later(sent) && sent.answered.is_none()),
        ),
        refused: count(&|sent| sent.written.is_none()),
        acknowledged: count(&|sent| sent.good),
        kept: (run.place.count(VALID).await - kept) as usize,
        seconds: ended.as_secs_f64(),
    }
}
