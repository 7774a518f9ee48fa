//! How many checks a party may put in a minute and in a day, as its contract says or the configuration. Nodes take what they may give out from one row in portions
//! of what is left, and give it out from memory: the row is written some hundred times while a quota is used up, however large that is, and
//! never more is given out than there is. The last of it is taken one by one, so nothing of it stays behind elsewhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::model::{Party, Quota, Span};
use super::notice;
use super::store::quota;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Code, Refusal, Result};
use crate::transaction;

/// A node takes this part of what is left at once.
const PORTION: i64 = 64;
/// Of a day's quota, when a party is told: four fifths.
const TOLD_AT: (i64, i64) = (4, 5);

/// What this node took for a party and a span, and has not given out.
#[derive(Debug, Default)]
struct Held {
    /// Which minute or day.
    number: i64,
    left: i64,
    /// What all nodes had taken by then.
    taken: i64,
}

type Counts = HashMap<(Uuid, Span), Arc<tokio::sync::Mutex<Held>>>;

/// Gives checks out. Cloning shares what is held.
#[derive(Clone)]
pub struct Allowance {
    context: Context,
    held: Arc<Mutex<Counts>>,
}

impl Allowance {
    /// In this context; nothing is held yet.
    pub fn new(context: Context) -> Self {
        Self { context, held: Arc::default() }
    }

    /// Whether a party may not put as many checks as it likes.
    pub fn limits(&self, party: &Party) -> bool {
        self.quota(party) != Quota::default()
    }

    /// Takes a check of a party. Who asks for the same party waits for its row; nobody else does.
    ///
    /// # Errors
    /// `quota_reached` with the time to wait; or the database does not answer.
    pub async fn take(&self, party: &Party, now: Timestamp) -> Result<()> {
        let (quota, mut given) = (self.quota(party), Vec::new());
        for span in Span::ALL {
            let Some(most) = quota.of(span) else { continue };
            if self.take_of(party.relying_party_id, (span, most), now).await? {
                given.push(span);
                continue;
            }
            for span in given {
                self.refund_of(party.relying_party_id, span, now).await;
            }
            return Err(reached(span).retry_after(span.end(now).retry_after(now)).into());
        }
        Ok(())
    }

    /// Gives a check back that was answered before: the repetition of a question is no other one.
    pub async fn refund(&self, party: &Party, now: Timestamp) {
        for span in Span::ALL {
            if self.quota(party).of(span).is_some() {
                self.refund_of(party.relying_party_id, span, now).await;
            }
        }
    }

    /// What counts for a party: its contract's, else what is configured.
    fn quota(&self, party: &Party) -> Quota {
        party.quota.or_configured(&self.context.config.quota)
    }

    fn held(&self, party: Uuid, span: Span) -> Arc<tokio::sync::Mutex<Held>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(held.entry((party, span)).or_default())
    }

    async fn refund_of(&self, party: Uuid, span: Span, now: Timestamp) {
        let held = self.held(party, span);
        let mut held = held.lock().await;
        if held.number == span.number(now) {
            held.left += 1;
        }
    }

    async fn take_of(&self, party: Uuid, (span, most): (Span, i64), now: Timestamp) -> Result<bool> {
        let held = self.held(party, span);
        let mut held = held.lock().await;
        let number = span.number(now);
        // What a node holds was taken from the row: it stays where the quota is changed, or requests that know the old one and the
        // new one would throw it away by turns.
        if held.number < number {
            *held = Held { number, ..Held::default() };
        }
        if held.left == 0 {
            // A full one is full until its end: nobody asks the row again.
            if held.taken >= most {
                return Ok(false);
            }
            let portion = ((most - held.taken) / PORTION).max(1);
            let numbered = held.number;
            let found = transaction!(self.context.db, "relying_party.take_quota", |tx| {
                let found = quota::take(tx, (party, span), numbered, (portion, most)).await?;
                let crossed = found.is_some_and(|(_, taken)| crosses(taken - portion, taken, most));
                if span == Span::Day && crossed {
                    notice::quota_runs_out(&self.context, tx, party, span.end(now), now).await?;
                }
                Ok(found)
            })?;
            match found {
                Some((number, taken)) => {
                    held.number = number;
                    held.taken = taken;
                    held.left = (most - (taken - portion)).clamp(0, portion);
                }
                None => held.taken = most,
            }
        }
        if held.left == 0 {
            return Ok(false);
        }
        held.left -= 1;
        Ok(true)
    }
}

/// Whether four fifths lie between what had been taken before and what is now.
const fn crosses(before: i64, after: i64, most: i64) -> bool {
    let (part, of) = TOLD_AT;
    before * of < most * part && after * of >= most * part
}

fn reached(span: Span) -> Refusal {
    let refusal = Refusal::new(Code::QuotaReached);
    match span {
        Span::Minute => refusal.detail(
            "Kuota per menit lembaga Anda sudah terpakai. Tunggu sampai menit berikutnya; untuk kuota lebih besar, tulis kepada Ditjen Dukcapil dengan nomor perjanjian Anda.",
            "Your organisation's quota of a minute is used up. Wait for the next minute; for a larger one write to Ditjen Dukcapil with the number of your contract.",
        ),
        Span::Day => refusal.detail(
            "Kuota per hari lembaga Anda sudah terpakai; mulai lagi tengah malam WIB. Untuk kuota lebih besar, tulis kepada Ditjen Dukcapil dengan nomor perjanjian Anda.",
            "Your organisation's quota of a day is used up; it begins again at midnight in Jakarta. For a larger one write to Ditjen Dukcapil with the number of your contract.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_is_told_once_when_four_fifths_are_taken() {
        for (before, after, most, told) in
            [(79, 80, 100, true), (78, 79, 100, false), (80, 81, 100, false), (0, 1, 1, true), (0, 100, 100, true)]
        {
            assert_eq!(crosses(before, after, most), told, "{before} {after} {most}");
        }
    }

    #[test]
    fn a_minute_and_a_day_have_their_ends() {
        // 2026-11-28 00:00 in Jakarta is 2026-11-27 17:00 UTC (date -ud '2026-11-27 17:00' +%s).
        let midnight = Timestamp::from_seconds(1_795_798_800);
        let before = midnight.plus_seconds(-1);
        assert_eq!((Span::Day.end(before), Span::Day.number(midnight) - Span::Day.number(before)), (midnight, 1));
        assert_eq!(Span::Day.end(midnight), midnight.plus_seconds(86_400));
        assert_eq!((Span::Minute.end(before), Span::Minute.end(midnight)), (midnight, midnight.plus_seconds(60)));
    }
}
