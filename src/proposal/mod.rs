//! What one administrator of the nation asks and another grants: relying parties and offices come and change, signing
//! keys begin early or are retired. A grant does what the commands do,
//! with the same functions, in its own transaction (ADR 28).

mod carry;
mod keys;
pub mod model;
mod offices;
pub mod parties;
mod periods;
pub mod ports;
pub mod service;
pub mod store;

pub use model::{Kind, Matter, State};
pub use service::Proposals;

use crate::jobs::Sweep;
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[sealed_column!("proposal", "sealed", "proposal_id", service::TABLE)];

/// What this domain brings to a node. Its routes are those of `admin`.
pub fn module(proposals: &Proposals) -> Module {
    Module {
        sweeps: vec![Sweep::of("proposal.sweep", proposals, |proposals| async move { proposals.sweep().await })],
        ..Module::default()
    }
}
