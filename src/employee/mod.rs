//! Employees of relying parties, who verify on a web page instead of by API: the pages under `/teller`.
//!
//! An employee's question is the relying party's question. What is added here is who asked: written before the question is
//! put, completed with the outcome, so that an answer that never came back still stands in the employee's own list.

pub mod act;
pub mod http;
pub mod model;
pub mod service;
pub mod store;

pub use act::Employee;
pub use service::EmployeeChecks;

use crate::module::Module;
use crate::staff::Staff;

/// What this domain brings to a node, for the people of `employees`.
pub fn module(checks: &EmployeeChecks, employees: &Staff) -> Module {
    Module { people: http::routes(checks.clone(), employees.clone()), ..Module::default() }
}
