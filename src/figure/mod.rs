//! Figures of offices and regions, and the recap of a month (ADR 23).
//!
//! What happened is written down where it happens, by `life` and `registration`, in rows that name nobody. [`Counting`] takes these, adds
//! them up by day, and can do so anew at any time; [`Reading`] answers from the sums; [`recap`] is what an office sends upward. What others read of
//! its region is made public month by month ([`Publication`], ADR 29) and read with [`Others`]. The tables `figure_day`, `figure_wait`,
//! `figure_mark`, `figure_region`, `figure_rate`, `figure_scope`, `figure_told`, `figure_published`, `figure_edition` and `recap` belong here.

pub mod carry;
pub mod counting;
pub mod http;
pub mod import;
pub mod model;
pub mod others;
pub mod publication;
pub mod reading;
pub mod recap;
pub mod service;
pub mod sheet;
pub mod store;

pub use counting::Counting;
pub use others::Others;
pub use publication::Publication;
pub use reading::Reading;
pub use service::Regions;

use crate::context::Context;
use crate::jobs::Sweep;
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[sealed_column!(
    "recap",
    "refusal_sealed",
    "office_id",
    recap::desk::TABLE,
    "office_id",
    "month",
    recap::desk::sealed_for
)];

/// What this domain brings to a node.
pub fn module(context: &Context) -> Module {
    let (counting, publication) = (Counting::new(context.clone()), Publication::new(context.clone()));
    Module {
        // One node at a time, every minute, until nothing is left.
        sweeps: vec![
            Sweep::of("figure.count", &counting, |counting| async move { counting.count().await }),
            Sweep::of("figure.publish", &publication, |publication| async move { publication.publish().await }),
        ],
        ..Module::default()
    }
}
