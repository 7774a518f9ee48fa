//! What others read is made public: a month once it is over, region by region, each number once and for ever (ADR 29).

use std::collections::BTreeMap;

use uuid::Uuid;

use super::carry;
use super::model::Kind;
use super::recap::Month;
use super::store::published::{self as store, Edition};
use super::store::{self as figures, MarkState};
use crate::clock::DAY;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::life::ports as life;
use crate::register::Region;
use crate::transaction;

/// How long after a month's end it is made public: what the last minutes brought is counted then.
const SETTLED: i64 = DAY;

/// Makes months public. Cloning shares it.
#[derive(Clone)]
pub struct Publication {
    context: Context,
}

/// What waits of a district's people, by office, with what was told of it before.
#[derive(Default)]
struct Stream {
    offices: Vec<(Uuid, i64, i64)>,
}

impl Publication {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// Makes one region of the next month public, if that is over and counted; gives how many regions that were, one or none.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn publish(&self) -> Result<u64> {
        let now = self.context.now();
        transaction!(self.context.db, "figure.publish", |tx| {
            // Held: nothing is counted or made anew meanwhile.
            if !figures::hold_mark(tx).await?.happened() {
                return Ok(0);
            }
            let Some((MarkState::Counting, as_of)) = figures::mark(tx).await? else { return Ok(0) };
            let Some(edition) = next(tx).await? else { return Ok(0) };
            if as_of.plus_seconds(-SETTLED).day_in_jakarta() < edition.month().days().until {
                return Ok(0);
            }
            store::begin(tx, edition.month).await?.either_way();
            let Some(first) = store::first_region(tx, edition.next_region).await? else {
                store::complete(tx, edition, now).await?.either_way();
                return Ok(1);
            };
            let place = Region::from_code(first).regency();
            let room = place.slice();
            publish_region(tx, edition.month(), room).await?;
            // Of two nodes at the same region one begins anew and finds it done.
            store::advance(tx, edition, room.1).await?.demand()?;
            Ok(1)
        })
    }

    /// Makes all public that can be.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn publish_all(&self) -> Result<()> {
        while self.publish().await? > 0 {}
        Ok(())
    }
}

/// The month that is being made public, or is to be next; none while nothing ever happened.
async fn next(tx: &mut Tx) -> Result<Option<Edition>> {
    let month = match store::last_edition(tx).await? {
        Some(last) if last.published_at.is_none() => return Ok(Some(last)),
        Some(last) => last.month + 1,
        None => match life::first_tally(tx).await? {
            Some(at) => Month::of(crate::register::Date::in_jakarta(at)).0,
            None => return Ok(None),
        },
    };
    Ok(Some(Edition { month, next_region: 0, published_at: None }))
}

/// Tells of the districts of a region what can be told.
async fn publish_region(tx: &mut Tx, month: Month, room: (i64, i64)) -> Result<()> {
    let mut streams: BTreeMap<(i64, Kind), Stream> = BTreeMap::new();
    let mut told: BTreeMap<_, _> =
        store::told(tx, room).await?.into_iter().map(|(place, who, kind, n)| ((place, kind, who), n)).collect();
    let mut counted: BTreeMap<(i64, Kind, Uuid), i64> = BTreeMap::new();
    for (region, office, kind, n) in store::counted(tx, room, month.days().until).await? {
        *counted.entry((Region::from_code(region).district().code(), kind, office)).or_default() += n;
    }
    for ((place, kind, office), n) in counted {
        let before = told.remove(&(place, kind, office)).unwrap_or_default();
        streams.entry((place, kind)).or_default().offices.push((office, n, before));
    }
    // What was told stays told, also where nothing is counted of it any more.
    for ((place, kind, office), before) in told {
        streams.entry((place, kind)).or_default().offices.push((office, before, before));
    }
    for ((place, kind), stream) in streams {
        let waiting: Vec<_> = stream.offices.iter().map(|(_, n, before)| (n - before).max(0)).collect();
        let mut all = 0;
        for ((office, _, before), n) in stream.offices.iter().zip(carry::tell(&waiting)) {
            all += before + n;
            if n > 0 {
                store::tell(tx, (place, *office, kind), before + n).await?;
            }
        }
        if all > 0 {
            store::publish(tx, (month.0, place, kind), all).await?;
        }
    }
    Ok(())
}
