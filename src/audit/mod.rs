//! The audit log: who did what to whom, before and after, in chains that show when a row was altered, deleted or moved.
//!
//! An action has two entries under one correlation id: the intent, committed before anything happens, and the outcome,
//! committed together with what happened. An intent without an outcome is a crash, and stays visible.

pub mod model;
pub mod service;
mod store;

pub use model::{Action, Actor, Event, Fault, GENERAL, Intent, Outcome, Report};
pub use service::Service;
