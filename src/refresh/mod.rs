//! What the register says reaches digital KTPs, in the transaction in which the register says it: who died is stopped, what tells who
//! somebody is waits for their word, everything else is shown from then on. Holders see what was before and what is now.
//!
//! The register knows nothing of this: it tells a [`Listener`], which is [`Refresher`]. The table `record_change` belongs here.

mod client;
pub mod http;
mod listener;
pub mod model;
mod permit;
pub mod ports;
mod store;

pub use client::{CLIENT_ID, FeedClients};
pub use listener::Refresher;
pub use model::Change;
pub use permit::tell as tell_of_permits;

use std::sync::Arc;

use crate::context::Context;
use crate::jobs::Sweep;
use crate::module::Module;
use crate::register::Listener;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[sealed_column!("record_change", "sealed", "resident_id", store::TABLE)];

/// What this domain brings to a node. `listener` hears the feed: [`Refresher`], and whoever else does.
pub fn module(context: &Context, listener: Arc<dyn Listener>) -> Module {
    let sweeps = vec![
        Sweep::of("refresh.sweep", context, |context| async move { ports::sweep(&context).await }),
        Sweep::of("refresh.tell_permit", context, |context| async move { permit::tell(&context).await }),
    ];
    Module { open: http::routes(context, listener), sweeps, ..Module::default() }
}
