//! Who holds a digital KTP: the credential and why it is stopped, what the register said about its holder, the device it is on, how
//! the holder is reached.
//!
//! The tables `credential`, `credential_status`, `credential_holder`, `holder_record`, `holder_portrait`, `holder_nik`, `permit` and
//! `device_binding` belong here and are named in no other domain's SQL. Others use [`ports`] inside their own transactions; those whose statements serve many at once use `batch`.

pub(crate) mod batch;
pub mod mail;
pub mod model;
pub mod permit;
pub mod ports;
pub mod status;
pub mod store;

pub use model::{Credential, CredentialState, Lift, Reason, Standing, Status};

use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[
    sealed_column!("credential_holder", "sealed", "resident_id", ports::HOLDER_TABLE),
    sealed_column!("holder_record", "sealed", "resident_id", ports::RECORD_TABLE),
    sealed_column!("holder_portrait", "sealed", "resident_id", ports::PORTRAIT_TABLE),
];
