//! What an operator says of regions and targets: `ikd figures`.

use uuid::Uuid;

use super::import::Line;
use super::model::Rate;
use super::store;
use crate::audit::{self, Action};
use crate::context::Context;
use crate::error::{Refusal, Result};
use crate::office::ports as offices;
use crate::register::{Level, Region};
use crate::transaction;

/// Regions and targets. Cloning shares everything.
#[derive(Clone)]
pub struct Regions {
    context: Context,
    audit: audit::Service,
}

impl Regions {
    /// In this context.
    pub fn new(context: Context) -> Self {
        Self { audit: audit::Service::new(context.clone()), context }
    }

    /// Keeps what a file says, all of it or nothing.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn import(&self, lines: &[Line]) -> Result<()> {
        transaction!(self.context.db, "figure.import", |tx| {
            for line in lines {
                store::put_people(tx, (line.region.code(), line.day), line.people).await?;
            }
            self.audit.operator(tx, Action::FiguresImported, Uuid::nil()).await
        })
    }

    /// Sets the target of a region from a year on; of the country with [`Region::NONE`].
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn set_target(&self, region: Region, year: i64, rate: Rate) -> Result<()> {
        transaction!(self.context.db, "figure.set_target", |tx| {
            store::put_rate(tx, region.code(), year, rate).await?;
            self.audit.operator(tx, Action::TargetSet, Uuid::nil()).await
        })
    }

    /// Says for which regency an office answers.
    ///
    /// # Errors
    /// `invalid_field` for an unknown office, and a region that is no regency.
    pub async fn set_scope(&self, office: &str, region: Region) -> Result<()> {
        if region.level() != Level::Regency {
            return Err(Refusal::field(
                "region",
                "Pakai kode kabupaten/kota, seperti 13.71.",
                "Use the code of a regency or city, such as 13.71.",
            )
            .into());
        }
        transaction!(self.context.db, "figure.set_scope", |tx| {
            let office = offices::by_code(tx, office).await?.ok_or_else(|| {
                Refusal::field("office", "Tidak ada kantor dengan kode ini.", "There is no office with this code.")
            })?;
            store::put_scope(tx, office.office_id, region.code()).await?;
            self.audit.operator(tx, Action::FigureScopeSet, office.office_id).await
        })
    }
}
