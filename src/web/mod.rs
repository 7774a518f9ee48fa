//! What all HTTP handlers share: problem documents, extractors, limits, headers, the request log, the listener, and the
//! pages for people.

pub mod docs;
pub mod extract;
pub mod flood;
pub mod headers;
pub mod metrics;
pub mod patient;
pub mod pages;
pub mod problem;
pub mod server;
pub mod token_reply;

/// Name of the officers' session cookie. The prefix binds it to this host, to TLS and to the path `/` (RFC 6265bis
/// §4.1.3.2).
pub const OFFICER_COOKIE: &str = "__Host-ikd_officer";

pub use extract::{ClientAddress, Json, Lang, Path, Query};
pub use problem::{FieldProblem, Problem, ProblemDocument};
pub use token_reply::token_reply;
