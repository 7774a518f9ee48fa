//! `ikd demo`: a whole service in one process, and a client that walks through the flow over real HTTP as resident, officer
//! and bank. `stage` sets the service up, `client` speaks the protocol, `walk` tells the story, `http` has the levers of the stage, `lan` shows it to phones.

pub mod client;
pub mod http;
pub mod lan;
pub mod stage;
pub mod walk;

pub use stage::{Stage, StageSettings};
pub use walk::walk;
