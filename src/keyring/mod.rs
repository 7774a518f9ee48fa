//! Signing keys: private halves as files of this node or in a module, public halves and states as rows that all nodes share.
//!
//! A key is `next` (published, not signing) → `active` → `retiring` (still verifies) → `retired`. It becomes active only
//! when it has been published long enough and every live node reports that it holds the private half.

pub mod files;
pub mod hardware;
pub mod http;
pub mod model;
pub mod operator;
pub mod ports;
pub mod roots;
pub mod service;
pub mod signing;
pub mod store;

pub use files::init_root;
pub use model::{KeyState, RETIRING_SECONDS};
pub use service::Keyring;
pub use store::{KeyRow, Node};

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
