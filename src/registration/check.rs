//! The register check: a leased job that asks the population register, so that no request waits for it.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::model::{Progress, Registration, State, Submitted, judge};
use super::sealed;
use super::store::{check, registration, step};
use super::{approval, cases};
use crate::audit::{self, Action, Actor, Event, GENERAL, Outcome};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbResult, Tx};
use crate::error::{Code, Result};
use crate::holder::ports as holder;
use crate::jobs::{self, Job, Queue, Wake};
use crate::register::{Date, Found, PopulationRegister, Region, RegisterUnavailable};
use crate::transaction;

/// Seconds that a node may take for one check before another node takes it over.
const LEASE_SECONDS: i64 = 60;
/// Checks at once: one that waits for a slow register must not delay the others.
const AT_ONCE: usize = 8;
/// How much longer than the register's timeout a stop waits for a check.
const NOTING: Duration = Duration::from_secs(5);

/// Asks the register about what was submitted. Cloning shares everything.
#[derive(Clone)]
pub struct RegisterChecks {
    context: Context,
    register: PopulationRegister,
    mail: Wake,
    due: Wake,
}

/// A check that this node has leased.
pub struct Leased {
    id: Uuid,
    attempts: i64,
}

impl RegisterChecks {
    pub(super) fn new(context: Context, register: PopulationRegister, mail: Wake) -> Self {
        Self { context, register, mail, due: Wake::default() }
    }

    /// Looks for due checks now: one was added or is to be done anew.
    pub fn wake(&self) {
        self.due.wake();
    }

    /// The job of checking what is due, at once when it is woken.
    pub fn into_job(self) -> Job {
        let wake = self.due.clone();
        Job::new(Self::NAME, move |stop| jobs::work_off(Arc::new(self), wake, stop))
    }

