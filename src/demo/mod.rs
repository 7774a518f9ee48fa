//! `ikd demo`: a whole service in one process, and a client that walks through the flow over real HTTP as resident, officer
//! and bank. `setup` sets the service up, `client` speaks the protocol, `walk` tells the story, `http` has its levers, `lan` shows it to phones.

pub mod client;
pub mod http;
pub mod lan;
pub mod setup;
pub mod walk;

pub use setup::{Demo, DemoSettings};
pub use walk::walk;
