//! Blocks at the word of somebody whom an officer cannot see, and who looks at them afterwards. The caller of each function writes the act
//! into the audit log.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::model::{CALL_BACK_SECONDS, CALL_KEEP_SECONDS, CallCounts, CallEffect, EventKind, PROVISIONAL_SECONDS};
use super::ports::{self, By};
use super::store::{self, CallRow};
use crate::clerk::Clerk;
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::holder::ports::{self as holder, Stopped};
use crate::holder::{Reason, Standing};
use crate::secret::Redacted;
use crate::window::{Counted, Window};

pub(super) const TABLE: &str = "call_block";
/// Links that callers have sent to one holder in a day. Each counts for thirty days, so a second one helps nobody.
const LINKS: Window = Window { kind: "call_back", seconds: DAY, most: 1 };

/// What an officer enters of a call: who enters it, and why.
#[derive(Clone, Copy)]
pub struct Word<'a> {
    /// Who.
    pub desk: Clerk,
    /// Why: text without a name or NIK, which supervisors read.
    pub reason: &'a str,
}

/// Blocks a digital KTP at the word of somebody who says that it is theirs. What is blocked already, or has ended, stays as it is. Was
/// it blocked so in the seven days before, its contacts get a link that blocks instead.
///
/// # Errors
/// When the database did not do it.
pub async fn at_word(context: &Context, tx: &mut Tx, resident: Uuid, word: Word<'_>, now: Timestamp) -> Result<()> {
    // Held first: of two calls at the same moment the later one sees what the other did.
    let Some(held) = holder::hold(tx, resident).await? else { return Ok(()) };
    let since = now.plus_seconds(-CALL_BACK_SECONDS);
    if store::called_since(tx, resident, since).await?.is_none() {
        let times = (now, Some(now.plus_seconds(PROVISIONAL_SECONDS)));
        return stop(context, tx, (resident, Reason::OfficerBlockProvisional), times, word).await;
    }
    let is_worth_it = match held.standing {
        Standing::Active(_) => true,
        Standing::Blocked => {
            let status = holder::status(tx, resident).await?;
            status.is_some_and(|status| status.reason == Reason::OfficerBlockProvisional)
        }
        Standing::Deactivated => false,
    };
    let is_first_today = matches!(LINKS.count(tx, &[resident.as_bytes()], now).await?, Counted::Use(_));
    if is_worth_it && is_first_today {
        let this = ports::happening(resident, EventKind::BlockAsked, None, by(word));
        let event_id = ports::record(context, tx, &this, now).await?;
        note(context, tx, (event_id, resident), word, CallEffect::Asked, now).await?;
    }
    Ok(())
}

/// Blocks the digital KTP of somebody who stands at a counter with the KTP-el, for good: as often as they come.
///
/// # Errors
/// When the database did not do it.
pub async fn in_person(context: &Context, tx: &mut Tx, resident: Uuid, word: Word<'_>, now: Timestamp) -> Result<()> {
    stop(context, tx, (resident, Reason::OfficerBlock), (now, None), word).await
}

async fn stop(
    context: &Context,
    tx: &mut Tx,
    (resident, reason): (Uuid, Reason),
    times: (Timestamp, Option<Timestamp>),
    word: Word<'_>,
) -> Result<()> {
    let stopped = ports::stop(context, tx, resident, reason, times, by(word)).await?;
    let Stopped::Now(status) = stopped else { return Ok(()) };
    let effect = if reason == Reason::OfficerBlock { CallEffect::Present } else { CallEffect::Blocked };
    note(context, tx, (status.event_id, resident), word, effect, times.0).await
}

async fn note(
    context: &Context,
    tx: &mut Tx,
    of: (Uuid, Uuid),
    Word { desk, reason }: Word<'_>,
    effect: CallEffect,
    now: Timestamp,
) -> Result<()> {
    let sealed = context.vault.seal_bytes(&context.random, TABLE, of.0, reason.as_bytes())?;
    Ok(store::add_call(tx, of, (desk.office_id, desk.officer_id), (effect, &sealed), now).await?)
}

const fn by(word: Word<'_>) -> By {
    By::officer(word.desk.officer_id, word.desk.office_id)
}

/// A block at a caller's word as a supervisor sees it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The row.
    pub row: CallRow,
    /// Why, as the officer wrote it down.
    pub reason: Redacted<String>,
    /// The words of whoever looked at it.
    pub words: Option<Redacted<String>>,
}

/// Those of an office in the last seven days before `before`, newest first; not those that the person who looks entered.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn recent(context: &Context, tx: &mut Tx, looking: Clerk, before: Uuid, limit: i64) -> Result<Vec<Seen>> {
    let since = context.now().plus_seconds(-CALL_BACK_SECONDS);
    let rows = store::calls(tx, (looking.office_id, looking.officer_id), (before, since), limit).await?;
    let open = |row: CallRow| {
        let text = |sealed: &[u8]| -> Result<_> {
            let bytes = context.vault.open_bytes(TABLE, row.event_id, sealed)?;
            Ok(Redacted(String::from_utf8_lossy(&bytes).into_owned()))
        };
        let (reason, words) = (text(&row.reason_sealed)?, row.looked_sealed.as_deref().map(text).transpose()?);
        Ok(Seen { row, reason, words })
    };
    rows.into_iter().map(open).collect()
}

/// How many each officer of an office entered in the last seven days, and what became of them; without the person who looks.
///
/// # Errors
/// When the database does not answer.
pub async fn counts(tx: &mut Tx, looking: Clerk, now: Timestamp) -> Result<BTreeMap<Uuid, CallCounts>> {
    let since = now.plus_seconds(-CALL_BACK_SECONDS);
    let mut all = BTreeMap::<_, CallCounts>::new();
    for (officer, effect, outcome, count) in
        store::count_calls(tx, (looking.office_id, looking.officer_id), since).await?
    {
        all.entry(officer).or_default().add(effect, outcome, count);
    }
    Ok(all)
}

/// A supervisor has looked at one, and says with what result.
///
/// # Errors
/// `not_found` when it is not the office's, `forbidden` for the own, `wrong_state` when a colleague was first.
pub async fn look(
    context: &Context,
    tx: &mut Tx,
    looking: Clerk,
    event_id: Uuid,
    words: &str,
    now: Timestamp,
) -> Result<()> {
    let found = store::call(tx, event_id, looking.office_id).await?.ok_or(Code::NotFound)?;
    if found.officer_id == looking.officer_id {
        return Err(own().into());
    }
    let sealed = context.vault.seal_bytes(&context.random, TABLE, event_id, words.as_bytes())?;
    let looked = store::look(tx, (event_id, looking.office_id), (looking.officer_id, now), &sealed).await?;
    looked.or(looked_at_before())
}

/// Forgets those of long ago; gives how many.
///
/// # Errors
/// When the database did not do it.
pub(super) async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    Ok(store::sweep_calls(tx, now.plus_seconds(-CALL_KEEP_SECONDS)).await?)
}

fn own() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Blokir yang Anda catat sendiri diperiksa penyelia lain di kantor ini.",
        "A block that you entered yourself is looked at by another supervisor of this office.",
    )
}

fn looked_at_before() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Blokir ini sudah diperiksa rekan Anda; muat lagi daftarnya.",
        "A colleague looked at this block already; load the list again.",
    )
}