    /// Runs all checks that are due now, once; gives how many. For tests and the demo.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check_due(&self) -> Result<usize> {
        jobs::work_until_idle(Arc::new(self.clone())).await
    }

    /// At the counter the register check does not wait for its turn: it runs now, within the register's timeout.
    pub async fn ensure_checked(&self, id: Uuid) {
        if let Err(error) = self.check_one(id).await {
            tracing::warn!(error.cause = %error, "a register check at the counter could not run");
        }
    }

    /// Checks one registration if nobody else does; `false` when there was nothing to do.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check_one(&self, id: Uuid) -> Result<bool> {
        let leased = transaction!(self.context.db, "register_check.lease", |tx| Ok(self.lease(tx, id).await?))?;
        let Some(leased) = leased else { return Ok(false) };
        self.work(leased).await?;
        Ok(true)
    }

    async fn lease(&self, tx: &mut Tx, id: Uuid) -> DbResult<Option<Leased>> {
        let now = self.context.now();
        let leased = check::lease(tx, id, now, now.plus_seconds(LEASE_SECONDS)).await?;
        Ok(leased.map(|attempts| Leased { id, attempts }))
    }

    fn patience_with_register(&self) -> Duration {
        Duration::from_secs(self.context.config.register.timeout_seconds.max(1))
    }

    async fn ask(&self, submitted: &Submitted) -> Result<Option<Found>, RegisterUnavailable> {
        match tokio::time::timeout(self.patience_with_register(), self.register.lookup(&submitted.nik)).await {
            Ok(answer) => answer,
            Err(_) => Err(RegisterUnavailable::new("no answer in time")),
        }
    }

    async fn finish(&self, id: Uuid, submitted: &Submitted, found: Option<&Found>) -> Result<()> {
        let now = self.context.now();
        transaction!(self.context.db, "register_check.finish", |tx| {
            self.finish_in(tx, id, submitted, found, now).await
        })?;
        self.mail.wake();
        Ok(())
    }

    async fn finish_in(
        &self,
        tx: &mut Tx,
        id: Uuid,
        submitted: &Submitted,
        found: Option<&Found>,
        now: Timestamp,
    ) -> Result<()> {
        let Some(held) = registration::hold(tx, id).await? else { return Ok(()) };
        if held.state().is_ended() {
            return Ok(check::stop(tx, id).await?);
        }
        if !sealed::submitted(&self.context.vault, &held)?.same_person_as(submitted) {
            // The resident corrected the data while the register was answering: check the new data.
            return Ok(check::postpone(tx, id, now).await?);
        }
        let answer = judge(submitted, found.map(|found| (found.resident_id, &found.record)), Date::in_jakarta(now));
        if !check::finish(tx, id, answer, now).await?.happened() {
            return Ok(());
        }
        if let Some(found) = found {
            sealed::put_register_copy(&self.context, tx, id, found).await?;
        }
        step::settle(tx, id, found.map_or(Region::NONE, |found| Region::of(&found.record).regency())).await?;
        cases::checked(&self.context, tx, id, submitted, found.map(|found| &found.record), now).await?;
        let in_the_way = match answer.resident() {
            Some(resident) => {
                // The holder of a digital KTP learns that somebody registers with their NIK.
                holder::warn_of_registration(&self.context, tx, resident, id, now).await?;
                holder::has_usable_credential(tx, resident).await?
            }
            None => false,
        };
        let answered = held.answered(answer);
        let waited = answered.state() == State::ApprovedPendingRegister && answered.is_live(now);
        let next = if waited { answered.complete(in_the_way, now)? } else { answered };
        registration::save(tx, &next).await?.demand()?;
        if waited { self.completed(tx, &next, now).await } else { Ok(()) }
    }

    /// An approval that had waited for the register goes on, or goes back.
    async fn completed(&self, tx: &mut Tx, registration: &Registration, now: Timestamp) -> Result<()> {
        let mut outcome = Outcome::Refused(Code::WrongState);
        if let Progress::CodeSent { resident } = registration.progress {
            approval::complete(&self.context, tx, registration, resident, now).await?;
            outcome = Outcome::Done;
        }
        // The audit entry comes last, as in an approval: a transaction that locks the chain must wait for nothing else.
        let chain = registration.office_id.unwrap_or(GENERAL);
        let subject_id = registration.registration_id;
        let event = Event { chain, actor: Actor::System, action: Action::ApprovalCompleted, subject_id };
        audit::Service::new(self.context.clone()).record(tx, event, outcome).await
    }
}

impl Queue for RegisterChecks {
    type Item = Leased;

    const NAME: &'static str = "registration.check";

    fn concurrency(&self) -> usize {
        AT_ONCE
    }

    fn patience(&self) -> Duration {
        self.patience_with_register() + NOTING
    }

    async fn take(&self, most: usize) -> Result<Vec<Leased>> {
        let most = i64::try_from(most).unwrap_or(1);
        let due = check::due(&mut self.context.db.read().await?, self.context.now(), most).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        transaction!(self.context.db, "register_check.lease", |tx| {
            let mut leased = Vec::new();
            for id in &due {
                leased.extend(self.lease(tx, *id).await?);
            }
            Ok(leased)
        })
    }

    async fn work(&self, Leased { id, attempts }: Leased) -> Result<()> {
        // Read after the lease is kept: a row that cannot be read waits for its lease to end and keeps no other waiting.
        let mut reader = self.context.db.read().await?;
        let Some(registration) = registration::lookup(&mut reader, id).await? else { return Ok(()) };
        drop(reader);
        let submitted = sealed::submitted(&self.context.vault, &registration)?;
        match self.ask(&submitted).await {
            Ok(found) => self.finish(id, &submitted, found.as_ref()).await,
            Err(error) => {
                tracing::info!(error.cause = %error, check.attempts = attempts, "the population register does not answer");
                metrics::counter!("ikd_register_unavailable_total").increment(1);
                let retry = self.context.config.register.retry_seconds.max(1);
                transaction!(self.context.db, "register_check.postpone", |tx| {
                    Ok(check::postpone(tx, id, self.context.now().plus_seconds(retry)).await?)
                })
            }
        }
    }
}
