//! A fair queue for a resource that only few can use at once and that some use for long: decoders, the database. The
//! client with the least recent use is next, so a hundred requests of one client delay each other and nobody else.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::network::{Network, client, tiers};
use crate::clock::stopwatch;

/// Number of networks from which on those without recent use are forgotten.
const REMEMBERED: usize = 4_096;

/// The queue. Cloning shares it.
#[derive(Clone)]
pub struct Turns {
    at_once: usize,
    places: usize,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    running: usize,
    /// Waiting callers, by client.
    queues: HashMap<IpAddr, VecDeque<Waiting>>,
    waiting: usize,
    used: HashMap<Network, Used>,
    numbers: u64,
}

struct Waiting {
    number: u64,
    address: IpAddr,
    cost: Duration,
    ready: oneshot::Sender<Turn>,
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
            running.turns.state().charge(running.address, more);
        }
    }
}

impl Turns {
    /// `at_once` turns at a time, `places` waiting callers.
    pub fn new(at_once: usize, places: usize) -> Self {
        Self { at_once: at_once.max(1), places, state: Arc::default() }
    }

    /// Waits for a turn that will take about `cost`. `None` when too many callers wait, in all or of this client, or
    /// after `patience`.
    pub async fn take(&self, address: IpAddr, cost: Duration, patience: Duration) -> Option<Turn> {
        let turn = {
            let mut state = self.state();
            if state.running < self.at_once && state.waiting == 0 {
                state.begin(address, cost);
                return Some(self.turn(address, cost));
            }
            state.wait(address, cost, self.places)?
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
    /// Queues a caller; `None` when there is no place left.
    fn wait(&mut self, address: IpAddr, cost: Duration, places: usize) -> Option<oneshot::Receiver<Turn>> {
        self.forget_gone();
        let free = places.saturating_sub(self.waiting);
        // The rule of `Budget`: a client may have as many waiting callers as there are places left.
        let fits = free > 0
            && tiers(address).all(|tier| {
                let same = |other: &IpAddr| tiers(*other).any(|one| one.network == tier.network);
                let queued: usize = self.queues.iter().filter(|(one, _)| same(one)).map(|(_, queue)| queue.len()).sum();
                queued < free.saturating_mul(tier.shares as usize)
            });
        if !fits {
            return None;
        }
        let (ready, turn) = oneshot::channel();
        self.numbers += 1;
        self.waiting += 1;
        let one = Waiting { number: self.numbers, address, cost, ready };
        self.queues.entry(client(address)).or_default().push_back(one);
        Some(turn)
    }

    fn forget_gone(&mut self) {
        self.queues.retain(|_, queue| {
            queue.retain(|one| !one.ready.is_closed());
            !queue.is_empty()
        });
        self.waiting = self.queues.values().map(VecDeque::len).sum();
    }

    /// Use per share of the network that used the largest part of its share.
    fn use_of(&self, address: IpAddr) -> Duration {
        let left = |network: Network| self.used.get(&network).map_or(Duration::ZERO, Used::left);
        tiers(address).map(|tier| left(tier.network) / tier.shares).max().unwrap_or_default()
    }

    fn begin(&mut self, address: IpAddr, cost: Duration) {
        self.running += 1;
        self.charge(address, cost);
    }

    fn charge(&mut self, address: IpAddr, cost: Duration) {
        if self.used.len() >= REMEMBERED {
            self.used.retain(|_, used| !used.left().is_zero());
        }
        let now = stopwatch();
        for tier in tiers(address) {
            let used = self.used.entry(tier.network).or_insert(Used { cost: Duration::ZERO, at: now });
            *used = Used { cost: used.left() + cost, at: now };
        }
    }

    fn next(&mut self) -> Option<Waiting> {
        let first = |(of, queue): (&IpAddr, &VecDeque<Waiting>)| Some((self.use_of(*of), queue.front()?.number, *of));
        let (_, _, of) = self.queues.iter().filter_map(first).min()?;
        let queue = self.queues.get_mut(&of)?;
        let one = queue.pop_front()?;
        if queue.is_empty() {
            self.queues.remove(&of);
        }
        self.waiting -= 1;
        self.begin(one.address, one.cost);
        Some(one)
    }
}

impl Used {
    /// Elapsed time reduces what was used.
    fn left(&self) -> Duration {
        self.cost.saturating_sub(self.at.elapsed())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(Running { turns, address, cost, since }) = self.0.take() else { return };
        let longer = since.elapsed().saturating_sub(cost);
        turns.state().charge(address, longer);
        loop {
            let next = {
                let mut state = turns.state();
                state.running -= 1;
                if state.running < turns.at_once { state.next() } else { None }
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
}
