//! A fair queue for a resource that only few can use at once and that some use for long: decoders, the database. The
//! client with the least recent use is next, so a hundred requests of one client delay each other and nobody else.
//!
//! A queue that does not end is no burst that passes: whoever has waited for long in it is told to come again, and the next one is
//! served in time. Else all would wait for as long as there are places, and the work would be for clients that have given up (the
//! controlled delay of Nichols and Jacobson, docs/adr/0048-overload.md).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::network::{Network, client, tiers};
use crate::clock::stopwatch;

/// Number of networks from which on those without recent use are forgotten.
const REMEMBERED: usize = 4_096;
/// How long a queue may stand before it is no burst any more.
const BURST: Duration = Duration::from_millis(800);
/// How long somebody may have waited then. Where no turn has ended for as long, what is waited for stands still: that is no overload.
const LATE: Duration = Duration::from_millis(400);

/// The queue. Cloning shares it.
#[derive(Clone)]
pub struct Turns {
    at_once: usize,
    places: usize,
    state: Arc<Mutex<State>>,
}

struct State {
    running: usize,
    /// Waiting callers, by client; none is empty.
    queues: HashMap<IpAddr, VecDeque<Waiting>>,
    /// The first of each queue, in the order in which they came.
    firsts: BTreeMap<u64, IpAddr>,
    /// How many wait, and of each network.
    waiting: usize,
    of: HashMap<Network, usize>,
    used: HashMap<Network, Used>,
    numbers: u64,
    /// Since when somebody has been waiting, without an end and without a stand-still.
    standing: Instant,
    /// When a turn ended last.
    ended: Instant,
}

struct Waiting {
    number: u64,
    address: IpAddr,
    cost: Duration,
    since: Instant,
    ready: oneshot::Sender<Turn>,
}

/// A place in the queue; who gives up leaves it.
struct Ticket<'a> {
    turns: &'a Turns,
    client: IpAddr,
    number: u64,
}

/// Recent use of a network; it decreases by a second per second.
struct Used {
    cost: Duration,
    at: Instant,
}

/// A turn, which ends when it is dropped. Time beyond the announced cost is charged then.
pub struct Turn(Option<Running>);

struct Running {
    turns: Turns,
    address: IpAddr,
    cost: Duration,
    since: Instant,
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Turn")
    }
}

impl Turn {
    /// Charges its client with more than the time that it takes: for what costs others later.
    pub fn charge(&self, more: Duration) {
        if let Some(running) = &self.0 {
            running.turns.state().charge(running.address, more, stopwatch());
        }
    }
}

impl Turns {
    /// `at_once` turns at a time, `places` waiting callers.
    pub fn new(at_once: usize, places: usize) -> Self {
        Self { at_once: at_once.max(1), places, state: Arc::new(Mutex::new(State::new(stopwatch()))) }
    }

    /// Waits for a turn that will take about `cost`. `None` when too many callers wait, in all or of this client, after `patience`, and
    /// before that in a queue that does not end.
    pub async fn take(&self, address: IpAddr, cost: Duration, patience: Duration) -> Option<Turn> {
        let (_ticket, turn) = {
            let (mut state, now) = (self.state(), stopwatch());
            if state.running < self.at_once && state.waiting == 0 {
                state.begin(address, cost, now);
                return Some(self.turn(address, cost));
            }
            let (number, turn) = state.wait(address, cost, self.places, now)?;
            (Ticket { turns: self, client: client(address), number }, turn)
        };
        tokio::time::timeout(patience, turn).await.ok()?.ok()
    }

