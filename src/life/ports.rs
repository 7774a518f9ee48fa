//! Changing an identity, for other domains inside their transactions: each change writes its event and queues the notice to the holder
//! together with it.

use uuid::Uuid;

use super::code::NewCode;
use super::model::{BlockCode, CallOutcome, Happening, TallyKind};
use super::tally::{self, Change};
use super::{mail, store, words};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Result, Text};
use crate::holder::model::UNDO_SECONDS;
use crate::holder::ports::{self as holder, Stopped};
use crate::holder::{CredentialState, Reason, Standing, Status};
use crate::register::Region;
use crate::stop_log::{Entry, Kind, ports as stop_log};

pub use super::code::given_code;
pub use super::model::EventKind;
pub use super::store::{EventRow, LoggedRow, events, has_code, logged, take_to_log, unlogged};
pub use super::tally::{Tallied, count_anew, first_tally, take};

/// Who changes something, and at which office.
#[derive(Clone, Copy, Debug)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// At which office.
    pub office_id: Option<Uuid>,
}

impl By {
    /// The holder, from wherever they are.
    pub const fn holder(resident: Uuid) -> Self {
        Self { actor: Actor::Resident(resident), office_id: None }
    }

    /// An officer at an office.
    pub const fn officer(officer_id: Uuid, office_id: Uuid) -> Self {
        Self { actor: Actor::Officer(officer_id), office_id: Some(office_id) }
    }

    /// The service itself, from nowhere.
    pub const fn system() -> Self {
        Self { actor: Actor::System, office_id: None }
    }
}

/// Writes down what happened and queues the notice of it.
///
/// # Errors
/// When the database did not do it, or the holder's contact cannot be opened.
pub async fn record(context: &Context, tx: &mut Tx, this: &Happening, now: Timestamp) -> Result<Uuid> {
    let event_id = context.random.uuid_v7(now);
    record_as(context, tx, event_id, this, now).await?;
    Ok(event_id)
}

async fn record_as(context: &Context, tx: &mut Tx, event_id: Uuid, this: &Happening, now: Timestamp) -> Result<()> {
    store::add_event(tx, event_id, this, now).await?;
    note_stop(context, tx, event_id, this, now).await?;
    mail::tell(context, tx, event_id, this, now).await
}

/// What of that stands in the stop log: what stops or starts a digital KTP, and what makes something void that counted before.
const fn in_stop_log(kind: EventKind) -> Option<Kind> {
    match kind {
        EventKind::Stopped => Some(Kind::Stopped),
        EventKind::Restarted => Some(Kind::Restarted),
        EventKind::Activated => Some(Kind::Activated),
        EventKind::Moved => Some(Kind::Moved),
        EventKind::PinChanged => Some(Kind::PinChanged),
        EventKind::CardIssued => Some(Kind::CardIssued),
        EventKind::CardVoided => Some(Kind::CardVoided),
        _ => None,
    }
}

async fn note_stop(context: &Context, tx: &mut Tx, note_id: Uuid, this: &Happening, now: Timestamp) -> Result<()> {
    let Some(kind) = in_stop_log(this.kind).filter(|_| stop_log::is_kept(context)) else { return Ok(()) };
    let subject_id = this.resident_id;
    // Whoever changed the digital KTP holds its row: no generation comes between.
    let number = holder::credential(tx, subject_id).await?.map_or(0, |held| held.generation);
    let until = match kind {
        Kind::Stopped => holder::status(tx, subject_id).await?.and_then(|status| status.until),
        _ => None,
    };
    let detail = this.reason.map(|reason| reason.as_str().to_owned());
    let (at, until) = (now.micros(), until.map(Timestamp::micros));
    stop_log::note(context, tx, &Entry { note_id, subject_id, kind, detail, number, at, until }).await
}

/// Notes for the stop log that a new PIN came with what brought a digital KTP back, which is the event.
///
/// # Errors
/// When the database did not do it.
pub async fn note_new_pin(context: &Context, tx: &mut Tx, resident: Uuid, now: Timestamp, by: By) -> Result<()> {
    let this = happening(resident, EventKind::PinChanged, None, by);
    note_stop(context, tx, context.random.uuid_v7(now), &this, now).await
}

