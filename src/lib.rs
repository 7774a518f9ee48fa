//! IKD (Identitas Kependudukan Digital): the service behind Indonesia's digital KTP.
//!
//! Start at ARCHITECTURE.md for the map. Each domain folder has the same rooms: `model` (pure), `service` (use cases,
//! owns transactions), `store` (SQL), `http` (routes), `mail` (messages).

pub mod clock;
pub mod db;
pub mod error;
pub mod random;
pub mod secret;
pub mod vault;
