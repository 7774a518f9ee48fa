//! Liveness and readiness of this node, and the watch over its clock.

pub mod clock;
pub mod http;

pub use clock::ClockWatch;
