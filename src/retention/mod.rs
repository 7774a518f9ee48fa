//! How long things are kept, where two administrators may decide it. Whoever deletes asks here in the transaction that deletes; what the
//! terms promise to holders, or the protocol needs, is a constant of its domain and stands in no table (ADR 31).

pub mod model;
pub mod ports;
pub mod store;

pub use model::Period;
