//! Deciding a good check in a transaction of its own: of a token that is not spent, and of one whose batch met a key that was used
//! before.

use super::batch::Spending;
use super::draft::{Drafts, Subject};
use super::earlier::{Earlier, recorded};
use super::model::{Answer, Content, Question};
use super::proof;
use super::quota::{self, RepeatRow};
use super::refusal::Refusals;
use super::signed::BatchRow;
use super::store::{self, CheckRow};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::credential::TokenKind;
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Refusal, Result};
use crate::relying_party::Party;
use crate::status_list::Place;
use crate::window::{Counted, OFFLINE_CHECKS};
use crate::{holder, status_list, transaction};

/// Decides checks one by one. Cloning shares its sources.
#[derive(Clone)]
pub(super) struct Alone {
    context: Context,
    drafts: Drafts,
    earlier: Earlier,
    refusals: Refusals,
}

enum Decided {
    /// It is recorded.
    Recorded,
    /// It is counted in this check, which it repeats.
    Repeated(Box<CheckRow>),
    /// Its key was used for this check. Nothing is kept.
    Earlier(Box<CheckRow>),
    /// The token cannot be used. Nothing is kept.
    Unusable,
}

impl Alone {
    pub(super) const fn new(context: Context, drafts: Drafts, earlier: Earlier, refusals: Refusals) -> Self {
        Self { context, drafts, earlier, refusals }
    }

    /// Spends and records.
    ///
    /// # Errors
    /// `too_many` when an offline QR was checked too often; `idempotency_mismatch`; what the database or the signer said.
    pub(super) async fn decide(
        &self,
        party: &Party,
        question: &Question,
        subject: Subject,
        Spending { mut row, .. }: Spending,
        content: Content,
        now: Timestamp,
    ) -> Result<Answer> {
        // Before the transaction begins: the key may be in a module that makes one wait.
        let batch = self.drafts.sign_alone(&mut row).await?;
        let decided = transaction!(self.context.db, "verification.decide", |tx| {
            let decided = decide(tx, party, question, subject, (&row, &batch), now).await?;
            if matches!(decided, Decided::Earlier(_) | Decided::Unusable) {
                tx.discard();
            }
            Ok(decided)
        });
        match decided {
            Ok(Decided::Recorded) => Ok(row.into_answer(Some(content))),
            Ok(Decided::Repeated(first)) => Ok(first.into_answer(Some(content))),
            Ok(Decided::Earlier(row)) => self.earlier.again(party, *row, question, Some(content), now).await,
            Ok(Decided::Unusable) => self.refusals.genuine(party, question, subject, None, now).await,
            // The key was used before. The spending is undone, and that answer given.
            Err(Error::Db(DbError::Unique)) => {
                self.earlier.faster(party, question, Some(subject.record.subject), now).await
            }
            Err(error) => Err(error),
        }
    }
}

async fn decide(
    tx: &mut Tx,
    party: &Party,
    question: &Question,
    subject: Subject,
    (row, batch): (&CheckRow, &BatchRow),
    now: Timestamp,
) -> Result<Decided> {
    let record = subject.record;
    if subject.single_use() {
        if !holder::ports::spend(tx, record.subject, record.generation, record.issued).await?.happened() {
            return Ok(Decided::Unusable);
        }
        store::add(tx, row).await?;
        proof::add(tx, batch).await?;
        return Ok(Decided::Recorded);
    }
    let counted = count_offline(tx, row, now).await?;
    // A key that was used before gets its own answer, whatever the count is. It is looked up on this connection: waiting
    // for a second one while holding the counter's row could deadlock with connections that wait for that row.
    if counted != Counted::Use(1)
        && let Some(earlier) = recorded(tx, party, question, record.subject).await?
    {
        return Ok(Decided::Earlier(Box::new(earlier)));
    }
    counted.or_refuse(too_many_checks())?;
    if !still_counts(tx, subject).await? {
        return Ok(Decided::Unusable);
    }
    if let Some(first) = store::repeat_offline(tx, row, now.plus_seconds(-OFFLINE_CHECKS.seconds)).await? {
        quota::keep(tx, &RepeatRow::of(row, first.verification_id, now)).await?;
        return Ok(Decided::Repeated(Box::new(first)));
    }
    store::add(tx, row).await?;
    proof::add(tx, batch).await?;
    Ok(Decided::Recorded)
}

/// Whether what can be shown more than once still counts. A printed card outlives PINs and phones: its place in the status lists says.
async fn still_counts(tx: &mut Tx, Subject { record }: Subject) -> Result<bool> {
    if record.kind == TokenKind::Card {
        return Ok(status_list::ports::counts(tx, record.subject, Place::of_number(record.generation)).await?);
    }
    Ok(holder::ports::is_active(tx, record.subject, record.generation).await?)
}

/// Counts a check of an offline QR by its party. The row is locked until the transaction ends, so of several
/// simultaneous checks each finds the record of the one before.
async fn count_offline(tx: &mut Tx, row: &CheckRow, now: Timestamp) -> Result<Counted> {
    let issued = row.issued.micros().to_be_bytes();
    let subject: [&[u8]; 3] = [row.resident_id.as_bytes(), row.relying_party_id.as_bytes(), &issued];
    Ok(OFFLINE_CHECKS.count(tx, &subject, now).await?)
}

fn too_many_checks() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "QR ini sudah diperiksa terlalu sering dalam sepuluh menit; mintalah QR baru dari ponsel, atau periksa kartu cetak nanti.",
        "This QR was checked too often within ten minutes; ask for a new one from the phone, or check a printed card later.",
    )
}
