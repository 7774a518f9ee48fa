//! What takes two people of an office: an officer who has the resident before them asks, a supervisor of the same office grants.
//! A digital KTP makes way for a new one (a lost phone, a blocked KTP): the old one ends with the grant, and the new one is approved as
//! any other. Somebody is approved who has no e-mail address, or whose face cannot be compared: see `approve_by_two`.

use uuid::Uuid;

use super::decision::{decidable, hold_in_office, in_office, version_of};
use super::helping;
use super::model::{Registration, RequestKind, SCAN_MINUTES, State, Step};
use super::store::second_person::{self as requests, RequestRow};
use super::store::step::{self, Taken};
use crate::clerk::{Clerk, own_request};
use crate::clock::{MINUTE, Timestamp};
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::helper::{Helper, Noted, ports as helpers};
use crate::holder::Reason;
use crate::holder::ports::{self as holder, Stopped};
use crate::life::ports::{self as life, By};
use crate::office::Scope;
use crate::secret::Redacted;

pub(super) const TABLE: &str = "second_person_request";
pub(super) const HELPER: &str = "second_person_request.helper";
/// Requests shown to an office at most.
const SHOWN: i64 = 100;

/// Requests and grants. Cloning shares everything.
#[derive(Clone)]
pub struct Releases {
    pub(super) context: Context,
}

/// A request that waits for a supervisor.
#[derive(Debug)]
pub struct Release {
    /// To what.
    pub kind: RequestKind,
    /// The officer who asked.
    pub asked_by: Uuid,
    /// When.
    pub asked_at: Timestamp,
    /// Why.
    pub reason: Redacted<String>,
    /// The version of the request: of the registration that the officer who asked had on the screen, and of what was asked for when. The grant
    /// names it.
    pub version: String,
    /// Who helps the resident, and how many others they have helped within a year.
    pub helper: Option<(Noted, i64)>,
}

/// A request in the list of those that wait.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// To what.
    pub kind: RequestKind,
    /// The registration.
    pub registration_id: Uuid,
    /// The officer who asked.
    pub asked_by: Uuid,
    /// When.
    pub asked_at: Timestamp,
    /// The version that was asked for.
    pub version: String,
}

impl Releases {
    pub(super) const fn new(context: Context) -> Self {
        Self { context }
    }

    /// Asks in the caller's transaction, for the `version` that was on the officer's screen.
    ///
    /// # Errors
    /// `not_found`, `scan_required`; `wrong_state` unless it waits for an officer, a digital KTP stands in its way, and
    /// nothing changed since.
    pub async fn ask(&self, tx: &mut Tx, actor: Clerk, id: Uuid, version: &str, reason: &str) -> Result<()> {
        // Held: what is returned, changed or ended at this moment is not asked for.
        let held = decidable(&self.context, tx, actor, id, version).await?;
        let resident = held.check.resident().ok_or_else(nothing_in_the_way)?;
        if !holder::has_usable_credential(tx, resident).await? {
            return Err(nothing_in_the_way().into());
        }
        self.keep(tx, actor, &held, RequestKind::Release, (reason, None)).await
    }

    /// Keeps what was asked for; a newer request takes the place of an older one.
    pub(super) async fn keep(
        &self,
        tx: &mut Tx,
        actor: Clerk,
        held: &Registration,
        kind: RequestKind,
        (reason, helper): (&str, Option<&Helper>),
    ) -> Result<()> {
        let id = held.registration_id;
        let helper = helping::noted(&self.context, held, helper)?;
        let seal = |noted: &Noted| self.context.vault.seal_row(&self.context.random, HELPER, id, noted);
        let request = RequestRow {
            registration_id: id,
            kind,
            office_id: actor.office_id,
            asked_by: actor.officer_id,
            asked_at: self.context.now(),
            reason_sealed: self.context.vault.seal_bytes(&self.context.random, TABLE, id, reason.as_bytes())?,
            helper_sealed: helper.as_ref().map(seal).transpose()?,
            revision: held.revision,
        };
        Ok(requests::ask(tx, &request).await?)
    }

