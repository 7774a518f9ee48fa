//! The population register behind one interface: the local table, its import, synthetic residents, (later) a remote SIAK.

mod date;
pub mod model;
pub mod nik;
pub mod regions;
pub mod service;

pub use date::{Date, DateError};
pub use model::{BloodType, MaritalStatus, Nationality, RegisterRecord, Religion, Sex, VitalStatus};
pub use nik::{Nik, NikError, NikWarning};
pub use service::{Found, PopulationRegister, RegisterUnavailable};
