//! The audit log: who did what to whom, before and after, in chains that show when a row was altered, deleted or moved.
//!
//! An act has two entries under one correlation id: the intent, committed before anything happens, and the outcome,
//! committed in the transaction of the act. An intent without an outcome shows a crash.

mod found;
pub mod http;
pub mod model;
pub mod ports;
pub mod report;
pub mod search;
pub mod service;
mod store;
pub mod words;

pub use model::{Action, Actor, Event, GENERAL, Intent, Outcome};
pub use report::{Fault, Report};
pub use service::Service;

use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[sealed_column!("audit_search", "reason_sealed", "search_id", search::REASON)];
