//! Adding and listing offices: what `ikd office` does.

use super::model::{Kind, Office, check_code};
use super::store;
use crate::audit::{self, Action};
use crate::context::Context;
use crate::db::DbError;
use crate::error::{Error, Refusal, Result};
use crate::{input, transaction};

/// The list of offices. Cloning shares it.
#[derive(Clone)]
pub struct Offices {
    context: Context,
    audit: audit::Service,
}

impl Offices {
    /// Over the shared tables.
    pub fn new(context: Context) -> Self {
        Self { audit: audit::Service::new(context.clone()), context }
    }

    /// Adds an office or outreach post.
    ///
    /// # Errors
    /// `invalid_field` when the code is taken or not of the form, or the name unusable ([`input::label`]).
    pub async fn add(&self, code: &str, name: &str, kind: Kind) -> Result<Office> {
        let code = check_code(code)?;
        let name = input::label(name, 100).map_err(|text| Refusal::field("name", text.id, text.en))?;
        let now = self.context.now();
        let office = Office { office_id: self.context.random.uuid_v7(now), code, name, kind };
        transaction!(self.context.db, "office.add", |tx| {
            store::add(tx, &office, now).await.map_err(code_taken)?;
            self.audit.operator(tx, Action::OfficeAdded, office.office_id).await
        })?;
        Ok(office)
    }

    /// All offices, by code.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn all(&self) -> Result<Vec<Office>> {
        let mut tx = self.context.db.read().await?;
        Ok(store::all(&mut tx).await?)
    }
}

fn code_taken(error: DbError) -> Error {
    match error {
        DbError::Unique => {
            Refusal::field("code", "Kode kantor ini sudah ada.", "An office with this code exists.").into()
        }
        other => other.into(),
    }
}
