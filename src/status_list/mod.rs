//! Status lists: where anybody can see, without asking about anybody, whether a token that is shown offline still counts
//! (draft-ietf-oauth-status-list-21, docs/adr/0017-status-lists.md). The tables `status_list` and `status_entry` belong here.
//!
//! A place in a list is given to each such token; whatever stops the holder's digital KTP voids its places in the same transaction. A
//! node makes the signed list when somebody asks for it.

pub mod http;
pub mod model;
pub mod ports;
pub mod service;
mod store;

pub use model::{Kind, Place};
pub use service::StatusLists;

use crate::jobs::Sweep;
use crate::module::Module;

/// What this domain brings to a node.
pub fn module(lists: &StatusLists) -> Module {
    Module {
        open: http::routes(lists.clone()),
        sweeps: vec![Sweep::of("status_list.sweep", lists, |lists| async move { lists.sweep().await })],
        ..Module::default()
    }
}
