//! How often an address has been wrong of late, in this process: what is guessed at and cannot be guessed anyway must not
//! cost the database a question each time. What guards secrets that can be guessed is counted in rows.

use std::net::IpAddr;

use crate::clock::{MICROS, Timestamp};
use crate::fair::Meter;

/// `burst` wrong guesses at once from one address, one more every `seconds_each`. Cloning shares it.
#[derive(Clone)]
pub struct Throttle(Meter);

impl Throttle {
    /// No address has been wrong yet.
    pub fn new(burst: i64, seconds_each: i64) -> Self {
        Self(Meter::new(burst, seconds_each * MICROS))
    }

    /// Counts a guess before it is judged: those that come at the same time are judged in no larger number.
    ///
    /// # Errors
    /// Seconds until this address is judged again, when it has been wrong too often.
    pub fn begin(&self, address: IpAddr, now: Timestamp) -> Result<(), u64> {
        self.0.take(address, now)
    }

    /// The guess was right: it does not count.
    pub fn was_right(&self, address: IpAddr) {
        self.0.refund(address);
    }
}
