//! The population register behind one interface: the local table, its import, synthetic residents, (later) a remote SIAK.

mod batch;
mod date;
#[cfg(feature = "demo")]
pub mod generate;
pub mod import;
mod listener;
pub mod model;
pub mod nik;
pub mod portrait;
pub mod region;
pub mod regions;
pub mod service;
pub mod store;

pub use batch::{BatchError, NewRecord};
pub use date::{Date, DateError, midnight_in_jakarta};
pub use listener::{Everybody, Heard, Listener, Said};
pub use model::{BloodType, MaritalStatus, Nationality, RegisterRecord, Religion, Sex, VitalStatus};
pub use nik::{Nik, NikError, NikWarning};
pub use region::{Level, Region};
pub use service::{Found, LocalRegister, PopulationRegister, RegisterUnavailable};

use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[
    sealed_column!("register_record", "sealed", "resident_id", LocalRegister::RECORDS),
    sealed_column!("register_portrait", "sealed", "resident_id", LocalRegister::PORTRAITS),
];
