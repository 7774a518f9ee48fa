//! Whether this node lives and can serve.

pub mod clock;
pub mod http;

pub use clock::ClockWatch;
