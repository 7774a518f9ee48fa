//! What people of the national administration and of provinces read of the regions.

use super::act::{DownloadPublished, Official, ReadPublished};
use crate::audit::{self, Event, Outcome};
use crate::clock::MINUTE;
use crate::context::Context;
use crate::error::{Code, Error, Refusal, Result};
use crate::figure::Others;
use crate::figure::others::{Published, Wanted};
use crate::register::Region;
use crate::staff::{Allowed, Role};
use crate::transaction;
use crate::window::Window;

/// Files that one person has made in ten minutes.
const DOWNLOADS: Window = Window { kind: "figures_download", seconds: 10 * MINUTE, most: 30 };

/// Figures of regions. Cloning shares everything.
#[derive(Clone)]
pub struct Figures {
    context: Context,
    audit: audit::Service,
    others: Others,
}

impl Figures {
    /// In this context.
    pub fn new(context: Context) -> Self {
        Self { audit: audit::Service::new(context.clone()), others: Others::new(context.clone()), context }
    }

    /// What is public of a region: of any, and for somebody of a province of those in it. Looking is noted.
    ///
    /// # Errors
    /// `not_found` for a region that is not theirs; `invalid_field`, `wrong_state` as [`Others::read`] gives them.
    pub async fn read(&self, who: &Allowed<ReadPublished>, wanted: Wanted<'_>) -> Result<Published> {
        self.noted(who.event(who.agent.official_id), who.agent, wanted).await
    }

    /// The same, to be taken away.
    ///
    /// # Errors
    /// As [`Self::read`]; `too_many`.
    pub async fn download(&self, who: &Allowed<DownloadPublished>, wanted: Wanted<'_>) -> Result<Published> {
        let (event, now) = (who.event(who.agent.official_id), self.context.now());
        let counted = transaction!(self.context.db, "admin.count_download", |tx| {
            Ok(DOWNLOADS.count(tx, &[who.agent.official_id.as_bytes()], now).await?)
        })?;
        self.judged(event, counted.or_refuse(Refusal::new(Code::TooMany)).map_err(Into::into)).await?;
        self.noted(event, who.agent, wanted).await
    }

    async fn noted(&self, event: Event, who: Official, wanted: Wanted<'_>) -> Result<Published> {
        let read = match own(who) {
            Ok(own) => self.others.read(own, wanted).await,
            Err(refusal) => Err(refusal.into()),
        };
        let read = self.judged(event, read).await?;
        transaction!(self.context.db, "admin.note", |tx| self.audit.record(tx, event, Outcome::Done).await)?;
        Ok(read)
    }

    async fn judged<T>(&self, event: Event, done: Result<T>) -> Result<T> {
        if let Err(Error::Refused(refusal)) = &done {
            self.audit.refused(event, refusal.code).await?;
        }
        done
    }
}

/// All that somebody may read: the country, or the own province.
fn own(who: Official) -> Result<Region, Refusal> {
    if who.roles.own != Role::Province {
        return Ok(Region::NONE);
    }
    who.region.ok_or_else(|| {
        Refusal::new(Code::WrongState).detail(
            "Akun ini belum mempunyai provinsi. Minta operator menjalankan `ikd administrator region`.",
            "This account has no province yet. Ask the operator to run `ikd administrator region`.",
        )
    })
}
