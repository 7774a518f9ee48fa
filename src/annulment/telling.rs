//! Telling relying parties: each good check since a wrongful activation goes to the party that made it, once.

use serde_json::{Value, json};
use uuid::Uuid;

use super::desk::lapse;
use super::model::{Annulment, KEEP_DAYS, SETTLED_SECONDS};
use super::store::{self, AnnulledCheck};
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::error::Result;
use crate::page::{self, Page};
use crate::transaction;
use crate::verification::ports as verifications;
use crate::webhook::ports as webhook;

/// Checks told in one transaction.
const CHECKS: i64 = 100;
/// Annulments told, ended or forgotten in one round.
const BATCH: i64 = 50;

/// What relying parties are told. Cloning shares everything.
#[derive(Clone)]
pub struct Telling {
    context: Context,
}

impl Telling {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// What a party was told, newest first.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here.
    pub async fn of_party(
        &self,
        party: Uuid,
        since: Option<Timestamp>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<AnnulledCheck>> {
        let before = page::after(cursor, Uuid::max())?;
        let limit = limit.clamp(1, page::MOST);
        let mut tx = self.context.db.read().await?;
        let rows = store::of_party(&mut tx, party, (before, since.unwrap_or_default()), limit + 1).await?;
        Ok(Page::new(rows, limit, |row| row.told_id))
    }

    /// Tells what was granted and not told; gives how much there was to write. It is done at once after a grant, and by the sweep
    /// until no check that was under way then can be missing.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn tell_due(&self) -> Result<u64> {
        let due = {
            let mut tx = self.context.db.read().await?;
            store::untold(&mut tx, BATCH).await?
        };
        let mut done = 0;
        for granted in due {
            done += self.tell(&granted).await?;
        }
        Ok(done)
    }

    async fn tell(&self, granted: &Annulment) -> Result<u64> {
        let now = self.context.now();
        let (resident, void_since) = (granted.resident_id, granted.activated_at);
        let (mut done, mut after) = (0, Uuid::nil());
        loop {
            let checks = {
                let mut tx = self.context.db.read().await?;
                verifications::good_since(&mut tx, resident, void_since, after, CHECKS).await?
            };
            let Some(last) = checks.last() else { break };
            after = last.verification_id;
            done += transaction!(self.context.db, "annulment.tell", |tx| {
                let mut told = 0;
                for check in &checks {
                    let row = AnnulledCheck {
                        relying_party_id: check.relying_party_id,
                        verification_id: check.verification_id,
                        told_id: self.context.random.uuid_v7(now),
                        told_at: now,
                        verified_at: check.verified_at,
                        void_since,
                    };
                    if store::tell(tx, &row).await?.happened() {
                        told += 1;
                        webhook::tell(tx, row.relying_party_id, row.told_id, message(&row), now).await?;
                    }
                }
                Ok(told)
            })?;
        }
        // An offline QR is checked without a lock on the credential: its record may come after the end that it did not see.
        if granted.ended_at.is_some_and(|ended| now >= ended.plus_seconds(SETTLED_SECONDS)) {
            let told = transaction!(self.context.db, "annulment.told", |tx| {
                Ok(store::told(tx, granted.annulment_id, now).await?.happened())
            })?;
            done += u64::from(told);
        }
        Ok(done)
    }

    /// Ends requests whose time is over and forgets those that led to nothing long ago; gives how many.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let over = {
            let mut tx = self.context.db.read().await?;
            store::over(&mut tx, now, BATCH).await?
        };
        let mut done = 0;
        for id in over {
            let lapsed = transaction!(self.context.db, "annulment.lapse", |tx| lapse(tx, id, now).await)?;
            done += u64::from(lapsed);
        }
        let before = now.plus_seconds(-KEEP_DAYS * DAY);
        let forgotten =
            transaction!(self.context.db, "annulment.sweep", |tx| Ok(store::sweep(tx, before, BATCH).await?))?;
        Ok(done + forgotten)
    }
}

/// What a webhook is sent: what stands in the list.
fn message(row: &AnnulledCheck) -> (&'static str, Value) {
    let AnnulledCheck { verification_id, verified_at, void_since, told_at, .. } = row;
    let data = json!({
        "verification_id": verification_id, "verified_at": verified_at, "void_since": void_since, "told_at": told_at
    });
    ("verification.annulled", data)
}
