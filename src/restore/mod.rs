//! A copy of the database that was restored is brought to where it must not be behind: what was stopped since stays stopped, and what was
//! given out for a while counts no more (ADR 34, docs/backup.md). `ikd restore` is its face.

pub mod model;
pub mod service;

pub use service::{Report, check, epoch, restore};
