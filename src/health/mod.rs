//! Whether this node lives and can serve.

pub mod http;
