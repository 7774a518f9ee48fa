//! The register check: a leased job that asks the population register, so that no request waits for it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::model::{CheckResult, CheckState, State, Submitted, judge};
use super::service::{Service, approved_until, open, required, state_of};
use super::store::{self, Row};
use crate::audit::{self, Action, Actor, Event, GENERAL, Outcome};
use crate::clock::{HOUR, Timestamp};
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Result};
use crate::holder::ports;
use crate::mail::{MailKind, outbox};
use crate::register::{Date, Found, RegisterRecord, RegisterUnavailable};

/// Seconds that a node may take for one check before another node takes it over.
const LEASE_SECONDS: i64 = 60;
/// Seconds for which a mail with a code waits at most for its address's turn.
const LONGEST_HOLD_SECONDS: i64 = 6 * HOUR;
const BATCH: i64 = 64;
const AT_ONCE: usize = 8;
const COPY: &str = "registration_register_copy";
const COPY_PORTRAIT: &str = "registration_register_copy.portrait";

impl Service {
    /// Runs due checks until `stop`.
    pub async fn run_checks(self, stop: CancellationToken) {
        loop {
            let waited = match self.check_due().await {
                Ok(0) => Duration::from_secs(1),
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    tracing::warn!(error.cause = %error, "data checks are waiting");
                    Duration::from_secs(2)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(waited) => {}
                () = self.check_wake.notified() => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Runs all checks that are due now, once; gives how many were leased.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check_due(&self) -> Result<usize> {
        let now = self.context.now();
        let mut reader = self.context.db.read().await?;
        let due = store::due_checks(&mut reader, now, BATCH).await?;
        drop(reader);
        let mut leased = 0;
        // Several checks run at once: one that waits for a slow register must not delay the others.
        for some in due.chunks(AT_ONCE) {
            for checked in futures_util::future::join_all(some.iter().map(|id| self.check_one(*id))).await {
                leased += usize::from(checked?);
            }
        }
        Ok(leased)
    }

    /// Checks one registration if nobody else does; `false` when there was nothing to do.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check_one(&self, id: Uuid) -> Result<bool> {
        let now = self.context.now();
        let mut tx = self.context.db.write().await?;
        let leased = store::lease_check(&mut tx, id, now, now.plus_seconds(LEASE_SECONDS)).await?;
        let row = store::lookup(&mut tx, id).await?;
        tx.commit().await?;
        let Some(row) = row.filter(|_| leased.happened()) else { return Ok(false) };
        let submitted: Submitted = open(&self.context.vault, &row)?;
        let patience = Duration::from_secs(self.context.config.register.timeout_seconds.max(1));
        let answer = match tokio::time::timeout(patience, self.register.lookup(&submitted.nik)).await {
            Ok(answer) => answer,
            Err(_) => Err(RegisterUnavailable::new("no answer in time")),
        };
        match answer {
            Ok(found) => self.finish(id, &submitted, found).await?,
            Err(error) => {
                tracing::info!(error.cause = %error, check.attempts = row.check_attempts, "the population register does not answer");
                metrics::counter!("ikd_register_unavailable_total").increment(1);
                let mut tx = self.context.db.write().await?;
                let retry = self.context.config.register.retry_seconds.max(1);
                store::postpone_check(&mut tx, id, self.context.now().plus_seconds(retry)).await?;
                tx.commit().await?;
            }
        }
        Ok(true)
    }

    async fn finish(&self, id: Uuid, submitted: &Submitted, found: Option<Found>) -> Result<()> {
        let now = self.context.now();
        let record = found.as_ref().map(|found| &found.record);
        let result = judge(submitted, record, Date::in_jakarta(now));
        let resident = found.as_ref().map(|found| found.resident_id);
        let mut tx = self.context.db.write().await?;
        if !store::finish_check(&mut tx, id, result.as_str(), resident, now).await?.happened() {
            return Ok(());
        }
        if let Some(found) = &found {
            let sealed = self.context.vault.seal_row(&self.context.random, COPY, id, &found.record)?;
            let portrait = found
                .portrait
                .as_ref()
                .map(|bytes| self.context.vault.seal_bytes(&self.context.random, COPY_PORTRAIT, id, bytes))
                .transpose()?;
            store::put_copy(&mut tx, id, &sealed, portrait.as_deref()).await?;
        }
        let row = required(store::lookup(&mut tx, id).await?)?;
        if row.sealed_changed_since(submitted, &self.context.vault)? {
            // The resident corrected the data while the register was answering: check the new data.
            tx.rollback().await?;
            let mut tx = self.context.db.write().await?;
            store::postpone_check(&mut tx, id, now).await?;
            tx.commit().await?;
            return Ok(());
        }
        let taken = match resident {
            Some(resident) => ports::has_usable_credential(&mut tx, resident).await?,
            None => false,
        };
        if let Some(resident) = resident {
            // The holder of a digital KTP learns that somebody registers with their NIK.
            ports::warn_of_registration(&self.context, &mut tx, resident, id, now).await?;
        }
        if state_of(&row)? == State::ApprovedPendingRegister {
            let complete = result == CheckResult::Match && !taken;
            self.complete_pending(&mut tx, &row, complete, now).await?;
        }
        tx.commit().await?;
        self.mail_wake.wake();
        Ok(())
    }

    async fn complete_pending(&self, tx: &mut Tx, row: &Row, complete: bool, now: Timestamp) -> Result<()> {
        let id = row.registration_id;
        let until = if complete { approved_until(now) } else { row.expires_at };
        let to = if complete { State::CodeSent } else { State::AwaitingOfficer };
        let generation = row.code_generation + i64::from(complete);
        // The row is locked since its check was recorded, so only its time can be over.
        if !store::complete_pending(tx, row, to.as_str(), now, until, generation).await?.happened() {
            return Ok(());
        }
        if complete {
            let row = required(store::lookup(tx, id).await?)?;
            self.prepare_holder(tx, &row, now).await?;
            self.send_code(tx, &row, now).await?;
        }
        // The audit entry comes last, as in an approval: a transaction that locks the chain must wait for nothing else.
        let chain = row.office_id.unwrap_or(GENERAL);
        let event = Event { chain, actor: Actor::System, action: Action::ApprovalCompleted, subject_id: id };
        let outcome = if complete { Outcome::Done } else { Outcome::Refused(Code::WrongState) };
        audit::Service::new(self.context.clone()).record(tx, event, outcome).await
    }

    /// Queues the mail with the activation code; when the address has had its share, for the time of its next turn.
    pub(super) async fn send_code(&self, tx: &mut Tx, row: &Row, now: Timestamp) -> Result<()> {
        let kind = MailKind::ActivationCode;
        match outbox::reserve(tx, kind, &row.email_index, now, LONGEST_HOLD_SECONDS).await? {
            Some(due) => {
                outbox::enqueue_at(tx, &self.context.random, (now, due), kind, row.registration_id).await?;
            }
            // The status says so, and from when the resident can ask for it in the app.
            None => tracing::warn!("an approval's mail is not sent: the address has had its share"),
        }
        Ok(())
    }

    /// Copies what the register said to where the digital KTP shows it from.
    pub(super) async fn prepare_holder(&self, tx: &mut Tx, row: &Row, now: Timestamp) -> Result<()> {
        let resident = row.resident_id.ok_or_else(|| Error::internal("an approved registration without a resident"))?;
        let (record, portrait) = self
            .register_copy(tx, row.registration_id)
            .await?
            .ok_or_else(|| Error::internal("an approved registration without the register's answer"))?;
        ports::put_record(&self.context, tx, resident, &record, portrait.as_deref(), now).await
    }

    /// What the register said about a registration: the record and the portrait.
    pub(super) async fn register_copy(
        &self,
        tx: &mut Tx,
        id: Uuid,
    ) -> Result<Option<(RegisterRecord, Option<Vec<u8>>)>> {
        let Some((record, portrait)) = store::lookup_copy(tx, id).await? else { return Ok(None) };
        let record = self.context.vault.open_row(COPY, id, &record)?;
        let portrait = match portrait {
            Some(sealed) => Some(self.context.vault.open_bytes(COPY_PORTRAIT, id, &sealed)?),
            None => None,
        };
        Ok(Some((record, portrait)))
    }
}

impl Row {
    fn sealed_changed_since(&self, submitted: &Submitted, vault: &crate::vault::Vault) -> Result<bool> {
        let present: Submitted = open(vault, self)?;
        Ok(present.full_name != submitted.full_name || present.birth_date != submitted.birth_date)
    }

    /// How far the data check is.
    pub fn check_state(&self) -> Result<CheckState, DbError> {
        CheckState::from_word(&self.check_state).ok_or_else(|| DbError::Other(String::from("unknown check state")))
    }

    /// What the register's answer means, once it is there.
    pub fn check_result(&self) -> Option<CheckResult> {
        self.check_result.as_deref().and_then(CheckResult::from_word)
    }
}
