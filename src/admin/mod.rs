//! What people of the national administration do on the pages under `/admin`: administrators, provinces that read, auditors. They
//! serve no resident.

pub mod act;
pub mod figure;
pub mod http;

pub use act::Official;

use crate::context::Context;
use crate::module::Module;
use crate::staff::{Invitations, Staff};

/// What this domain brings to a node, for the people of `officials`.
pub fn module(context: &Context, officials: &Staff) -> Module {
    let people = Invitations::new(context.clone());
    let figures = figure::Figures::new(context.clone());
    Module { people: http::routes(people, figures, officials.clone()), ..Module::default() }
}
