//! Systems of others log in with a key: a signed assertion that works once becomes an access token of some minutes (RFC 7521, RFC 7523,
//! RFC 6749 §4.4; docs/adr/0046-parties-log-in-with-a-key.md). Whose keys there are, other domains say ([`Clients`]).
//! The table `client_assertion` belongs here.

pub mod http;
pub mod model;
pub mod ports;
pub mod service;
pub mod store;
pub mod token;

pub use ports::{Client, Clients};
pub use service::Tokens;
pub use token::Realm;

use crate::context::Context;
use crate::jobs::Sweep;
use crate::module::Module;

/// What this domain brings to a node: where tokens are given out for the service, and for the sandbox.
pub fn module(context: &Context, service: Tokens, sandbox: Tokens) -> Module {
    Module {
        open: http::routes(service, sandbox),
        sweeps: vec![Sweep::of("oauth.sweep", context, |context| async move { service::sweep(&context).await })],
        ..Module::default()
    }
}
