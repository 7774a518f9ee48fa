//! Two people let a digital KTP make way for a new one: a lost phone, a blocked KTP. An officer who has the resident before
//! them asks, a supervisor of the same office grants; the old one ends with that, and the new one is approved as any other.

use uuid::Uuid;

use super::decision::Actor;
use super::model::SCAN_MINUTES;
use super::service::Service;
use super::store::{self, ReleaseRow};
use crate::clock::{MINUTE, Timestamp};
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::secret::Redacted;
use crate::wallet::face;

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
}

impl Service {
    /// Asks in the caller's transaction.
    ///
    /// # Errors
    /// `not_found`, `scan_required`; `wrong_state` unless it waits for an officer and a digital KTP stands in its way.
    pub async fn ask_release(&self, tx: &mut Tx, actor: Actor, id: Uuid, reason: &str) -> Result<()> {
        let row = self.decidable(tx, actor, id).await?;
        let resident = row.resident_id.ok_or_else(nothing_in_the_way)?;
        if !face::has_usable_credential(tx, resident).await? {
            return Err(nothing_in_the_way().into());
        }
        let request = ReleaseRow {
            registration_id: id,
            office_id: actor.office_id,
            asked_by: actor.officer_id,
            asked_at: self.core.now(),
            reason_sealed: self.core.vault.seal_bytes(&self.core.random, TABLE, id, reason.as_bytes()),
        };
        Ok(store::ask_release(tx, &request).await?)
    }

    /// What was asked for in this office, while it counts.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn release_asked(&self, actor: Actor, id: Uuid) -> Result<Release> {
        let mut tx = self.core.db.read().await?;
        let row = store::release_asked(&mut tx, id, actor.office_id, self.counts_since()).await?;
        let row = row.ok_or(Code::NotFound)?;
        let reason = self.core.vault.open_bytes(TABLE, id, &row.reason_sealed)?;
        Ok(Release {
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            reason: Redacted(String::from_utf8_lossy(&reason).into_owned()),
        })
    }

    /// Grants in the caller's transaction what somebody else of the office asked for: the old digital KTP ends. Gives who
    /// asked, whom the caller is to look at before committing.
    ///
    /// # Errors
    /// `not_found` when nothing was asked for; `forbidden` for one's own request; `wrong_state` when there is nothing to
    /// end any more, or the registration that it should make way for no longer waits for an officer.
    pub async fn grant_release(&self, tx: &mut Tx, actor: Actor, id: Uuid) -> Result<Uuid> {
        let row = self.in_office(tx, actor, id).await?;
        let since = self.counts_since();
        // Rejected, returned, cancelled or expired since: then the old digital KTP is the only one its holder has.
        if !store::hold_awaiting(tx, id, self.core.now()).await?.happened() {
            return Err(nothing_in_the_way().into());
        }
        let asked = store::take_release(tx, id, actor.office_id, since, actor.officer_id).await?;
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
        face::release(tx, row.resident_id.ok_or_else(nothing_in_the_way)?).await?;
        Ok(asked_by)
    }

    fn counts_since(&self) -> Timestamp {
        self.core.now().plus_seconds(-SCAN_MINUTES * MINUTE)
    }
}

fn nothing_in_the_way() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Tidak ada KTP Digital yang menghalangi pendaftaran ini; lanjutkan seperti biasa.",
        "No digital KTP stands in the way of this registration; go on as usual.",
    )
}
