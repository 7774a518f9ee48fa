//! The office's figures, and the months that it sends upward: a supervisor asks, the head signs.

use std::collections::HashMap;

use uuid::Uuid;

use super::act::{AskRecap, DownloadRecap, Officer, ReadFigures, ReadPublished, ReadRecaps, RefuseRecap, SignRecap};
use super::desk::{Desk, require_active};
use super::model::check_reason;
use crate::audited;
use crate::clock::MINUTE;
use crate::error::{Code, Error, Refusal, Result};
use crate::figure::others::{Published, Wanted};
use crate::figure::reading::{Days, OfOffice};
use crate::figure::recap::{self, Document, Month, Signatures, Standing, State};
use crate::figure::{Others, Reading, recap::csv, recap::xlsx};
use crate::register::{Date, Region};
use crate::staff::{Allowed, Permission, ports};
use crate::transaction;
use crate::window::Window;

/// Files that one person has made in ten minutes: each takes a moment of a processor.
const DOWNLOADS: Window = Window { kind: "recap_download", seconds: 10 * MINUTE, most: 30 };

/// The office's figures. Cloning shares everything.
#[derive(Clone)]
pub struct Figures {
    pub(super) desk: Desk,
    pub(super) reading: Reading,
    pub(super) others: Others,
    pub(super) recaps: recap::Desk,
}

/// A month, with what the person who looks may do.
#[derive(Debug)]
pub struct RecapView {
    /// Where it stands.
    pub standing: Standing,
    /// Log-in name of who asked.
    pub asked_by: Option<String>,
    /// Log-in name of who signed.
    pub signed_by: Option<String>,
    /// Whether who looks may ask for it now.
    pub may_ask: bool,
    /// Whether who looks may sign or refuse it now.
    pub may_sign: bool,
}

/// How a recap is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A workbook.
    Xlsx,
    /// The rows of the villages.
    Csv,
}

impl Figures {
    /// The office's figures in some days. Looking is noted.
    ///
    /// # Errors
    /// `wrong_state` while they are counted anew.
    pub async fn read(&self, officer: &Allowed<ReadFigures>, days: Days) -> Result<OfOffice> {
        let read = self.reading.of_office(officer.agent.office_id, days).await;
        let read = self.desk.judged(officer.event(officer.agent.office_id), read).await?;
        self.desk.looked(officer.event(officer.agent.office_id)).await?;
        Ok(read)
    }

    /// What is public of a region of others. Looking is noted.
    ///
    /// # Errors
    /// `not_found` for an unknown region; `invalid_field`, `wrong_state` as [`Others::read`] gives them.
    pub async fn published(&self, officer: &Allowed<ReadPublished>, wanted: Wanted<'_>) -> Result<Published> {
        let event = officer.event(officer.agent.office_id);
        let read = self.others.read(Region::NONE, wanted).await;
        let read = self.desk.judged(event, read).await?;
        self.desk.looked(event).await?;
        Ok(read)
    }

