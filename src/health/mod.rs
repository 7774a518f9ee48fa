//! Liveness and readiness of this node, and the watch over its clock.

pub mod clock;
pub mod http;

pub use clock::ClockWatch;

use crate::context::Context;
use crate::jobs::{Job, Pace};
use crate::keyring::Keyring;
use crate::module::Module;

/// What this room brings to a node.
pub fn module(context: &Context, keyring: &Keyring, clock: &ClockWatch) -> Module {
    let (db, looking) = (context.db.clone(), clock.clone());
    Module {
        open: http::Health::new(context, keyring, clock).routes().into(),
        jobs: vec![
            Job::new("health.database", move |stop| db.watch(stop)),
            Job::every("health.clock", Pace::pausing(clock::PERIOD), move || {
                let clock = looking.clone();
                async move { clock.look().await }
            }),
        ],
        ..Module::default()
    }
}
