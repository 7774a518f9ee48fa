//! How long something is kept, for whoever deletes it, and what two administrators decide.

use uuid::Uuid;

use super::model::{self, Period, changed_since, no_change};
use super::store::{self, Setting};
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::{DbResult, Tx};
use crate::error::Result;

/// A period as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Which.
    pub period: Period,
    /// Days that were decided, or count without a decision.
    pub days: i64,
    /// Days that count now: a shorter period waits for a day.
    pub counts: i64,
    /// Days that count without a decision.
    pub default_days: i64,
    /// What was decided; none where nothing was.
    pub setting: Option<Setting>,
}

impl State {
    fn of(context: &Context, period: Period, setting: Option<Setting>, now: Timestamp) -> Self {
        let default_days = period.default_days(&context.config);
        Self {
            period,
            days: setting.as_ref().map_or(default_days, |setting| setting.days),
            counts: setting
                .as_ref()
                .map_or(default_days, |one| model::counting(one.days, one.former_days, one.changed_at, now)),
            default_days,
            setting,
        }
    }

    /// When `days` count, where that is still to come.
    pub fn counts_at(&self) -> Option<Timestamp> {
        self.setting.as_ref().filter(|_| self.counts != self.days).map(|setting| model::counts_at(setting.changed_at))
    }

    /// Which decision it is: a new one names it.
    pub fn version(&self) -> i64 {
        self.setting.as_ref().map_or(0, |setting| setting.version)
    }
}

/// The moment before which what a period is about is deleted at `now`. Asked in the transaction that deletes.
///
/// # Errors
/// When the database does not answer.
pub async fn kept_since(context: &Context, tx: &mut Tx, period: Period, now: Timestamp) -> DbResult<Timestamp> {
    Ok(now.plus_seconds(-one(context, tx, period, now).await?.counts * DAY))
}

/// A period as it is.
///
/// # Errors
/// When the database does not answer.
pub async fn one(context: &Context, tx: &mut Tx, period: Period, now: Timestamp) -> DbResult<State> {
    Ok(State::of(context, period, store::lookup(tx, period).await?, now))
}

/// All periods.
///
/// # Errors
/// When the database does not answer.
pub async fn all(context: &Context, tx: &mut Tx, now: Timestamp) -> DbResult<Vec<State>> {
    let mut decided = store::all(tx).await?;
    let mut take = |period: Period| {
        let place = decided.iter().position(|setting| setting.name == period)?;
        Some(decided.swap_remove(place))
    };
    Ok(Period::ALL.iter().map(|period| State::of(context, *period, take(*period), now)).collect())
}

/// Judges what is asked; gives what it would replace.
///
/// # Errors
/// `invalid_field` for days that cannot be decided, and for those that count already.
pub async fn judged(context: &Context, tx: &mut Tx, period: Period, days: i64, now: Timestamp) -> Result<State> {
    period.check(days)?;
    let state = one(context, tx, period, now).await?;
    if state.days == days {
        return Err(no_change().into());
    }
    Ok(state)
}

/// Decides a period in the place of the decision that was shown. A shorter one deletes nothing for a day.
///
/// # Errors
/// `wrong_state` when it was decided otherwise meanwhile; `invalid_field`.
pub async fn set(
    context: &Context,
    tx: &mut Tx,
    (period, days, version): (Period, i64, i64),
    (asked_by, granted_by): (Uuid, Uuid),
    now: Timestamp,
) -> Result<()> {
    period.check(days)?;
    let former = one(context, tx, period, now).await?;
    if former.version() != version {
        return Err(changed_since().into());
    }
    store::put(tx, period, (days, former.counts), version, (asked_by, granted_by, now)).await?.or(changed_since())
}
