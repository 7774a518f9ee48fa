//! People of the office say where they are on duty, so that anybody can recognise them; their photos are taken by a colleague.

use std::net::IpAddr;

use uuid::Uuid;

use super::act::{BeginDuty, EndDuty, Officer, ReadDuty, ReadStaffPhotos, ShowDutyQr, TakeStaffPhoto, ViewStaffPhoto};
use super::desk::Desk;
use crate::audited;
use crate::clock::Timestamp;
use crate::duty;
use crate::duty::desk::{OnDuty, Photographed};
use crate::duty::model::Position;
use crate::duty::ports as working;
use crate::error::Result;
use crate::outreach::ports::{self as outreach, Whereabouts};
use crate::secret::Redacted;
use crate::staff::{Allowed, ports};

/// Duties of the office's people. Cloning shares everything.
#[derive(Clone)]
pub struct Duties {
    pub(super) desk: Desk,
    pub(super) duties: duty::Desk,
}

/// What somebody's own screen shows.
#[derive(Debug)]
pub struct DutyView {
    /// Whether there is a photo of them.
    pub has_photo: bool,
    /// What they are on duty for.
    pub on_duty: Option<OnDuty>,
    /// The open session on whose roster they are.
    pub session: Option<Whereabouts>,
    /// Whether what they scan now is that session's.
    pub works_in_session: bool,
    /// Until when a duty that begins now can last.
    pub latest_end: Timestamp,
}

impl Duties {
    /// What somebody's own screen shows.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view(&self, officer: &Allowed<ReadDuty>) -> Result<DutyView> {
        self.of(officer.agent).await
    }

    async fn of(&self, who: Officer) -> Result<DutyView> {
        let context = &self.desk.context;
        let (by, now) = (who.clerk(), context.now());
        let mut tx = context.db.read().await?;
        let session = match self.duties.session(&mut tx, by).await? {
            Some(session) => Some(outreach::whereabouts(context, &mut tx, session).await?),
            None => None,
        };
        Ok(DutyView {
            has_photo: self.duties.has_photo(&mut tx, by).await?,
            on_duty: self.duties.of(&mut tx, by).await?,
            works_in_session: working::session_of(&mut tx, by.officer_id, now).await?.is_some(),
            session,
            latest_end: self.duties.latest_end(),
        })
    }

    /// Somebody is on duty from now on; what they were on duty for before ends.
    ///
    /// # Errors
    /// `invalid_field`, `wrong_state`.
    pub async fn begin(
        &self,
        officer: &Allowed<BeginDuty>,
        at: Option<Uuid>,
        until: (Timestamp, Option<Position>),
    ) -> Result<DutyView> {
        let who = officer.agent;
        audited!(self.desk.audit, officer.event(who.officer_id), "counter.begin_duty", |tx| {
            self.duties.begin(tx, who.clerk(), at, until).await
        })?;
        self.of(who).await
    }

    /// Somebody is not on duty any more.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn end(&self, officer: &Allowed<EndDuty>) -> Result<()> {
        let who = officer.agent;
        audited!(self.desk.audit, officer.event(who.officer_id), "counter.end_duty", |tx| {
            self.duties.end(tx, who.clerk()).await
        })
    }

    /// The address in a QR of the moment. The screen takes one every few minutes; that it began is noted.
    ///
    /// # Errors
    /// `wrong_state` for who is not on duty.
    pub async fn address(&self, officer: &Allowed<ShowDutyQr>) -> Result<Redacted<String>> {
        self.duties.address(officer.agent.clerk()).await
    }

    /// The people of the office who can be on duty, with the log-in name of who took the photo of each.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn photographed(
        &self,
        officer: &Allowed<ReadStaffPhotos>,
    ) -> Result<Vec<(Photographed, Option<String>)>> {
        let office = officer.agent.office_id;
        let mut tx = self.desk.context.db.read().await?;
        let people = self.duties.photographed(&mut tx, office).await?;
        let usernames = ports::usernames(&mut tx, office).await?;
        let named = |one: Photographed| {
            let by = one.taken.map(|(by, _)| usernames.get(&by).cloned().unwrap_or_default());
            (one, by)
        };
        Ok(people.into_iter().map(named).collect())
    }

    /// Whether a photo of this colleague may be taken: asked before megabytes are read.
    ///
    /// # Errors
    /// `forbidden` of oneself, `not_found`.
    pub async fn check_subject(&self, officer: &Allowed<TakeStaffPhoto>, person: Uuid) -> Result<()> {
        let may = self.duties.check_subject(officer.agent.clerk(), person).await;
        self.desk.judged(officer.event(person), may).await
    }

    /// Keeps the photo of a colleague, in place of an earlier one.
    ///
    /// # Errors
    /// `picture_unusable`, `too_many`, `overloaded`; as [`Self::check_subject`].
    pub async fn photograph(
        &self,
        officer: &Allowed<TakeStaffPhoto>,
        person: Uuid,
        from: IpAddr,
        bytes: Vec<u8>,
    ) -> Result<()> {
        let (event, by) = (officer.event(person), officer.agent.clerk());
        let photo = self.duties.read_photo(by, from, bytes).await;
        let photo = self.desk.judged(event, photo).await?;
        audited!(self.desk.audit, event, "counter.photograph_staff", |tx| {
            self.duties.set_photo(tx, by, person, &photo).await
        })
    }

    /// The photo of a colleague: JPEG. Looking is noted.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn photo(&self, officer: &Allowed<ViewStaffPhoto>, person: Uuid) -> Result<Vec<u8>> {
        let photo = self.duties.photo(officer.agent.office_id, person).await;
        let photo = self.desk.judged(officer.event(person), photo).await?;
        self.desk.looked(officer.event(person)).await?;
        Ok(photo)
    }
}
