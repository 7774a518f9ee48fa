//! What residents read of the own office: people of the office say when it is open. What the office is, and where it stands, is national's.

use super::act::{EditOffice, Officer, SetHoliday, ViewOffice};
use super::desk::Desk;
use crate::audited;
use crate::error::Result;
use crate::office::model::Edit;
use crate::office::ports::{self as offices, Full, Holiday};
use crate::register::Date;
use crate::staff::Allowed;

/// The own office. Cloning shares everything.
#[derive(Clone)]
pub struct OwnOffice {
    pub(super) desk: Desk,
}

impl OwnOffice {
    /// What is known of it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view(&self, officer: &Allowed<ViewOffice>) -> Result<Full> {
        self.full(officer.agent).await
    }

    /// Changes hours, phone, note and capacity; `version` is the one that was on the screen.
    ///
    /// # Errors
    /// `invalid_field`; `wrong_state` when it was changed since.
    pub async fn edit(&self, officer: &Allowed<EditOffice>, edit: Edit, version: &str) -> Result<Full> {
        let id = officer.agent.office_id;
        audited!(self.desk.audit, officer.event(id), "counter.edit_office", |tx| {
            offices::edit_own(tx, id, edit.clone(), version).await
        })?;
        self.full(officer.agent).await
    }

    /// Says that it is closed on a day, and where `below` all offices below it too.
    ///
    /// # Errors
    /// `invalid_field`.
    pub async fn add_holiday(&self, officer: &Allowed<SetHoliday>, holiday: &Holiday, below: bool) -> Result<Full> {
        let (id, now) = (officer.agent.office_id, self.desk.context.now());
        audited!(self.desk.audit, officer.event(id), "counter.add_holiday", |tx| {
            offices::add_holiday(tx, id, holiday, below, now).await
        })?;
        self.full(officer.agent).await
    }

    /// Says that it is open on a day after all.
    ///
    /// # Errors
    /// `not_found` when that day was none of its holidays.
    pub async fn remove_holiday(&self, officer: &Allowed<SetHoliday>, day: Date) -> Result<()> {
        let id = officer.agent.office_id;
        audited!(self.desk.audit, officer.event(id), "counter.remove_holiday", |tx| {
            offices::remove_holiday(tx, id, day).await
        })
    }

    async fn full(&self, who: Officer) -> Result<Full> {
        let mut tx = self.desk.context.db.read().await?;
        offices::full(&mut tx, who.office_id, self.desk.context.now()).await
    }
}
