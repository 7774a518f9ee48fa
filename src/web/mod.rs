//! What all HTTP handlers share: problem documents, extractors, limits, headers, the request log and the listener.

pub mod extract;
pub mod headers;
pub mod problem;
pub mod server;
// token_reply

pub use extract::{ClientAddress, Json, Lang, Path, Query};
pub use problem::{FieldProblem, Problem, ProblemDocument};
// use token_reply
