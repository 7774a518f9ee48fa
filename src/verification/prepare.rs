//! Stage one of a check: its signature is checked, its holder's data read, answer and record drafted.

use std::collections::HashMap;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::commit::{self, Committing};
use super::draft::{Drafts, PendingCheck};
use super::pipeline::{Outcome, Reply};
use crate::batcher::{Batcher, overloaded};
use crate::credential::signatures::{Signed, all_good};
use crate::db::{Db, DbResult, Session, Shard};
use crate::holder;
use crate::holder::batch::SealedHolder;

/// A check, or another question about a holder, that waits for this stage.
pub(super) struct Reading {
    pub(super) resident: Uuid,
    pub(super) portrait: bool,
    pub(super) then: Then,
}

/// What is to be done with a holder's data.
pub(super) enum Then {
    Tell(oneshot::Sender<DbResult<Option<SealedHolder>>>),
    Answer(Box<PendingCheck>, Reply),
}

impl Reading {
    fn is_given_up(&self) -> bool {
        match &self.then {
            Then::Tell(reply) => reply.is_closed(),
            Then::Answer(_, reply) => reply.is_closed(),
        }
    }

    fn signed(&self) -> Option<&Signed> {
        match &self.then {
            Then::Tell(_) => None,
            Then::Answer(case, _) => Some(&case.signed),
        }
    }

    /// Continues with the holder that was found; gives what is to be committed.
    fn go_on(self, found: DbResult<Option<SealedHolder>>, drafts: &Drafts) -> Option<Committing> {
        let (case, reply) = match self.then {
            Then::Tell(reply) => {
                let _ = reply.send(found);
                return None;
            }
            Then::Answer(case, reply) => (case, reply),
        };
        let drafted = match found {
            Ok(Some(holder)) => drafts.good(*case, &holder),
            Ok(None) => {
                let _ = reply.send(Ok(Outcome::Nobody));
                return None;
            }
            Err(error) => Err(error.into()),
        };
        let outcome = match drafted {
            Ok(None) => Ok(Outcome::Over),
            Ok(Some((spending, content))) if spending.row.single_use == 0 => {
                Ok(Outcome::Undecided(Box::new(spending), content))
            }
            Ok(Some((spending, content))) => return Some(Committing { spending, content, reply, signed: None }),
            Err(error) => Err(error),
        };
        let _ = reply.send(outcome);
        None
    }
}

fn pass_on(job: Committing, next: &Batcher<Committing>) {
    if let Err(job) = next.push(job) {
        let _ = job.reply.send(Err(overloaded()));
    }
}

/// A batch of the first stage on a thread of the embedded engine, which may wait for a signer too: its transaction is over by
/// then.
pub(super) fn read_here(session: &mut Session<'_>, jobs: Vec<Reading>, drafts: &Drafts, next: &Batcher<Committing>) {
    let jobs = genuine(jobs);
    if jobs.is_empty() {
        return;
    }
    let found = session.transact(|local| {
        Ok(jobs.iter().map(|job| holder::batch::holder(local, job.resident, job.portrait)).collect::<Vec<_>>())
    });
    let mut drafted: Vec<Committing> = match found {
        Ok(found) => jobs.into_iter().zip(found).filter_map(|(job, found)| job.go_on(found, drafts)).collect(),
        Err(error) => jobs.into_iter().filter_map(|job| job.go_on(Err(error.clone()), drafts)).collect(),
    };
    // The next thread is the one that writes, and waits for no module.
    if !drafted.is_empty()
        && drafts.signing_blocks()
        && let Err(error) = commit::sign_here(drafts, &mut drafted)
    {
        return commit::refuse(drafted.into_iter().map(|job| job.reply), &error);
    }
    drafted.into_iter().for_each(|job| pass_on(job, next));
}

/// A batch of the first stage on the server.
pub(super) async fn read(db: Db, shard: Shard, jobs: Vec<Reading>, drafts: Drafts, next: Batcher<Committing>) {
    let jobs = genuine(jobs);
    if jobs.is_empty() {
        return;
    }
    let asked: Vec<_> = jobs.iter().map(|job| (job.resident, job.portrait)).collect();
    let found = holder::batch::holders(&db, shard, &asked).await;
    for job in jobs {
        let one = |holders: &HashMap<Uuid, SealedHolder>| {
            // Two checks may be about the same holder, one of them without the portrait.
            Some(holders.get(&job.resident)?.with_portrait_if(job.portrait))
        };
        let found = found.as_ref().map(one).map_err(Clone::clone);
        if let Some(job) = job.go_on(found, &drafts) {
            pass_on(job, &next);
        }
    }
}

/// Answers the checks whose signature is bad, and gives the others.
fn genuine(mut jobs: Vec<Reading>) -> Vec<Reading> {
    jobs.retain(|job| !job.is_given_up());
    let signed: Vec<&Signed> = jobs.iter().filter_map(Reading::signed).collect();
    let good = all_good(&signed);
    if good.iter().all(|good| *good) {
        return jobs;
    }
    let mut good = good.into_iter();
    let (rest, bad): (Vec<_>, Vec<_>) =
        jobs.into_iter().partition(|job| job.signed().is_none() || good.next().unwrap_or(false));
    for job in bad {
        if let Then::Answer(_, reply) = job.then {
            let _ = reply.send(Ok(Outcome::BadSignature));
        }
    }
    rest
}
