//! The interface of the population register.

use std::pin::Pin;

use uuid::Uuid;

use super::{Nik, RegisterRecord};

/// What the register knows of a NIK.
#[derive(Clone, Debug)]
pub struct Found {
    /// The resident's id in this service.
    pub resident_id: Uuid,
    /// The elements of the KTP-el.
    pub record: RegisterRecord,
    /// Portrait as JPEG of at most 20 KB.
    pub portrait: Option<Vec<u8>>,
}

/// The register gave no answer: down, closed for maintenance, or too slow. Says nothing about the NIK.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the population register is not available: {0}")]
pub struct RegisterUnavailable(String);

impl RegisterUnavailable {
    /// Why, for the log; without personal data.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// The answer of a look-up, later.
pub type LookupFuture<'a> = Pin<Box<dyn Future<Output = Result<Option<Found>, RegisterUnavailable>> + Send + 'a>>;

/// The population register: the local table today, a remote SIAK later. Time-outs are the caller's.
pub trait PopulationRegister: Send + Sync + 'static {
    /// Looks a NIK up; `None` when the register does not know it.
    fn lookup<'a>(&'a self, nik: &'a Nik) -> LookupFuture<'a>;
}
