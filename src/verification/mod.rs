//! Relying parties, the verifier endpoint and its receipts.
//!
//! A check is answered with valid or invalid and a reason, and recorded in the same transaction that spends the token.
//! Concurrent checks read and commit together (`pipeline`, `draft`, `batch`); each is answered after its own commit.
//! A code of ten digits leads to the token it stands for (`code`). What could not be determined is a 503 and never recorded: the caller repeats it with the same key and learns it.

mod batch;
pub mod code;
mod draft;
pub mod http;
pub mod model;
pub mod party;
mod pipeline;
pub mod quota;
pub mod receipt;
pub mod service;
pub mod store;

pub use model::{Answer, HistoryItem, Party, Purpose};
pub use service::Service;
