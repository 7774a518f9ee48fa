//! The sandbox of relying parties: the interface of [`verification`](crate::verification) below `/sandbox`, for test keys and invented people
//! alone. What judges a QR is the same code; the signing keys, the seal, the tables and the allowance are its own, so that nothing of it
//! counts outside and nothing from outside counts in it (docs/adr/0036-a-sandbox-for-relying-parties.md).
//! The tables `sandbox_key`, `sandbox_holder`, `sandbox_code` and `sandbox_check` belong here.

mod allowance;
mod checking;
pub mod http;
pub mod keys;
pub mod model;
pub mod people;
mod presenting;
pub mod store;
pub mod test_keys;

pub use checking::{CheckRow, Sandbox};
pub use keys::Keys;
pub use model::TestKey;
pub use test_keys::TestKeys;

use crate::jobs::Sweep;
use crate::module::Module;
use crate::staff::Staff;

/// What this domain brings to a node; the people of `employees` have a page of it.
pub fn module(sandbox: &Sandbox, employees: &Staff) -> Module {
    Module {
        open: http::routes(sandbox.clone()),
        people: http::page::routes(sandbox.clone(), employees.clone()),
        sweeps: vec![Sweep::of("sandbox.sweep", sandbox, |sandbox| async move { sandbox.sweep().await })],
        ..Module::default()
    }
}