/// As [`record`], of what stops nothing and so has no reason.
///
/// # Errors
/// As [`record`].
pub async fn happened(
    context: &Context,
    tx: &mut Tx,
    (resident, kind): (Uuid, EventKind),
    now: Timestamp,
    by: By,
) -> Result<()> {
    record(context, tx, &happening(resident, kind, None, by), now).await.map(|_| ())
}

/// Stops a digital KTP for a reason: with the commit no token and no session of it counts any more, on any node.
///
/// # Errors
/// When the database did not do it.
pub async fn stop(
    context: &Context,
    tx: &mut Tx,
    resident: Uuid,
    reason: Reason,
    (now, until): (Timestamp, Option<Timestamp>),
    by: By,
) -> Result<Stopped> {
    let event_id = context.random.uuid_v7(now);
    let before = holder::hold(tx, resident).await?;
    let stopped = holder::stop(tx, resident, reason, (now, until), event_id).await?;
    if let Stopped::Now(_) = stopped {
        let existed = before.is_some_and(|before| before.standing != Standing::Deactivated);
        if existed && reason.state() == CredentialState::Deactivated {
            tally::note(context, tx, resident, Change::new(TallyKind::Ended, Some(reason), by), now).await?;
        }
        store::end_calls(tx, resident, CallOutcome::of_stop(reason), now).await?;
        record_as(context, tx, event_id, &happening(resident, EventKind::Stopped, Some(reason), by), now).await?;
    }
    Ok(stopped)
}

/// Makes easier to undo what stopped a digital KTP, where that is one of `present`: it stays blocked for `reason`. Whether it was so.
///
/// # Errors
/// When the database did not do it.
pub async fn ease(
    context: &Context,
    tx: &mut Tx,
    resident: Uuid,
    (present, reason): (&[Reason], Reason),
    now: Timestamp,
    by: By,
) -> Result<bool> {
    let event_id = context.random.uuid_v7(now);
    let eased = holder::ease(tx, resident, (present, reason), now, event_id).await?;
    if eased.is_some() {
        record_as(context, tx, event_id, &happening(resident, EventKind::Stopped, Some(reason), by), now).await?;
    }
    Ok(eased.is_some())
}

/// Starts a blocked digital KTP again, when `may` holds for why it is blocked.
///
/// # Errors
/// `wrong_state` when it is not blocked, or for another reason.
pub async fn restart(
    context: &Context,
    tx: &mut Tx,
    resident: Uuid,
    may: impl Fn(&Status) -> bool,
    now: Timestamp,
    by: By,
) -> Result<Status> {
    let ended = holder::restart(tx, resident, may).await?;
    store::end_blocks(tx, resident, CallOutcome::of_restart(by.actor), now).await?;
    record(context, tx, &happening(resident, EventKind::Restarted, Some(ended.reason), by), now).await?;
    Ok(ended)
}

/// Makes active again what its holder closed after `after`, as it was; `closing` is the event that was judged.
///
/// # Errors
/// `wrong_state` when it is not closed, was closed earlier, or is of another generation.
pub async fn reopen(
    context: &Context,
    tx: &mut Tx,
    (resident, generation): (Uuid, i64),
    closing: Uuid,
    (after, now): (Timestamp, Timestamp),
) -> Result<()> {
    let ended = holder::reopen(tx, (resident, generation), closing, after).await?;
    let by = By::holder(resident);
    tally::note(context, tx, resident, Change::new(TallyKind::ActivatedAgain, None, by), now).await?;
    record(context, tx, &happening(resident, EventKind::Restarted, Some(ended.reason), by), now).await.map(|_| ())
}

