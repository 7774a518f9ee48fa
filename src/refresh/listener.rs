//! Hears what the register says, and does to digital KTPs what it means.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::model::{Change, Former, REGISTER_STOPS, TOGETHER_SECONDS, changes, stop_of};
use super::store;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::holder::ports::{self as holder, Stopped};
use crate::holder::{Reason, Standing};
use crate::life::EventKind;
use crate::life::ports::{self as life, By};
use crate::register::portrait::is_same_picture;
use crate::register::{Heard, Listener, Region, RegisterRecord, Said};

/// Brings what the register says to digital KTPs. Cloning shares everything.
#[derive(Clone)]
pub struct Refresher {
    context: Context,
}

impl Listener for Refresher {
    fn hear<'a>(&'a self, tx: &'a mut Tx, said: &'a [Said<'a>], now: Timestamp) -> BoxFuture<'a, Result<Heard>> {
        self.hear_all(tx, said, now).boxed()
    }
}

impl Refresher {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    async fn hear_all(&self, tx: &mut Tx, said: &[Said<'_>], now: Timestamp) -> Result<Heard> {
        let residents: Vec<_> = said.iter().map(|said| said.resident_id).collect();
        let kept = holder::kept_records(&self.context, tx, &residents).await?;
        let mut heard = Heard::default();
        for said in said {
            if let Some(before) = kept.get(&said.resident_id) {
                heard += self.hear_one(tx, said, before, now).await?;
            }
        }
        Ok(heard)
    }

    /// What the register says of somebody of whom something is kept. Saying it again changes nothing and tells nobody.
    async fn hear_one(&self, tx: &mut Tx, said: &Said<'_>, before: &RegisterRecord, now: Timestamp) -> Result<Heard> {
        let (context, resident, by) = (&self.context, said.resident_id, By::system());
        let portrait = self.new_portrait(tx, said).await?;
        let (found, stop) = (changes(before, said.record, portrait.is_some()), stop_of(said.record));
        if found.is_empty() && stop.is_none() {
            return Ok(Heard::default());
        }
        // Whoever becomes active takes the register's last word then; what has ended shows nothing.
        match holder::hold(tx, resident).await? {
            Some(credential) if credential.standing != Standing::Deactivated => {}
            _ => return Ok(Heard::default()),
        }
        if !found.is_empty() {
            self.keep_former(tx, said, before, portrait.is_some(), now).await?;
            holder::refresh_record(context, tx, resident, said.record, portrait, now).await?;
            let place = |record: &RegisterRecord| {
                [&record.village, &record.district, &record.regency, &record.province].map(Clone::clone)
            };
            if place(before) != place(said.record) {
                let places = (Region::of(before), Region::of(said.record));
                life::relocated(context, tx, resident, places, now).await?;
            }
        }
        if let Some(reason) = stop {
            let stopped = life::stop(context, tx, resident, reason, (now, None), by).await?;
            return Ok(Heard { stopped: u64::from(matches!(stopped, Stopped::Now(_))), ..Heard::default() });
        }
        if life::ease(context, tx, resident, (REGISTER_STOPS, Reason::RegisterCorrected), now, by).await? {
            return Ok(Heard { corrected: 1, ..Heard::default() });
        }
        if found.iter().any(Change::identifies)
            && let Stopped::Now(_) = life::stop(context, tx, resident, Reason::RegisterChanged, (now, None), by).await?
        {
            return Ok(Heard { paused: 1, ..Heard::default() });
        }
        life::happened(context, tx, (resident, EventKind::Refreshed), now, by).await?;
        Ok(Heard { refreshed: 1, ..Heard::default() })
    }

    /// The portrait that came, where it shows another picture than the one that is there.
    async fn new_portrait<'a>(&self, tx: &mut Tx, said: &Said<'a>) -> Result<Option<&'a [u8]>> {
        let Some(portrait) = said.portrait else { return Ok(None) };
        let before = holder::portrait(&self.context, tx, said.resident_id).await?;
        let is_same = before.is_some_and(|before| before == portrait || is_same_picture(&before, portrait));
        Ok((!is_same).then_some(portrait))
    }

    /// Keeps what was shown before, unless that of an earlier change is still to be seen. The credential is held.
    async fn keep_former(
        &self,
        tx: &mut Tx,
        said: &Said<'_>,
        before: &RegisterRecord,
        portrait_changed: bool,
        now: Timestamp,
    ) -> Result<()> {
        let (context, resident) = (&self.context, said.resident_id);
        let pauses = holder::status(tx, resident).await?.is_some_and(|status| status.reason == Reason::RegisterChanged);
        let earlier = store::find(tx, resident).await?;
        let (revision, unseen) = match earlier {
            None => (1, None),
            Some(earlier) => {
                let recent = now < earlier.since.plus_seconds(TOGETHER_SECONDS);
                let unseen = earlier.confirmed_at.is_none() && (pauses || recent);
                (earlier.revision + 1, unseen.then_some(earlier))
            }
        };
        let (former, since) = match unseen {
            Some(earlier) => {
                let former = store::open(&context.vault, &earlier)?;
                let portrait_changed = former.portrait_changed || portrait_changed;
                (Former { portrait_changed, ..former }, earlier.since)
            }
            None => (Former { record: before.clone(), portrait_changed }, now),
        };
        store::put(context, tx, (resident, revision), &former, (since, now)).await
    }
}
