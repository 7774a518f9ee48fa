//! A copy of the database that was restored is brought to where it must not be behind: what was stopped since stays stopped, and what was
//! given out for a while counts no more (ADR 34, docs/backup.md). `ikd restore` is its face.

pub mod model;
pub mod service;
pub mod watch;

pub use service::{Report, check, epoch, restore};
pub use watch::Watch;

use crate::module::Module;

/// What this room brings to a node.
pub fn module(watch: &Watch) -> Module {
    Module { jobs: vec![watch.clone().into_job()], ..Module::default() }
}
