//! What all HTTP handlers share: problem documents, extractors, limits, headers, the request log, the listener, and the
//! pages for people.

mod assets;
pub mod caller;
pub mod cookie;
pub mod crowd;
pub mod docs;
pub mod extract;
pub mod files;
pub mod flood;
pub mod forwarded;
pub mod headers;
pub mod host;
pub mod intake;
pub mod links;
pub mod metrics;
pub mod negotiate;
pub mod openapi;
pub mod origins;
pub mod pages;
pub mod pause;
pub mod problem;
pub mod refusal_page;
pub mod request_body;
pub mod server;
mod shell;
pub mod token_reply;
pub mod write_timeout;

pub use caller::Caller;
pub use extract::{ClientAddress, Json, Lang, PageQuery, Path, PeerAddress, Query};
pub use problem::{FieldProblem, Problem, ProblemDocument};
pub use token_reply::token_reply;
