//! Signing keys: private halves as files of this node, public halves and states as rows that all nodes share.
//!
//! A key is `next` (published, not signing) → `active` → `retiring` (still verifies) → `retired`. It becomes active only
//! when it has been published long enough and every live node reports that it holds the private half.

pub mod http;
pub mod service;
pub mod store;

pub use service::Keyring;
