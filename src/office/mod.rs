//! Dukcapil's offices and outreach posts: where residents are served, and where officers belong.

pub mod model;
pub mod ports;
pub mod service;
pub mod store;

pub use model::{Kind, Office};
pub use service::Offices;
