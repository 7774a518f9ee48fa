//! Adding, changing and listing offices: what `ikd office` does.

use super::edit::{self, Entry, Full, Holiday};
use super::model::{Edit, Kind, Office, Zone, check_code};
use super::store::{office, times};
use crate::audit::{self, Action};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::register::Date;
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
        let (office_id, zone) = (self.context.random.uuid_v7(now), Zone::default());
        let office = Office { office_id, code, name, kind, parent_id: None, zone, ended_at: None };
        transaction!(self.context.db, "office.add", |tx| {
            edit::add(tx, &office, now).await?;
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
        Ok(office::all(&mut tx).await?.into_iter().map(|entry| entry.office).collect())
    }

    /// All that is known of an office.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn show(&self, code: &str) -> Result<Full> {
        let mut tx = self.context.db.read().await?;
        let entry = by_code(&mut tx, code).await?;
        edit::full(&mut tx, entry, self.context.now()).await
    }

    /// Changes an office.
    ///
    /// # Errors
    /// `not_found`, `invalid_field`; `wrong_state` for one that is closed for good.
    pub async fn edit(&self, code: &str, edit: Edit) -> Result<Full> {
        transaction!(self.context.db, "office.edit", |tx| {
            let id = by_code(tx, code).await?.office.office_id;
            edit::change(tx, id, edit.clone(), None).await?;
            self.audit.operator(tx, Action::OfficeEdited, id).await?;
            let entry = by_code(tx, code).await?;
            edit::full(tx, entry, self.context.now()).await
        })
    }

    /// Closes an office for good: its people cannot log in, and residents do not find it any more.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when it is closed, or one below it is not.
    pub async fn close(&self, code: &str) -> Result<()> {
        transaction!(self.context.db, "office.close", |tx| {
            let id = by_code(tx, code).await?.office.office_id;
            edit::close(tx, id, self.context.now()).await?;
            self.audit.operator(tx, Action::OfficeClosed, id).await
        })
    }

    /// Opens a closed office again.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when it is not closed, or the one above it is.
    pub async fn reopen(&self, code: &str) -> Result<()> {
        transaction!(self.context.db, "office.reopen", |tx| {
            let id = by_code(tx, code).await?.office.office_id;
            edit::reopen(tx, id).await?;
            self.audit.operator(tx, Action::OfficeReopened, id).await
        })
    }

    /// An office, and where `below` all below it, are closed on a day; gives how many.
    ///
    /// # Errors
    /// `not_found`, `invalid_field`.
    pub async fn add_holiday(&self, code: &str, holiday: &Holiday, below: bool) -> Result<u64> {
        transaction!(self.context.db, "office.add_holiday", |tx| {
            let id = by_code(tx, code).await?.office.office_id;
            let closed = edit::add_holiday(tx, id, holiday, below, self.context.now()).await?;
            self.audit.operator(tx, Action::OfficeHolidaySet, id).await?;
            Ok(closed)
        })
    }

    /// An office is open on a day after all.
    ///
    /// # Errors
    /// `not_found` when that day was none of its holidays.
    pub async fn remove_holiday(&self, code: &str, day: Date) -> Result<()> {
        transaction!(self.context.db, "office.remove_holiday", |tx| {
            let id = by_code(tx, code).await?.office.office_id;
            edit::remove_holiday(tx, id, day).await?;
            self.audit.operator(tx, Action::OfficeHolidaySet, id).await
        })
    }

    /// Forgets holidays that are over in every zone; gives how many.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let before = yesterday(self.context.now());
        transaction!(self.context.db, "office.sweep", |tx| Ok(times::sweep(tx, before).await?))
    }
}

fn yesterday(now: Timestamp) -> Date {
    let today = Date::in_jakarta(now);
    today.plus_days(-1).unwrap_or(today)
}

async fn by_code(tx: &mut Tx, code: &str) -> Result<Entry> {
    office::by_code(tx, code).await?.ok_or_else(|| {
        Refusal::new(Code::NotFound)
            .detail(
                "Tidak ada kantor dengan kode ini; lihat `ikd office list`.",
                "There is no office with this code: see `ikd office list`.",
            )
            .into()
    })
}