    /// The office's last months, this one first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn months(&self, officer: &Allowed<ReadRecaps>) -> Result<Vec<RecapView>> {
        let months = self.recaps.months(officer.agent.office_id).await?;
        let names = self.names(officer.agent.office_id).await?;
        Ok(months.into_iter().map(|standing| self.view(officer.agent, standing, &names)).collect())
    }

    /// A month: where it stands, and what it holds. Looking is noted.
    ///
    /// # Errors
    /// `not_found` for one that has not begun; `wrong_state` while figures are counted anew, or the office has no region.
    pub async fn month(&self, officer: &Allowed<ReadRecaps>, month: Month) -> Result<(RecapView, Document)> {
        let office = officer.agent.office_id;
        // The standing first: what is decided on names its version, and a later document is refused then.
        let standing = self.recaps.month(office, month).await?;
        let names = self.names(office).await?;
        let document = self.recaps.document(office, month).await?;
        self.desk.looked(officer.event(office)).await?;
        Ok((self.view(officer.agent, standing, &names), document))
    }

    /// Asks that the head sign a month.
    ///
    /// # Errors
    /// `wrong_state` when it is not over or was asked for; `not_found`.
    pub async fn ask(&self, officer: &Allowed<AskRecap>, month: Month) -> Result<()> {
        audited!(self.desk.audit, officer.event(officer.agent.office_id), "counter.ask_recap", |tx| {
            self.recaps.ask(tx, officer.agent.clerk(), month).await
        })
    }

    /// Signs it: it stays as it is.
    ///
    /// # Errors
    /// `forbidden` for the own request; `not_found`, also when who asked was disabled since; `wrong_state`.
    pub async fn sign(&self, officer: &Allowed<SignRecap>, month: Month, version: &str) -> Result<()> {
        audited!(self.desk.audit, officer.event(officer.agent.office_id), "counter.sign_recap", |tx| {
            let asked_by = self.recaps.sign(tx, officer.agent.clerk(), month, version).await?;
            require_active(tx, asked_by, self.desk.context.now()).await
        })
    }

    /// Refuses it: it can be asked for again.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `wrong_state`.
    pub async fn refuse(
        &self,
        officer: &Allowed<RefuseRecap>,
        (month, version): (Month, &str),
        reason: &str,
    ) -> Result<()> {
        let event = officer.event(officer.agent.office_id);
        let reason = self.desk.judged(event, check_reason(reason)).await?;
        audited!(self.desk.audit, event, "counter.refuse_recap", |tx| {
            self.recaps.refuse(tx, officer.agent.clerk(), (month, version), &reason).await
        })
    }

    /// A month as a file. It is noted who took it away.
    ///
    /// # Errors
    /// As [`Self::month`]; `too_many`.
    pub async fn download(&self, officer: &Allowed<DownloadRecap>, month: Month, form: Form) -> Result<Vec<u8>> {
        let (who, event) = (officer.agent, officer.event(officer.agent.office_id));
        let now = self.desk.context.now();
        let counted = transaction!(self.desk.context.db, "counter.count_download", |tx| {
            Ok(DOWNLOADS.count(tx, &[who.officer_id.as_bytes()], now).await?)
        })?;
        let counted = counted.or_refuse(Refusal::new(Code::TooMany)).map_err(Into::into);
        self.desk.judged(event, counted).await?;
        let standing = self.recaps.month(who.office_id, month).await?;
        let document = self.recaps.document(who.office_id, month).await;
        let document = self.desk.judged(event, document).await?;
        let names = self.names(who.office_id).await?;
        self.desk.note(event).await?;
        let signatures = signatures(&standing, &names);
        let write = move || match form {
            Form::Xlsx => xlsx::write(&document, &signatures),
            Form::Csv => csv::write(&document),
        };
        tokio::task::spawn_blocking(write).await.map_err(Error::internal)?
    }

    async fn names(&self, office: Uuid) -> Result<HashMap<Uuid, String>> {
        let mut tx = self.desk.context.db.read().await?;
        ports::usernames(&mut tx, office).await
    }

    fn view(&self, who: Officer, standing: Standing, names: &HashMap<Uuid, String>) -> RecapView {
        let today = Date::in_jakarta(self.desk.context.now());
        let is_over = standing.month < Month::of(today);
        let state = standing.row.as_ref().map(|row| row.state);
        let own = standing.row.as_ref().is_some_and(|row| row.asked_by == who.officer_id);
        let may_ask = is_over && !matches!(state, Some(State::Asked | State::Signed));
        let name = |id: Option<Uuid>| id.and_then(|id| names.get(&id).cloned());
        RecapView {
            asked_by: name(standing.row.as_ref().map(|row| row.asked_by)),
            signed_by: name(standing.row.as_ref().and_then(|row| row.signed_by)),
            may_ask: may_ask && who.roles.may(Permission::AskRecaps),
            may_sign: state == Some(State::Asked) && !own && who.roles.may(Permission::SignRecaps),
            standing,
        }
    }
}

/// Under whose names it goes out: of what was refused, nobody's.
fn signatures(standing: &Standing, names: &HashMap<Uuid, String>) -> Signatures {
    let Some(row) = standing.row.as_ref().filter(|row| row.state != State::Refused) else {
        return Signatures::default();
    };
    let name = |id: Uuid| names.get(&id).cloned();
    Signatures { asked_by: name(row.asked_by), signed: row.signed_by.and_then(name).zip(row.signed_at) }
}
