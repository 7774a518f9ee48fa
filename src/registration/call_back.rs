//! Two people of one mind could approve whom they like, where no code goes to anybody's address. So some of these approvals are drawn by
//! lot, and a third person of the office calls the resident back at the number of the registration. Neither of the two knows which.

use uuid::Uuid;

use super::model::CallBackFinding;
use super::store::call_back as store;
pub use super::store::call_back::CallBackRow;
use crate::clerk::Clerk;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbResult, Tx};
use crate::error::{Code, Refusal, Result};
use crate::random::Random;
use crate::retention::{Period, ports as retention};

/// Call-backs shown to an office at most.
const SHOWN: i64 = 100;

/// Whether an approval is drawn, where `percent` of them are.
fn is_drawn(random: &Random, percent: u32) -> bool {
    random.below(100) < u64::from(percent)
}

/// Draws, or does not draw, an approval in the transaction that grants it; some are `always` called back.
pub(super) async fn draw(
    context: &Context,
    tx: &mut Tx,
    id: Uuid,
    (asked_by, granted_by): (Uuid, Clerk),
    always: bool,
) -> Result<()> {
    if always || is_drawn(&context.random, context.config.limits.call_back_percent) {
        let pair = (asked_by, granted_by.officer_id);
        store::draw(tx, (id, granted_by.office_id), pair, context.now()).await?;
    }
    Ok(())
}

/// What is to be called back, and what was, at an office. Cloning shares everything.
#[derive(Clone)]
pub struct CallBacks {
    pub(super) context: Context,
}

impl CallBacks {
    /// Those of the caller's office that somebody else approved, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, actor: Clerk) -> Result<Vec<CallBackRow>> {
        let mut tx = self.context.db.read().await?;
        let since = retention::kept_since(&self.context, &mut tx, Period::CallBacks, self.context.now()).await?;
        let rows = store::of_office(&mut tx, actor.office_id, since, SHOWN).await?;
        Ok(rows.into_iter().filter(|row| ![row.asked_by, row.granted_by].contains(&actor.officer_id)).collect())
    }

    /// Notes in the caller's transaction what the resident said.
    ///
    /// # Errors
    /// `not_found` for another office's, for one that the caller approved, and where the resident's word is known already.
    pub async fn found(&self, tx: &mut Tx, actor: Clerk, id: Uuid, finding: CallBackFinding) -> Result<()> {
        let of = (id, actor.office_id);
        store::found(tx, of, actor.officer_id, finding, self.context.now()).await?.or(nothing_to_call())
    }
}

/// Forgets those of long ago; gives how many.
pub(super) async fn sweep(context: &Context, tx: &mut Tx, now: Timestamp) -> DbResult<u64> {
    let before = retention::kept_since(context, tx, Period::CallBacks, now).await?;
    store::sweep(tx, before).await
}

fn nothing_to_call() -> Refusal {
    Refusal::new(Code::NotFound).detail(
        "Tidak ada panggilan balik yang menunggu Anda untuk pendaftaran ini; muat lagi daftarnya.",
        "No call-back of this registration waits for you; load the list again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_drawn_as_was_said() {
        let random = Random::seeded(7);
        let of = |percent| (0..20_000).filter(|_| is_drawn(&random, percent)).count();
        assert_eq!((of(0), of(100)), (0, 20_000));
        // 1,000 of 20,000 are expected, with a standard deviation of 31.
        assert!((860..1_140).contains(&of(5)), "six standard deviations at most");
    }
}