/// Until when its holder can undo, with the PIN, what stopped a digital KTP: they closed it themselves, with the PIN, a moment ago. Consent
/// that was withdrawn is not given again so.
///
/// # Errors
/// When the database does not answer.
pub async fn undo_until(tx: &mut Tx, resident: Uuid, status: &Status, now: Timestamp) -> Result<Option<Timestamp>> {
    let until = status.since.plus_seconds(UNDO_SECONDS);
    if status.reason != Reason::Closed || now >= until {
        return Ok(None);
    }
    let actor = store::actor_of(tx, resident, status.event_id).await?;
    Ok(actor.is_some_and(|kind| kind == Actor::Resident(resident).kind()).then_some(until))
}

/// What belongs to an activation: its event, and the end of an older block code, which somebody else may have found.
///
/// # Errors
/// When the database did not do it.
pub async fn activated(context: &Context, tx: &mut Tx, resident: Uuid, now: Timestamp, by: By) -> Result<()> {
    store::void_codes(tx, resident).await?;
    let again = store::was_activated(tx, resident).await?;
    let kind = if again { TallyKind::ActivatedAgain } else { TallyKind::ActivatedFirst };
    tally::note(context, tx, resident, Change::new(kind, None, by), now).await?;
    happened(context, tx, (resident, EventKind::Activated), now, by).await
}

/// The holder of a digital KTP that has not ended lives elsewhere now, as the register says.
///
/// # Errors
/// When the database did not do it.
pub async fn relocated(
    context: &Context,
    tx: &mut Tx,
    resident: Uuid,
    (from, to): (Region, Region),
    now: Timestamp,
) -> Result<()> {
    if from == to || !holder::is_on_phone(tx, resident).await? {
        return Ok(());
    }
    let change = |kind| Change::new(kind, None, By::system());
    tally::add(context, tx, change(TallyKind::MovedOut), from, now).await?;
    tally::add(context, tx, change(TallyKind::MovedIn), to, now).await
}

/// Gives a new block code; the one before is void. Of a request with a name it is always the same: a repetition that arrives
/// late must not void the code that somebody wrote down.
///
/// # Errors
/// When the database did not do it.
pub async fn give_block_code(context: &Context, tx: &mut Tx, new: &NewCode, now: Timestamp) -> Result<BlockCode> {
    let resident = new.resident_id;
    if new.is_kept(tx).await? {
        return Ok(new.code.clone());
    }
    store::void_codes(tx, resident).await?;
    store::add_code(tx, (&new.nik_index, resident), (&new.hash, new.request.as_deref()), now).await?;
    happened(context, tx, (resident, EventKind::BlockCodeGiven), now, By::holder(resident)).await?;
    Ok(new.code.clone())
}

/// Whether the database knows of an event.
///
/// # Errors
/// When the database does not answer.
pub async fn is_known(tx: &mut Tx, resident: Uuid, event_id: Uuid) -> Result<bool> {
    Ok(store::actor_of(tx, resident, event_id).await?.is_some())
}

/// Writes down what the stop log tells of, as an event that was there before and whose notice was sent then.
///
/// # Errors
/// When the database did not do it.
pub async fn remember(
    tx: &mut Tx,
    (event_id, resident): (Uuid, Uuid),
    (kind, reason): (EventKind, Option<Reason>),
    at: Timestamp,
) -> Result<()> {
    Ok(store::add_event(tx, event_id, &happening(resident, kind, reason, By::system()), at).await?)
}

/// What an event is called, as its notice says.
pub const fn title(kind: EventKind, reason: Option<Reason>) -> Text {
    words::of(kind, reason).title
}

/// Deletes the notices and the block code of a holder whose data are erased. What happened stays written, without its content.
///
/// # Errors
/// When the database did not do it.
pub async fn erase(tx: &mut Tx, resident: Uuid) -> Result<()> {
    store::void_codes(tx, resident).await?;
    Ok(store::erase_notices(tx, resident).await?)
}

pub(super) const fn happening(resident_id: Uuid, kind: EventKind, reason: Option<Reason>, by: By) -> Happening {
    Happening { resident_id, kind, reason, actor: by.actor, office_id: by.office_id }
}
