//! What anybody may read without logging in: offices with their hours and how long people are there today, where digital KTPs are accepted,
//! and whether the service works. It keeps no table; a node remembers what it read for some seconds, so that a crowd costs what one reader costs.

mod areas;
pub mod branches;
mod cached;
pub mod http;
pub mod model;
mod place;
mod search;
pub mod service;

pub use branches::AcceptingBranches;
pub use service::Directory;

use crate::module::Module;

/// What this domain brings to a node.
pub fn module(directory: &Directory) -> Module {
    Module { open: http::routes(directory.clone()), ..Module::default() }
}
