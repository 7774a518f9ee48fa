//! Recording entries and checking the log.
//!
//! Each entry has a keyed digest (HMAC-SHA-256 under a root secret that is not in the database) over the previous
//! digest and its own fields; the head of a chain has one over the number and digest of the last entry. An attacker who
//! can write to the database but has no root secret cannot alter, insert, move or delete an entry without detection.
//! They can shorten a chain only with a copy of an older head, and only if nothing was recorded since. The general
//! chain names every other chain, so a whole chain cannot vanish either. Deleting all chains at once leaves an empty
//! log, which only a person can find suspicious.

use std::collections::{BTreeSet, HashSet};

use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::model::{Action, Actor, Entry, Event, GENERAL, Intent, Origin, Outcome, is_written};
use super::report::{EndReport, Fault, PartReport, Report};
use super::store;
use crate::clock::{HOUR, Timestamp};
use crate::context::Context;
use crate::db::{Db, Tx};
use crate::error::{Code, Error, Result};
use crate::security::digest::{digest_of_network, digest_of_session};
use crate::vault::Label;
use crate::window::{Counted, Window};
use crate::{fair, transaction};

const PAGE: i64 = 1_000;
const BROKEN: &[u8] = b"broken";
/// What subjects do, hour by hour: quotas of staff, and what is written of refusals.
const COUNTS: Window = Window { kind: "audit", seconds: HOUR, most: i64::MAX };

/// The audit log. Cloning shares its sources.
#[derive(Clone)]
pub struct Service {
    context: Context,
}

/// Runs an act that changes something, with its entries: the intent is durable before anything happens; the outcome is written in the
/// transaction of what happened, or alone when the act was refused or failed. The body is that of
/// [`transaction!`](crate::transaction!):
///
/// ```text
/// audited!(self.audit, event, "counter.reject", |tx| self.registrations.reject(tx, …).await)
/// ```
#[macro_export]
macro_rules! audited {
    ($audit:expr, $event:expr, $name:expr, |$tx:ident| $body:expr) => {{
        let audit: &$crate::audit::Service = &$audit;
        match audit.begin($event).await {
            Err(error) => Err(error),
            Ok(intent) => {
                let done = $crate::transaction!(audit.db(), $name, |$tx| {
                    // A block of its own, so that `?` and `return` in the body end the body and the outcome is still written.
                    let done: $crate::error::Result<_> = async { $body }.await;
                    let value = done?;
                    audit.finish($tx, intent, $crate::audit::Outcome::Done).await?;
                    Ok(value)
                });
                audit.conclude(intent, done).await
            }
        }
    }};
}

impl Service {
    /// The log of this context's database.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// Records the intent durably, before anything of the act happens. It opens a transaction of its own: never call it
    /// while holding one.
    ///
    /// # Errors
    /// When it could not be recorded: then the action must not happen.
    pub async fn begin(&self, event: Event) -> Result<Intent> {
        let intent = Intent { event, correlation_id: self.context.random.uuid_v7(self.context.now()) };
        transaction!(self.context.db, "audit.begin", |tx| {
            self.append(tx, intent, "intent", String::new()).await?;
            Ok(intent)
        })
    }

    /// Records how an announced action ended, in the transaction that makes it so.
    ///
    /// # Errors
    /// When it could not be recorded: then the transaction must not be committed.
    pub async fn finish(&self, tx: &mut Tx, intent: Intent, outcome: Outcome) -> Result<()> {
        self.append(tx, intent, "outcome", outcome.to_text()).await
    }

    /// Records the outcome of an announced act that changed nothing else, e.g. because it was refused, in a transaction
    /// of its own.
    ///
    /// # Errors
    /// When it could not be recorded.
    pub async fn finish_alone(&self, intent: Intent, outcome: Outcome) -> Result<()> {
        transaction!(self.context.db, "audit.finish", |tx| self.finish(tx, intent, outcome).await)
    }

    /// Announces an act that is more than one transaction, does it, and records how it ended.
    ///
    /// # Errors
    /// What the act gives, or that it could not be announced or recorded.
    pub async fn around<T, E: From<Error>>(
        &self,
        event: Event,
        act: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let intent = self.begin(event).await?;
        let done = act.await;
        self.finish_alone(intent, if done.is_ok() { Outcome::Done } else { Outcome::Failed }).await?;
        done
    }

