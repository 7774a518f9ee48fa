//! Figures of offices and regions, and the recap of a month (ADR 23).
//!
//! What happened is written down where it happens, by `life` and `registration`, in rows that name nobody. [`Counting`] takes these, adds
//! them up by day, and can do so anew at any time; [`Reading`] answers from the sums; [`recap`] is what an office sends upward. The tables
//! `figure_day`, `figure_wait`, `figure_mark`, `figure_region`, `figure_rate`, `figure_scope` and `recap` belong here.

pub mod counting;
pub mod import;
pub mod model;
pub mod reading;
pub mod recap;
pub mod service;
pub mod store;
pub mod suppress;

pub use counting::Counting;
pub use reading::Reading;
pub use service::Regions;

use crate::context::Context;
use crate::jobs::Sweep;
use crate::module::Module;

/// What this domain brings to a node.
pub fn module(context: &Context) -> Module {
    let counting = Counting::new(context.clone());
    Module {
        // One node at a time, every minute, until nothing is left.
        sweeps: vec![Sweep::of("figure.count", &counting, |counting| async move { counting.count().await })],
        ..Module::default()
    }
}