    /// What was asked for in this office, while it counts.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn asked(&self, actor: Clerk, id: Uuid) -> Result<Release> {
        let mut tx = self.context.db.read().await?;
        let registration = in_office(&mut tx, actor, id).await?;
        let row = requests::asked(&mut tx, id, actor.office_id, self.counts_since()).await?;
        // What can no longer be granted is not shown as waiting, nor what it was for.
        let row = row.filter(|row| self.still_stands(&registration, row)).ok_or(Code::NotFound)?;
        let helper = match self.helper(&row)? {
            Some(noted) => {
                let helped = registration.check.resident().unwrap_or(id);
                let others = helpers::others(&mut tx, Some(&noted), helped, self.context.now()).await?;
                Some((noted, others))
            }
            None => None,
        };
        Ok(Release {
            helper,
            kind: row.kind,
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            reason: self.reason(&row)?,
            version: version_of_request(&row),
        })
    }

    /// Who helps, as it was written when it was asked for.
    pub(super) fn helper(&self, row: &RequestRow) -> Result<Option<Noted>> {
        let open = |sealed: &Vec<u8>| self.context.vault.open_row(HELPER, row.registration_id, sealed);
        Ok(row.helper_sealed.as_ref().map(open).transpose()?)
    }

    /// What was written when it was asked for.
    pub(super) fn reason(&self, row: &RequestRow) -> Result<Redacted<String>> {
        let reason = self.context.vault.open_bytes(TABLE, row.registration_id, &row.reason_sealed)?;
        Ok(Redacted(String::from_utf8_lossy(&reason).into_owned()))
    }

    /// The office that asked for something for a registration, where it is one of the scope; else the scope's own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn office_of(&self, tx: &mut Tx, scope: Scope, id: Uuid) -> Result<Uuid> {
        Ok(requests::office_of(tx, id, scope, self.counts_since()).await?.unwrap_or(scope.office_id))
    }

    /// What waits for a second person of the offices of a scope, longest waiting first. Names no resident.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting(&self, scope: Scope) -> Result<Vec<Waiting>> {
        let mut tx = self.context.db.read().await?;
        let rows = requests::waiting(&mut tx, scope, self.counts_since(), SHOWN).await?;
        let waiting = |row: RequestRow| Waiting {
            kind: row.kind,
            registration_id: row.registration_id,
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            version: version_of_request(&row),
        };
        Ok(rows.into_iter().map(waiting).collect())
    }

    /// Grants in the caller's transaction what somebody else of the office asked for: the old digital KTP ends. Gives who
    /// asked, whom the caller is to look at before committing. `version` is that of the [`Release`].
    ///
    /// # Errors
    /// `not_found` when nothing was asked for; `forbidden` for one's own request; `wrong_state` when there is nothing to
    /// end any more, or the registration that it should make way for changed or no longer waits for an officer.
    pub async fn grant(&self, tx: &mut Tx, actor: Clerk, id: Uuid, version: &str) -> Result<Uuid> {
        let held = hold_in_office(tx, actor, id).await?;
        // Rejected, returned, cancelled or expired since: then the old digital KTP is the only one its holder has.
        held.require_awaiting_officer(self.context.now()).map_err(|_| nothing_in_the_way())?;
        let asked_by = self.take(tx, actor, &held, &[RequestKind::Release], version).await?.asked_by;
        let resident = held.check.resident().ok_or_else(nothing_in_the_way)?;
        let (now, by) = (self.context.now(), By::officer(actor.officer_id, actor.office_id));
        match life::stop(&self.context, tx, resident, Reason::Superseded, (now, None), by).await? {
            Stopped::Now(_) => Ok(asked_by),
            Stopped::Before(_) | Stopped::Nothing => Err(nothing_in_the_way().into()),
        }
    }

    /// Uses up what somebody else of the office asked for: one of these kinds, and that version.
    ///
    /// # Errors
    /// As [`Self::grant`].
    pub(super) async fn take(
        &self,
        tx: &mut Tx,
        actor: Clerk,
        held: &Registration,
        kinds: &[RequestKind],
        version: &str,
    ) -> Result<RequestRow> {
        let since = self.counts_since();
        let asked = requests::asked(tx, held.registration_id, actor.office_id, since).await?;
        let asked = asked.filter(|asked| kinds.contains(&asked.kind)).ok_or(Code::NotFound)?;
        if version != version_of_request(&asked) || !self.still_stands(held, &asked) {
            return Err(asked_for_another().into());
        }
        if asked.asked_by == actor.officer_id {
            return Err(own_request().into());
        }
        requests::take(tx, &asked, since, actor.officer_id).await?.ok_or(Code::NotFound)?;
        let granted = Taken {
            asked_at: Some(asked.asked_at),
            ..Taken::new(held.registration_id, Step::SecondPerson, Some(actor.office_id))
        };
        step::add(&self.context, tx, granted, self.context.now()).await?;
        Ok(asked)
    }

    /// Refuses in the caller's transaction what was asked for in this office: nothing changes.
    ///
    /// # Errors
    /// `not_found` when nothing was asked for, or something else than the `version`.
    pub async fn refuse(&self, tx: &mut Tx, actor: Clerk, id: Uuid, version: &str) -> Result<()> {
        hold_in_office(tx, actor, id).await?;
        let asked = requests::asked(tx, id, actor.office_id, self.counts_since()).await?.ok_or(Code::NotFound)?;
        if version != version_of_request(&asked) {
            return Err(asked_for_another().into());
        }
        Ok(requests::drop(tx, id).await?)
    }

    /// Whether what was asked for is what stands there now, and the scan with which it was asked still counts: a grant ends a
    /// working digital KTP, so the resident has to be there to get the new one.
    fn still_stands(&self, registration: &Registration, asked: &RequestRow) -> bool {
        asked.revision == registration.revision
            && registration.state() == State::AwaitingOfficer
            && registration.is_present(asked.asked_by, self.context.now())
    }

    fn counts_since(&self) -> Timestamp {
        counts_since(self.context.now())
    }
}

/// The version of a request. One that took its place has another, though the registration is the same: what was read is what is granted.
fn version_of_request(row: &RequestRow) -> String {
    format!("{}.{:x}", version_of(row.revision), row.asked_at.micros())
}

/// Since when requests count that are looked at now.
pub(super) const fn counts_since(now: Timestamp) -> Timestamp {
    now.plus_seconds(-SCAN_MINUTES * MINUTE)
}

fn asked_for_another() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Pendaftaran ini berubah sejak permintaan dibuat; petugas yang meminta harus memeriksanya lagi dan meminta ulang.",
        "This registration changed since it was asked for; the officer who asked has to look again and ask anew.",
    )
}

fn nothing_in_the_way() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Tidak ada KTP Digital yang menghalangi pendaftaran ini; lanjutkan seperti biasa.",
        "No digital KTP stands in the way of this registration; go on as usual.",
    )
}
