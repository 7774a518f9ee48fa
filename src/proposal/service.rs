//! Asking, granting, refusing, taking back.

use uuid::Uuid;

use super::carry::{self, By};
use super::model::{self, Matter, State, check_reason, end_of};
use super::store::{self, Proposal};
use crate::audit::{self, Event, Outcome};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Refusal, Result};
use crate::page::{self, Page};
use crate::retention::{Period, ports as retention};
use crate::staff::ports as people;
use crate::{audited, transaction};

/// From the newest on.
const NEWEST: Uuid = Uuid::max();
/// Where what is to be done is sealed: the table of its row.
pub(super) const TABLE: &str = "proposal";
/// Rows that are forgotten at once.
const BATCH: i64 = 500;

/// What is asked of the national administration. Cloning shares everything.
#[derive(Clone)]
pub struct Proposals {
    pub(super) context: Context,
    pub(super) audit: audit::Service,
}

/// Something that was asked, with the names of who is concerned.
#[derive(Debug)]
pub struct Listed {
    /// Its row.
    pub proposal: Proposal,
    /// What is to be done; none where it named a person and is over.
    pub matter: Option<Matter>,
    /// Log-in name of who asked.
    pub asked_by: String,
    /// Log-in name of who ended it.
    pub decided_by: Option<String>,
    /// Whether who looks is who asked.
    pub is_own: bool,
}

impl Proposals {
    /// Over the shared tables.
    pub fn new(context: Context) -> Self {
        Self { audit: audit::Service::new(context.clone()), context }
    }

    /// The one clock.
    pub fn now(&self) -> Timestamp {
        self.context.now()
    }

    /// Asks for something that was found to fit; gives its id.
    pub(super) async fn ask(
        &self,
        (asker, event): (Uuid, Event),
        (matter, name): (&Matter, &str),
        reason: &str,
    ) -> Result<Uuid> {
        let now = self.context.now();
        let reason = check_reason(reason)?;
        let proposal_id = self.context.random.uuid_v7(now);
        let sealed = self.context.vault.seal_row(&self.context.random, TABLE, proposal_id, matter)?;
        let proposal = Proposal {
            proposal_id,
            kind: matter.kind(),
            about: matter.about(),
            subject_id: matter.subject(),
            name: name.to_owned(),
            state: State::Waiting,
            reason,
            asked_by: asker,
            asked_at: now,
            expires_at: end_of(now),
            decided_by: None,
            decided_at: None,
            refusal: None,
            sealed: Some(sealed),
        };
        let event = Event { subject_id: proposal_id, ..event };
        audited!(self.audit, event, "proposal.ask", |tx| {
            // What is too old waits no more, whether or not it was swept.
            store::expire(tx, now).await?;
            store::add(tx, &proposal).await.map_err(twice)
        })?;
        Ok(proposal_id)
    }

    /// Grants what another administrator asked for, and does it. What no longer fits is refused, and waits on.
    ///
    /// # Errors
    /// `not_found` for what is over; `forbidden` for one's own; `wrong_state` where who asked works here no more; and whatever what is
    /// to be done is refused with.
    pub async fn grant(&self, (granter, event): (Uuid, Event), id: Uuid) -> Result<()> {
        let now = self.context.now();
        let (proposal, matter) = self.open(id).await?;
        if proposal.asked_by == granter {
            return Err(model::own().into());
        }
        let done = Event { action: matter.action(), subject_id: matter.subject(), ..event };
        audited!(self.audit, event, "proposal.grant", |tx| {
            if !people::may_act(tx, proposal.asked_by, now).await? {
                return Err(model::nobody_asks().into());
            }
            store::grant(tx, id, (granter, now), matter.is_personal()).await?.or(Code::NotFound)?;
            let by = By { asked_by: proposal.asked_by, granted_by: granter, now };
            carry::out(&self.context, tx, &matter, by).await.map_err(unfit)?;
            self.audit.record(tx, done, Outcome::Done).await
        })
    }

