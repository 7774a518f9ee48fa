//! Signing keys: private halves as files of this node or in a module, public halves and states as rows that all nodes share.
//!
//! A key is `next` (published, not signing) → `active` → `retiring` (still verifies) → `retired`. It becomes active only
//! when it has been published long enough and every live node reports that it holds the private half.

pub mod files;
pub mod http;
pub mod model;
pub mod operator;
pub mod service;
pub mod signing;
pub mod store;

pub use files::init_root;
pub use model::{KeyState, RETIRING_SECONDS};
pub use service::Keyring;
