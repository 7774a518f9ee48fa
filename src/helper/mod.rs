//! Who helps others at a counter: a child who helps a parent is a blessing, a stranger who helps twenty is a fraud or a good deed, and a
//! supervisor looks which. The table `help` belongs here; it names whoever was helped by an id alone.

pub mod desk;
pub mod model;
pub mod ports;
mod store;

pub use model::{Helper, Noted};

use crate::context::Context;
use crate::jobs::Sweep;
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[
    sealed_column!("help", "name_sealed", "help_id", desk::NAME),
    sealed_column!("help", "looked_sealed", "help_id", desk::WORDS, "office_id"),
];

/// What this domain brings to a node.
pub fn module(context: &Context) -> Module {
    Module {
        sweeps: vec![Sweep::of("helper.sweep", context, |context| async move { desk::sweep(&context).await })],
        ..Module::default()
    }
}