    /// Refuses what another administrator asked for, and says why.
    ///
    /// # Errors
    /// `not_found` for what is over; `forbidden` for one's own; `invalid_field`.
    pub async fn refuse(&self, (who, event): (Uuid, Event), id: Uuid, reason: &str) -> Result<()> {
        let now = self.context.now();
        let reason = check_reason(reason)?;
        let (proposal, matter) = self.open(id).await?;
        if proposal.asked_by == who {
            return Err(model::own().into());
        }
        audited!(self.audit, event, "proposal.refuse", |tx| {
            store::refuse(tx, id, (who, now), &reason, matter.is_personal()).await?.or(Code::NotFound)
        })
    }

    /// Takes the own request back.
    ///
    /// # Errors
    /// `not_found` for what is over or somebody else's.
    pub async fn withdraw(&self, (who, event): (Uuid, Event), id: Uuid) -> Result<()> {
        let now = self.context.now();
        let (_, matter) = self.open(id).await?;
        audited!(self.audit, event, "proposal.withdraw", |tx| {
            store::withdraw(tx, id, (who, now), matter.is_personal()).await?.or(Code::NotFound)
        })
    }

    /// What waits, or all of it, the newest first. Who cannot grant reads no addresses of people.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that is none.
    pub async fn page(
        &self,
        (reader, grants): (Uuid, bool),
        waiting: bool,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<Listed>> {
        let before = page::after(cursor, NEWEST)?;
        let mut tx = self.context.db.read().await?;
        let rows = if waiting {
            store::waiting(&mut tx, self.context.now(), before, limit + 1).await?
        } else {
            store::all(&mut tx, before, limit + 1).await?
        };
        let mut found = Vec::with_capacity(rows.len());
        for proposal in rows {
            let matter = self.matter(&proposal)?;
            let decided_by = match proposal.decided_by {
                Some(person) => people::username(&mut tx, person).await?,
                None => None,
            };
            found.push(Listed {
                matter: if grants { matter } else { matter.map(Matter::for_readers) },
                asked_by: people::username(&mut tx, proposal.asked_by).await?.unwrap_or_default(),
                decided_by,
                is_own: proposal.asked_by == reader,
                proposal,
            });
        }
        Ok(Page::new(found, limit, |listed| listed.proposal.proposal_id))
    }

    /// How many wait that somebody else than `reader` asked for.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_waiting(&self, reader: Uuid) -> Result<i64> {
        let mut tx = self.context.db.read().await?;
        Ok(store::count_waiting(&mut tx, self.context.now(), reader).await?)
    }

    /// Notes that something was read.
    ///
    /// # Errors
    /// When the log did not take it.
    pub async fn note(&self, event: Event) -> Result<()> {
        transaction!(self.context.db, "proposal.note", |tx| self.audit.record(tx, event, Outcome::Done).await)
    }

    /// Ends what nobody decided in time and forgets what was over long ago; gives how many.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        transaction!(self.context.db, "proposal.sweep", |tx| {
            let expired = store::expire(tx, now).await?;
            let before = retention::kept_since(&self.context, tx, Period::Proposals, now).await?;
            Ok(expired + store::sweep(tx, before, BATCH).await?)
        })
    }

    /// One that waits, with what is to be done.
    async fn open(&self, id: Uuid) -> Result<(Proposal, Matter)> {
        let mut tx: Tx = self.context.db.read().await?;
        let found = store::lookup(&mut tx, id).await?.ok_or(Code::NotFound)?;
        if found.state != State::Waiting || found.expires_at <= self.context.now() {
            return Err(Code::NotFound.into());
        }
        let matter = self.matter(&found)?.ok_or(Code::NotFound)?;
        Ok((found, matter))
    }

    fn matter(&self, proposal: &Proposal) -> Result<Option<Matter>> {
        let open = |sealed: &Vec<u8>| self.context.vault.open_row(TABLE, proposal.proposal_id, sealed);
        Ok(proposal.sealed.as_ref().map(open).transpose()?)
    }
}

/// Who grants typed nothing: a field that is refused now is a request that no longer fits, in the words of that field.
fn unfit(error: Error) -> Error {
    let Error::Refused(refusal) = error else { return error };
    match refusal.fields.first() {
        Some(field) => Refusal::new(Code::WrongState).detail(field.message.id, field.message.en).into(),
        None => Error::Refused(refusal),
    }
}

fn twice(error: DbError) -> Error {
    match error {
        DbError::Unique => model::waits_already().into(),
        other => other.into(),
    }
}
