//! Signing keys: private halves as files of this node, public halves and states as rows that all nodes share.
//!
//! A key is `next` (published, not signing) → `active` → `retiring` (still verifies) → `retired`. It becomes active only
//! when it has been published long enough and every live node reports that it holds the private half.

pub mod http;
pub mod service;
pub mod store;

pub use service::Keyring;

use crate::jobs::Job;
use crate::module::Module;

/// What this domain brings to a node. `in_time` says whether the clock can be trusted.
pub fn module(keyring: &Keyring, in_time: impl Fn() -> bool + Send + Sync + 'static) -> Module {
    let refreshed = keyring.clone();
    Module {
        open: http::routes(keyring.clone()),
        jobs: vec![Job::new("keyring.refresh", move |stop| refreshed.run(in_time, stop))],
        ..Module::default()
    }
}
