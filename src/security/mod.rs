//! Security events: what of attacks and of authentication the audit log does not know, told to the program's log in bounded numbers
//! (docs/security-events.md).
//!
//! Nothing is written to the database, and a request waits for nothing here.

pub mod book;
pub mod digest;
pub mod kind;
pub mod service;

pub use book::{By, Who};
pub use kind::Kind;
pub use service::{Circumstance, Security};

use crate::metric::Metric;

/// What is measured here.
pub const METRICS: &[Metric] =
    &[Metric::counter("ikd_security_events_total", "Security events, each time that one happened, by kind.")];
