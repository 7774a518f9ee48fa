//! What people of the national administration do on the pages under `/admin`: administrators, provinces that read, auditors. They
//! serve no resident.

pub mod act;
pub mod http;
pub mod offices;
pub mod parties;

pub use act::Official;

use crate::context::Context;
use crate::module::Module;
use crate::proposal::Proposals;
use crate::relying_party::RelyingParties;
use crate::staff::{Invitations, Staff};

/// What this domain brings to a node, for the people of `officials`.
pub fn module(context: &Context, officials: &Staff, (parties, proposals): (&RelyingParties, &Proposals)) -> Module {
    let people = Invitations::new(context.clone());
    let (parties, offices) =
        (parties::Parties::new(context.clone(), parties.usage().clone()), offices::AllOffices::new(context.clone()));
    Module {
        people: http::routes((people, offices), proposals.clone(), parties, officials.clone()),
        ..Module::default()
    }
}
