//! Dukcapil's offices and outreach posts: where residents are served, where officers belong, and which office stands above which.

mod edit;
pub mod model;
pub mod ports;
pub mod service;
pub mod store;

pub use model::{Kind, Office, Scope};
pub use service::Offices;

use crate::context::Context;
use crate::jobs::Sweep;
use crate::module::Module;

/// What this domain brings to a node.
pub fn module(context: &Context) -> Module {
    let offices = Offices::new(context.clone());
    Module {
        sweeps: vec![Sweep::of("office.sweep", &offices, |offices| async move { offices.sweep().await })],
        ..Module::default()
    }
}
