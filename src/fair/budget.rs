//! A budget of bytes, or of other units, that clients share. A client may hold as much as is still free (Choudhury and
//! Hahne's dynamic threshold): one client alone gets half of the budget, two get a third each, and the next client
//! always finds something free.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::network::{Network, tiers};

/// The budget. Cloning shares it.
#[derive(Clone)]
pub struct Budget {
    held: Arc<Mutex<Held>>,
}

struct Held {
    most: usize,
    total: usize,
    by: HashMap<Network, usize>,
}

/// What one client holds. Dropping it gives it back.
pub struct Portion {
    budget: Budget,
    address: IpAddr,
    bytes: usize,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(most: usize) -> Self {
        Self { held: Arc::new(Mutex::new(Held { most, total: 0, by: HashMap::new() })) }
    }

    /// Makes it larger or smaller. What is held stays held.
    pub fn resize(&self, most: usize) {
        self.held().most = most;
    }

    /// An empty portion for this client.
    pub fn portion(&self, address: IpAddr) -> Portion {
        Portion { budget: self.clone(), address, bytes: 0 }
    }

    /// Bytes held for all.
    pub fn total(&self) -> usize {
        self.held().total
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Portion {
    /// Holds `more` bytes more; `false` when that exceeds the client's share.
    #[must_use = "what does not fit is not to be held"]
    pub fn grow(&mut self, more: usize) -> bool {
        let mut held = self.budget.held();
        let free = held.most.saturating_sub(held.total);
        let fits = more <= free
            && tiers(self.address).all(|tier| {
                let has = held.by.get(&tier.network).copied().unwrap_or(0);
                has + more <= free.saturating_mul(tier.shares as usize)
            });
        if fits {
            held.total += more;
            for tier in tiers(self.address) {
                *held.by.entry(tier.network).or_default() += more;
            }
            self.bytes += more;
        }
        fits
    }
}

impl Drop for Portion {
    fn drop(&mut self) {
        let mut held = self.budget.held();
        held.total -= self.bytes;
        for tier in tiers(self.address) {
            if let Some(bytes) = held.by.get_mut(&tier.network) {
                *bytes -= self.bytes;
                if *bytes == 0 {
                    held.by.remove(&tier.network);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(budget: &Budget, address: &str) -> (usize, Vec<Portion>) {
        let mut portions = Vec::new();
        loop {
            let mut portion = budget.portion(address.parse().unwrap());
            if !portion.grow(10) {
                return (portions.len() * 10, portions);
            }
            portions.push(portion);
        }
    }

    #[test]
    fn whoever_takes_all_it_can_get_leaves_room_for_others() {
        let budget = Budget::new(1_200);
        let (first, held) = filled(&budget, "192.0.2.1");
        assert_eq!(first, 600, "one alone gets half");
        let (second, _held) = filled(&budget, "192.0.2.2");
        assert_eq!(second, 300);
        let (third, _held_too) = filled(&budget, "2001:db8::1");
        assert_eq!(third, 150);
        drop(held);
        assert_eq!(budget.total(), 450);
        assert!(budget.portion("192.0.2.3".parse().unwrap()).grow(370));
        assert_eq!(budget.total(), 450, "a portion that is dropped is given back");
    }

    #[test]
    fn changing_addresses_in_a_network_does_not_multiply_the_share() {
        let budget = Budget::new(1_600);
        let mut held = Vec::new();
        for number in 0..256_u32 {
            let address = format!("2001:db8:0:{:x}::1", number * 256);
            let mut portion = budget.portion(address.parse().unwrap());
            if portion.grow(10) {
                held.push(portion);
            }
        }
        assert!(budget.total() <= 1_510, "{}", budget.total());
        assert!(budget.portion("192.0.2.1".parse().unwrap()).grow(90));
        drop(held);
        assert_eq!(budget.total(), 0);
        assert!(budget.held().by.is_empty(), "who holds nothing is forgotten");
    }
}
