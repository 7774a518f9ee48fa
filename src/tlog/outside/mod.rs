//! The log outside the database, as it grows: lines in files that are only ever appended to, for whatever ships logs
//! (docs/audit-file.md, docs/adr/0044-the-audit-log-outside.md).
//!
//! Each process that is told to writes a folder of its own. Where it stands is in the files alone: nothing is written to the database.

pub mod files;
pub mod line;
pub mod reading;
mod service;

pub use reading::{Reading, Summary, Wrong};
pub use service::Outside;