    /// Records that an announced act was refused or failed, and passes its result on. A successful act has its entry
    /// already.
    ///
    /// # Errors
    /// What `done` holds, or that it could not be recorded.
    pub async fn conclude<T>(&self, intent: Intent, done: Result<T>) -> Result<T> {
        if let Err(error) = &done {
            self.finish_alone(intent, error.code().map_or(Outcome::Failed, Outcome::Refused)).await?;
        }
        done
    }

    /// When the newest entry of any chain was recorded. A look at the end of each chain: for a start, not for a request.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn newest(&self) -> Result<Option<Timestamp>> {
        let mut tx = self.context.db.read().await?;
        let mut newest = None;
        for head in store::heads(&mut tx).await? {
            newest = newest.max(store::at(&mut tx, head.chain, head.seq).await?);
        }
        Ok(newest)
    }

    /// The database of the log, which is also that of the acts.
    pub fn db(&self) -> &Db {
        &self.context.db
    }

    /// Records something that needs no announcement, in the transaction in which it happens.
    ///
    /// # Errors
    /// When it could not be recorded: then the transaction must not be committed.
    pub async fn record(&self, tx: &mut Tx, event: Event, outcome: Outcome) -> Result<()> {
        let correlation_id = self.context.random.uuid_v7(self.context.now());
        self.append(tx, Intent { event, correlation_id }, "outcome", outcome.to_text()).await
    }

    /// Records what somebody did with the command line, in the transaction in which it happens.
    ///
    /// # Errors
    /// When it could not be recorded: then the transaction must not be committed.
    pub async fn operator(&self, tx: &mut Tx, action: Action, subject_id: Uuid) -> Result<()> {
        self.record(tx, Event { chain: GENERAL, actor: Actor::Operator, action, subject_id }, Outcome::Done).await
    }

    /// Records a refusal in a transaction of its own. Callers can cause refusals as often as they like, so only some
    /// per actor, action and code are written: see [`is_written`].
    ///
    /// # Errors
    /// When it could not be recorded.
    pub async fn refused(&self, event: Event, code: Code) -> Result<()> {
        transaction!(self.context.db, "audit.refused", |tx| self.refused_in(tx, event, code).await)
    }

    /// As [`Self::refused`], in the caller's transaction.
    ///
    /// # Errors
    /// When it could not be recorded.
    pub async fn refused_in(&self, tx: &mut Tx, event: Event, code: Code) -> Result<()> {
        let what = format!("{}:{}:{}", event.actor.kind(), event.action.as_str(), code.as_str());
        let whose = if event.actor == Actor::Stranger { event.subject_id } else { event.actor.id() };
        let times = self.count(tx, whose, &what).await?;
        let outcome = if times <= 5 { Outcome::Refused(code) } else { Outcome::RefusedTimes(code, times) };
        if is_written(times) { self.record(tx, event, outcome).await } else { Ok(()) }
    }

    /// Counts something that `subject` does, in the caller's transaction: how often it was in the present hour.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count(&self, tx: &mut Tx, subject: Uuid, what: &str) -> Result<i64> {
        match COUNTS.count(tx, &[subject.as_bytes(), what.as_bytes()], self.context.now()).await? {
            Counted::Use(times) => Ok(times),
            Counted::Full { .. } => Ok(COUNTS.most),
        }
    }

    async fn append(&self, tx: &mut Tx, intent: Intent, phase: &'static str, outcome: String) -> Result<()> {
        let chain = intent.event.chain;
        let fresh = store::open(tx, chain).await?;
        if fresh.happened() && chain != GENERAL {
            let event = Event { chain: GENERAL, actor: Actor::System, action: Action::ChainOpened, subject_id: chain };
            let opened = Intent { event, correlation_id: intent.correlation_id };
            let general_fresh = store::open(tx, GENERAL).await?;
            self.append_to_open(tx, general_fresh.happened(), opened, "outcome", Outcome::Done.to_text()).await?;
        }
        self.append_to_open(tx, fresh.happened(), intent, phase, outcome).await
    }

    async fn append_to_open(
        &self,
        tx: &mut Tx,
        fresh: bool,
        intent: Intent,
        phase: &'static str,
        outcome: String,
    ) -> Result<()> {
        let Intent { event, correlation_id } = intent;
        let head = store::advance(tx, event.chain).await?;
        let seq = head.seq;
        let mut previous = store::digest_of(tx, event.chain, seq - 1).await?.unwrap_or_default();
        // A damaged chain stops nobody from working, but later entries must not hide the damage: the new entry is
        // chained to nothing, so every later check finds the place.
        if !fresh && !self.fits(&head.digest, &head_input(event.chain, seq - 1, &previous)) {
            tracing::error!(audit.chain = %event.chain, audit.seq = seq, "audit: the chain does not fit its head; run `ikd audit verify`");
            previous = BROKEN.to_vec();
        }
        let entry = Entry {
            chain: event.chain,
            seq,
            at: self.context.now(),
            correlation_id,
            actor_kind: event.actor.kind().to_owned(),
            actor_id: event.actor.id(),
            action: event.action.as_str().to_owned(),
            subject_id: event.subject_id,
            phase: phase.to_owned(),
            outcome,
            origin: self.origin(),
        };
        let digest = self.digest(&entry.digest_input(&previous));
        let head = self.digest(&head_input(event.chain, seq, &digest));
        Ok(store::add(tx, &entry, &digest, &head).await?)
    }

    /// This node, and the client for whom the task works, where there is one.
    fn origin(&self) -> Option<Origin> {
        let vault = &self.context.vault;
        let session = fair::whose_session().map(|session| digest_of_session(vault, &session));
        Origin::of(self.context.node, session, fair::whose().and_then(|address| digest_of_network(vault, address)))
    }

    /// Version of the root secret, then the HMAC.
    fn digest(&self, parts: &[Vec<u8>]) -> Vec<u8> {
        let (version, mac) = self.context.vault.mac_now(Label::Audit, &slices(parts));
        [&[version][..], &mac].concat()
    }

    fn fits(&self, digest: &[u8], parts: &[Vec<u8>]) -> bool {
        // An unknown version has no key, so an invented one is refused here.
        let Some((&version, mac)) = digest.split_first() else { return false };
        let own = self.context.vault.mac(version, Label::Audit, &slices(parts));
        own.is_some_and(|own| own[..].ct_eq(mac).into())
    }

    /// Reads the whole log and reports its faults. Recording may go on meanwhile.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn verify(&self) -> Result<Report> {
        let mut report = Report::default();
        let mut opened = BTreeSet::new();
        let mut tx = self.context.db.read().await?;
        let mut chains: BTreeSet<Uuid> = store::chains(&mut tx).await?.into_iter().collect();
        chains.extend(store::heads(&mut tx).await?.into_iter().map(|head| head.chain));
        for &chain in &chains {
            self.verify_chain(&mut tx, chain, (0, i64::MAX), &mut report, &mut opened).await?;
        }
        // Chains that were opened while this was reading are known to the general chain only.
        for &chain in opened.difference(&chains) {
            if store::head(&mut tx, chain).await?.is_none() && store::last(&mut tx, chain).await? == 0 {
                report.faults.push(Fault::ChainMissing { chain });
            }
        }
        let unknown = chains.iter().filter(|chain| **chain != GENERAL && !opened.contains(chain));
        report.faults.extend(unknown.map(|chain| Fault::ChainUnknown { chain: *chain }));
        Ok(report)
    }

    /// Checks the last `most` entries of a chain, and its head. That nothing before was altered, only the whole check says.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn verify_end(&self, chain: Uuid, most: i64) -> Result<EndReport> {
        let mut report = Report::default();
        let mut tx = self.context.db.read().await?;
        let head = store::head(&mut tx, chain).await?.map_or(0, |head| head.seq);
        let after = (head - most).max(0);
        self.verify_chain(&mut tx, chain, (after, i64::MAX), &mut report, &mut BTreeSet::new()).await?;
        Ok(EndReport { after, report })
    }

    /// Checks at most so many entries of a chain after one, and its head once they reach it; part by part, from 0 on, all of it. Nothing for
    /// a chain that is none. What was announced in one part and ended in the next is not told.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn verify_part(&self, chain: Uuid, after: i64, most: i64) -> Result<Option<PartReport>> {
        let (mut report, mut opened) = (Report::default(), BTreeSet::new());
        let mut tx = self.context.db.read().await?;
        let Some(head) = store::head(&mut tx, chain).await? else { return Ok(None) };
        let until = after.saturating_add(most).min(head.seq).max(after);
        self.verify_chain(&mut tx, chain, (after, until), &mut report, &mut opened).await?;
        if chain != GENERAL && after == 0 && !store::is_opened(&mut tx, GENERAL, chain).await? {
            report.faults.push(Fault::ChainUnknown { chain });
        }
        for chain in opened {
            if store::head(&mut tx, chain).await?.is_none() {
                report.faults.push(Fault::ChainMissing { chain });
            }
        }
        Ok(Some(PartReport { until, last: head.seq, report }))
    }

    async fn verify_chain(
        &self,
        tx: &mut Tx,
        chain: Uuid,
        (after, most): (i64, i64),
        report: &mut Report,
        opened: &mut BTreeSet<Uuid>,
    ) -> Result<()> {
        report.chains += 1;
        if after == 0
            && let Some(seq) = store::first(tx, chain).await?.filter(|seq| *seq < 1)
        {
            report.faults.push(Fault::BeforeFirst { chain, seq });
        }
        let head = store::head(tx, chain).await?;
        let end = head.as_ref().map_or(i64::MAX, |head| head.seq);
        let until = end.min(most);
        let (mut last, mut previous) = (after, store::digest_of(tx, chain, after).await?.unwrap_or_default());
        let mut unfinished = HashSet::new();
        loop {
            let entries = store::page(tx, chain, last, until, PAGE).await?;
            if entries.is_empty() {
                break;
            }
            for (entry, digest) in entries {
                report.entries += 1;
                if entry.seq == last + 1 {
                    if !self.fits(&digest, &entry.digest_input(&previous)) {
                        report.faults.push(Fault::Altered { chain, seq: entry.seq });
                    }
                } else {
                    // The previous digest is missing, so this entry's digest cannot be checked; the next one's can.
                    report.faults.push(Fault::Missing { chain, from: last + 1, to: entry.seq - 1 });
                }
                if entry.phase == "intent" {
                    unfinished.insert(entry.correlation_id);
                } else {
                    unfinished.remove(&entry.correlation_id);
                }
                let opens = chain == GENERAL && entry.action == Action::ChainOpened.as_str();
                if opens && !opened.insert(entry.subject_id) {
                    report.faults.push(Fault::ChainReopened { chain: entry.subject_id });
                }
                (last, previous) = (entry.seq, digest);
            }
        }
        report.unfinished += unfinished.len() as u64;
        if until < end {
            if last < until {
                report.faults.push(Fault::Missing { chain, from: last + 1, to: until });
            }
            return Ok(());
        }
        match head {
            None => report.faults.push(Fault::HeadMissing { chain }),
            Some(head) if last < head.seq => report.faults.push(Fault::Truncated { chain, last, head: head.seq }),
            Some(head) if !self.fits(&head.digest, &head_input(chain, head.seq, &previous)) => {
                report.faults.push(Fault::HeadAltered { chain });
            }
            Some(_) => {}
        }
        // The head is read after the entries. It only grows, so entries beyond it are a fault and not a concurrent
        // write.
        let last = store::last(tx, chain).await?;
        if let Some(head) = store::head(tx, chain).await?
            && last > head.seq
        {
            report.faults.push(Fault::BehindHead { chain, last, head: head.seq });
        }
        Ok(())
    }
}

fn head_input(chain: Uuid, seq: i64, digest: &[u8]) -> [Vec<u8>; 4] {
    [b"head".to_vec(), chain.as_bytes().to_vec(), seq.to_be_bytes().to_vec(), digest.to_vec()]
}

fn slices(parts: &[Vec<u8>]) -> Vec<&[u8]> {
    parts.iter().map(Vec::as_slice).collect()
}
