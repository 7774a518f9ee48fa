//! A wrongful activation is undone: a supervisor of the office that approved it asks, another one grants. The digital KTP ends at once, its
//! addresses are told, and every relying party that got a good answer since the activation finds its checks in a list. The tables
//! `annulment` and `annulled_check` belong here.

pub mod desk;
pub mod http;
pub mod model;
pub mod store;
pub mod telling;

pub use desk::Desk;
pub use model::Annulment;
pub use telling::Telling;

use crate::jobs::Sweep;
use crate::module::Module;
use crate::relying_party::Authentication;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[sealed_column!("annulment", "words_sealed", "annulment_id", desk::WORDS)];

/// What this domain brings to a node; `authentication` recognises relying parties.
pub fn module(telling: &Telling, authentication: &Authentication) -> Module {
    Module {
        open: http::routes(telling.clone(), authentication.clone()),
        sweeps: vec![
            Sweep::of("annulment.tell", telling, |telling| async move { telling.tell_due().await }),
            Sweep::of("annulment.sweep", telling, |telling| async move { telling.sweep().await }),
        ],
        ..Module::default()
    }
}
