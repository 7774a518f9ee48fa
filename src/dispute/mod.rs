//! A holder does not know a check in the history: the relying party is asked and has ten working days to answer through its API; the holder
//! reads the answer, and is told at each step. The table `dispute` belongs here.

pub mod http;
pub mod model;
pub mod ports;
pub mod service;
pub mod store;

pub use model::Dispute;
pub use service::Disputes;

use crate::jobs::Sweep;
use crate::module::Module;
use crate::relying_party::Authentication;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[sealed_column!("dispute", "words_sealed", "dispute_id", service::WORDS)];

/// What this domain brings to a node; `authentication` recognises relying parties.
pub fn module(disputes: &Disputes, authentication: &Authentication) -> Module {
    Module {
        devices: http::of_holders(disputes.clone()),
        open: http::of_parties(disputes.clone(), authentication.clone()),
        sweeps: vec![Sweep::of("dispute.sweep", disputes, |disputes| async move { disputes.sweep().await })],
        ..Module::default()
    }
}