    fn turn(&self, address: IpAddr, cost: Duration) -> Turn {
        Turn(Some(Running { turns: self.clone(), address, cost, since: stopwatch() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(now: Instant) -> Self {
        let (queues, of, used) = (HashMap::new(), HashMap::new(), HashMap::new());
        let firsts = BTreeMap::new();
        Self { running: 0, queues, firsts, waiting: 0, of, used, numbers: 0, standing: now, ended: now }
    }

    /// Queues a caller; `None` when there is no place left.
    fn wait(
        &mut self,
        address: IpAddr,
        cost: Duration,
        places: usize,
        now: Instant,
    ) -> Option<(u64, oneshot::Receiver<Turn>)> {
        let free = places.saturating_sub(self.waiting);
        // The rule of `Budget`: a client may have as many waiting callers as there are places left.
        let fits = free > 0
            && tiers(address).all(|tier| {
                let queued = self.of.get(&tier.network).copied().unwrap_or(0);
                queued < free.saturating_mul(tier.shares as usize)
            });
        if !fits {
            return None;
        }
        if self.waiting == 0 {
            (self.standing, self.ended) = (now, now);
        }
        let (ready, turn) = oneshot::channel();
        self.numbers += 1;
        self.waiting += 1;
        for tier in tiers(address) {
            *self.of.entry(tier.network).or_default() += 1;
        }
        let number = self.numbers;
        let queue = self.queues.entry(client(address)).or_default();
        if queue.is_empty() {
            self.firsts.insert(number, client(address));
        }
        queue.push_back(Waiting { number, address, cost, since: now, ready });
        Some((number, turn))
    }

    /// Takes whoever has this number out of its queue, if it still waits.
    fn leave(&mut self, of: IpAddr, number: u64) -> Option<Waiting> {
        let queue = self.queues.get_mut(&of)?;
        let place = queue.binary_search_by_key(&number, |one| one.number).ok()?;
        let one = queue.remove(place)?;
        if place == 0 {
            self.firsts.remove(&number);
        }
        match queue.front() {
            Some(first) if place == 0 => {
                self.firsts.insert(first.number, of);
            }
            Some(_) => {}
            None => {
                self.queues.remove(&of);
            }
        }
        self.waiting -= 1;
        for tier in tiers(one.address) {
            if let Some(queued) = self.of.get_mut(&tier.network) {
                *queued -= 1;
                if *queued == 0 {
                    self.of.remove(&tier.network);
                }
            }
        }
        Some(one)
    }

    /// Use per share of the network that used the largest part of its share.
    fn use_of(&self, address: IpAddr, now: Instant) -> Duration {
        let left = |network: Network| self.used.get(&network).map_or(Duration::ZERO, |used| used.left(now));
        tiers(address).map(|tier| left(tier.network) / tier.shares).max().unwrap_or_default()
    }

    fn begin(&mut self, address: IpAddr, cost: Duration, now: Instant) {
        self.running += 1;
        self.charge(address, cost, now);
    }

    fn charge(&mut self, address: IpAddr, cost: Duration, now: Instant) {
        if self.used.len() >= REMEMBERED {
            self.used.retain(|_, used| !used.left(now).is_zero());
        }
        for tier in tiers(address) {
            let used = self.used.entry(tier.network).or_insert(Used { cost: Duration::ZERO, at: now });
            *used = Used { cost: used.left(now) + cost, at: now };
        }
    }

    /// A turn has ended: whoever is next and not too late.
    fn next(&mut self, now: Instant) -> Option<Waiting> {
        if now.duration_since(self.ended) > LATE {
            self.standing = now;
        }
        self.ended = now;
        let overloaded = now.duration_since(self.standing) > BURST;
        loop {
            let (number, of) = self.first(now)?;
            let one = self.leave(of, number)?;
            // Dropped, it tells its caller.
            if !overloaded || now.duration_since(one.since) <= LATE {
                self.begin(one.address, one.cost, now);
                return Some(one);
            }
        }
    }

    /// The client with the least use; of several, who came first.
    fn first(&self, now: Instant) -> Option<(u64, IpAddr)> {
        let mut least: Option<(Duration, u64, IpAddr)> = None;
        for (number, of) in &self.firsts {
            let used = self.use_of(*of, now);
            if least.is_none_or(|(known, ..)| used < known) {
                least = Some((used, *number, *of));
            }
            // Nobody has less, and most of many clients have none.
            if used.is_zero() {
                break;
            }
        }
        least.map(|(_, number, of)| (number, of))
    }
}

impl Used {
    /// Elapsed time reduces what was used.
    fn left(&self, now: Instant) -> Duration {
        self.cost.saturating_sub(now.saturating_duration_since(self.at))
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        // Outside the lock: a turn that was on its way to a caller who has gone ends here.
        let left = self.turns.state().leave(self.client, self.number);
        drop(left);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(Running { turns, address, cost, since }) = self.0.take() else { return };
        let longer = since.elapsed().saturating_sub(cost);
        turns.state().charge(address, longer, stopwatch());
        loop {
            let next = {
                let mut state = turns.state();
                state.running -= 1;
                if state.running < turns.at_once { state.next(stopwatch()) } else { None }
            };
            let Some(next) = next else { return };
            match next.ready.send(turns.turn(next.address, next.cost)) {
                Ok(()) => return,
                // The caller gave up waiting. The loop passes the turn on; dropping it here would recurse.
                Err(mut unused) => unused.0 = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const COST: Duration = Duration::from_secs(3_600);

    fn address(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    /// Puts somebody into the queue and returns when it stands there.
    async fn queue(turns: &Turns, from: u8, order: &Arc<Mutex<Vec<u8>>>) -> tokio::task::JoinHandle<bool> {
        let before = turns.state().waiting;
        let (mine, order) = (turns.clone(), Arc::clone(order));
        let task = tokio::spawn(async move {
            let turn = mine.take(address(from), COST, LONG).await;
            if turn.is_some() {
                order.lock().unwrap().push(from);
            }
            turn.is_some()
        });
        while turns.state().waiting == before && !task.is_finished() {
            tokio::task::yield_now().await;
        }
        task
    }

    #[tokio::test]
    async fn whoever_used_least_is_next() {
        let (turns, order) = (Turns::new(1, 100), Arc::default());
        let running = turns.take(address(1), COST, LONG).await.unwrap();
        let mut waiting = Vec::new();
        for from in [1, 1, 1, 1, 2, 2, 3] {
            waiting.push(queue(&turns, from, &order).await);
        }
        drop(running);
        for task in waiting {
            assert!(task.await.unwrap());
        }
        let order = order.lock().unwrap().clone();
        assert_eq!(order, [2, 3, 1, 2, 1, 1, 1], "one who comes late with little does not wait for one with much");
    }

    #[tokio::test]
    async fn one_client_cannot_fill_the_queue() {
        let (turns, order) = (Turns::new(1, 8), Arc::default());
        let running = turns.take(address(1), LONG, LONG).await.unwrap();
        let mut taken = 0;
        let mut tasks = Vec::new();
        for _ in 0..20 {
            let task = queue(&turns, 1, &order).await;
            if task.is_finished() {
                assert!(!task.await.unwrap());
            } else {
                taken += 1;
                tasks.push(task);
            }
        }
        assert_eq!(taken, 4, "half of the places");
        assert!(!queue(&turns, 2, &order).await.is_finished(), "another finds a place");
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        drop(running);
    }

    #[tokio::test]
    async fn what_took_longer_than_was_said_is_charged() {
        let (turns, order) = (Turns::new(1, 100), Arc::default());
        let cheap = turns.take(address(1), Duration::ZERO, LONG).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(cheap);
        let running = turns.take(address(9), COST, LONG).await.unwrap();
        let waiting = [queue(&turns, 1, &order).await, queue(&turns, 2, &order).await];
        drop(running);
        for task in waiting {
            assert!(task.await.unwrap());
        }
        assert_eq!(*order.lock().unwrap(), [2, 1]);
    }

    #[tokio::test]
    async fn who_left_the_queue_takes_no_turn() {
        let (turns, order) = (Turns::new(1, 8), Arc::default());
        let running = turns.take(address(1), LONG, LONG).await.unwrap();
        let gone = queue(&turns, 2, &order).await;
        let stays = queue(&turns, 3, &order).await;
        gone.abort();
        let _ = gone.await;
        drop(running);
        assert!(stays.await.unwrap());
        assert_eq!(turns.state().running, 0);
        assert!(turns.take(address(4), LONG, Duration::ZERO).await.is_some());
    }

    #[tokio::test]
    async fn who_is_late_in_a_queue_that_does_not_end_is_sent_away_and_the_next_is_served() {
        let now = stopwatch();
        let mut state = State::new(now);
        let at = |millis: u64| now + Duration::from_millis(millis);
        let mut callers = BTreeMap::new();
        // One every ten milliseconds, each from an address of its own, and a turn that ends every hundred.
        let (mut served, mut sent_away) = (Vec::new(), 0);
        for step in 0..500_u64 {
            let from = IpAddr::V4(std::net::Ipv4Addr::from_bits(step as u32));
            let (number, turn) = state.wait(from, Duration::ZERO, 10_000, at(step * 10)).unwrap();
            callers.insert(number, (step * 10, turn));
            if step % 10 == 9 {
                let one = state.next(at(step * 10)).unwrap();
                state.running -= 1;
                served.push(step * 10 - callers.remove(&one.number).unwrap().0);
                callers.retain(|_, (_, turn)| {
                    let waits = !matches!(turn.try_recv(), Err(oneshot::error::TryRecvError::Closed));
                    sent_away += usize::from(!waits);
                    waits
                });
            }
        }
        assert_eq!(served.len(), 50, "each turn is somebody's");
        assert!(served[..8].windows(2).all(|pair| pair[0] < pair[1]), "a burst waits: {served:?}");
        assert!(served.iter().all(|waited| *waited <= 800), "{served:?}");
        assert!(served[9..].iter().all(|waited| *waited <= 400), "{served:?}");
        assert_eq!(sent_away + served.len() + state.waiting, 500, "nobody is forgotten");
        assert_eq!(state.waiting, state.queues.len());
        assert_eq!(state.waiting, state.firsts.len());
        assert_eq!(state.waiting, state.of.len());
    }

    #[tokio::test]
    async fn what_stands_still_is_waited_for() {
        let now = stopwatch();
        let mut state = State::new(now);
        let waiting: Vec<_> =
            (0..3).map(|number| state.wait(address(number), Duration::ZERO, 10, now).unwrap()).collect();
        // No turn ended for three seconds, as when the database was away: all are served then.
        for number in 0..3 {
            assert!(state.next(now + Duration::from_millis(3_000 + number)).is_some());
        }
        assert_eq!((state.waiting, waiting.len()), (0, 3));
    }
}
