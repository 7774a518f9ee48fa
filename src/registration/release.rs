//! Two people let a digital KTP make way for a new one: a lost phone, a blocked KTP. An officer who has the resident before
//! them asks, a supervisor of the same office grants; the old one ends with that, and the new one is approved as any other.

use uuid::Uuid;

use super::decision::{Actor, changed_since, version_of};
use super::model::{SCAN_MINUTES, State};
use super::service::{Service, require_live, state_of};
use super::store::{self, ReleaseRow, Row};
use crate::clock::{MINUTE, Timestamp};
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::holder::ports;
use crate::secret::Redacted;

const TABLE: &str = "release_request";

/// A request that waits for a supervisor.
#[derive(Debug)]
pub struct Release {
    /// The officer who asked.
    pub asked_by: Uuid,
    /// When.
    pub asked_at: Timestamp,
    /// Why.
    pub reason: Redacted<String>,
    /// The version of the registration that the officer who asked had on the screen; the grant names it.
    pub version: String,
}

impl Service {
    /// Asks in the caller's transaction, for the `version` that was on the officer's screen.
    ///
    /// # Errors
    /// `not_found`, `scan_required`; `wrong_state` unless it waits for an officer, a digital KTP stands in its way, and
    /// nothing changed since.
    pub async fn ask_release(&self, tx: &mut Tx, actor: Actor, id: Uuid, version: &str, reason: &str) -> Result<()> {
        let row = self.decidable(tx, actor, id, version).await?;
        // Held: what is returned, changed or ended at this moment is not asked for.
        store::hold_awaiting(tx, id, row.revision, self.context.now()).await?.or(changed_since())?;
        let resident = row.resident_id.ok_or_else(nothing_in_the_way)?;
        if !ports::has_usable_credential(tx, resident).await? {
            return Err(nothing_in_the_way().into());
        }
        let request = ReleaseRow {
            registration_id: id,
            office_id: actor.office_id,
            asked_by: actor.officer_id,
            asked_at: self.context.now(),
            reason_sealed: self.context.vault.seal_bytes(&self.context.random, TABLE, id, reason.as_bytes())?,
            revision: row.revision,
        };
        Ok(store::ask_release(tx, &request).await?)
    }

    /// What was asked for in this office, while it counts.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn release_asked(&self, actor: Actor, id: Uuid) -> Result<Release> {
        let mut tx = self.context.db.read().await?;
        let registration = self.in_office(&mut tx, actor, id).await?;
        let row = store::release_asked(&mut tx, id, actor.office_id, self.counts_since()).await?;
        // What can no longer be granted is not shown as waiting, nor what it was for.
        let row = row.filter(|row| self.still_stands(&registration, row)).ok_or(Code::NotFound)?;
        let reason = self.context.vault.open_bytes(TABLE, id, &row.reason_sealed)?;
        Ok(Release {
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            reason: Redacted(String::from_utf8_lossy(&reason).into_owned()),
            version: version_of(row.revision),
        })
    }

    /// Grants in the caller's transaction what somebody else of the office asked for: the old digital KTP ends. Gives who
    /// asked, whom the caller is to look at before committing. `version` is that of the [`Release`].
    ///
    /// # Errors
    /// `not_found` when nothing was asked for; `forbidden` for one's own request; `wrong_state` when there is nothing to
    /// end any more, or the registration that it should make way for changed or no longer waits for an officer.
    pub async fn grant_release(&self, tx: &mut Tx, actor: Actor, id: Uuid, version: &str) -> Result<Uuid> {
        let row = self.in_office(tx, actor, id).await?;
        let since = self.counts_since();
        // Rejected, returned, cancelled or expired since: then the old digital KTP is the only one its holder has.
        require_live(&row, self.context.now()).map_err(|_| nothing_in_the_way())?;
        if state_of(&row)? != State::AwaitingOfficer {
            return Err(nothing_in_the_way().into());
        }
        let asked = store::release_asked(tx, id, actor.office_id, since).await?.ok_or(Code::NotFound)?;
        if version != version_of(asked.revision) || !self.still_stands(&row, &asked) {
            return Err(asked_for_another().into());
        }
        store::hold_awaiting(tx, id, row.revision, self.context.now()).await?.or(asked_for_another())?;
        let asked = store::take_release(tx, id, actor.office_id, since, actor.officer_id, row.revision).await?;
        let Some(asked_by) = asked else {
            return Err(match store::release_asked(tx, id, actor.office_id, since).await? {
                Some(_) => Refusal::new(Code::Forbidden).detail(
                    "Permintaan Anda sendiri harus disetujui penyelia lain di kantor ini.",
                    "Your own request has to be granted by another supervisor of this office.",
                ),
                None => Code::NotFound.into(),
            }
            .into());
        };
        ports::release(tx, row.resident_id.ok_or_else(nothing_in_the_way)?).await?;
        Ok(asked_by)
    }

    /// Whether what was asked for is what stands there now, and the scan with which it was asked still counts: a grant ends a
    /// working digital KTP, so the resident has to be there to get the new one.
    fn still_stands(&self, row: &Row, asked: &ReleaseRow) -> bool {
        let asker = Actor { officer_id: asked.asked_by, office_id: asked.office_id };
        asked.revision == row.revision && row.state == State::AwaitingOfficer.as_str() && self.scan_counts(row, asker)
    }

    fn counts_since(&self) -> Timestamp {
        self.context.now().plus_seconds(-SCAN_MINUTES * MINUTE)
    }
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
