//! What relying parties look after themselves: their administrators' keys, employees and figures, on the page where employees verify.

pub mod act;
pub mod http;
pub mod invitations;
pub mod list;
pub mod model;
pub mod service;

pub use act::Administrator;
pub use service::Partners;

use crate::module::Module;
use crate::staff::Staff;

/// What this domain brings to a node, for the people of `employees`.
pub fn module(partners: &Partners, employees: &Staff) -> Module {
    Module { people: http::routes(partners.clone(), employees.clone()), ..Module::default() }
}
