//! Anybody reports that a photocopy was asked for, or the digital KTP refused.

use std::net::IpAddr;

use uuid::Uuid;

use super::model::{KEEP_COUNTS_DAYS, KEEP_DAYS, MOST_REPORTS, Said, State};
use super::store::report::NewReport;
use super::store::{self, report};
use crate::captcha::Allowance;
use crate::clock::{DAY, HOUR, Timestamp};
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::fair::{Tier, tiers};
use crate::register::{Date, midnight_in_jakarta};
use crate::relying_party::ports as parties;
use crate::retention::{Period, ports as retention};
use crate::transaction;
use crate::window::{Counted, Window, of_network};

/// What seals the words of a report.
pub(super) const WORDS: &str = "branch_report";
/// Of an hour three reports from an address cost nothing. Twenty of a day are kept: each is a row, and somebody reads it.
const ALLOWANCE: Allowance = Allowance {
    tries: Window { kind: "branch_try", seconds: HOUR, most: i64::MAX },
    free: 3,
    most: Window { kind: "branch_report", seconds: DAY, most: 20 },
};
/// The same where much was reported of the branch today: who speaks for many by many addresses pays for each.
const CROWDED: Allowance = Allowance { free: 0, ..ALLOWANCE };
/// Of a day about one branch, what is taken before it is [`CROWDED`].
const QUIET: i64 = 10;
/// Of a day about one branch: who reports the same again adds nothing.
const SAME: Window = Window { kind: "branch_same", seconds: DAY, most: 1 };
/// Of a day about one branch from everybody together.
const ABOUT: Window = Window { kind: "branch_about", seconds: DAY, most: MOST_REPORTS };

/// Reports of all branches. Cloning shares everything.
#[derive(Clone)]
pub struct Reports {
    context: Context,
}

impl Reports {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// Keeps a report about a branch. Gives whether it counts: from one address one report a day about a branch does; of all together fifty
    /// are taken, from the eleventh on with a captcha each. Of when it came the day is kept alone: nobody finds out who was where by
    /// comparing times.
    ///
    /// # Errors
    /// `invalid_field`, `not_found` for a branch that nobody finds, `captcha_required`, `captcha_invalid`, `too_many`.
    pub async fn report(&self, from: IpAddr, branch: Uuid, said: Said, captcha: Option<&str>) -> Result<bool> {
        let now = self.context.now();
        let said = said.checked(Date::in_jakarta(now))?;
        // What nobody finds costs no try, and no captcha.
        let came = midnight_in_jakarta(now);
        let today = came.day_in_jakarta().to_be_bytes();
        let mut reader = self.context.db.read().await?;
        party_of(&mut reader, branch, now).await?;
        let left = ABOUT.remaining(&mut reader, &[branch.as_bytes(), &today], came).await?.uses;
        drop(reader);
        let full = || too_many_about().retry_after(came.plus_seconds(DAY).retry_after(now));
        if left == 0 {
            return Err(full().into());
        }
        let allowance = if MOST_REPORTS - left < QUIET { &ALLOWANCE } else { &CROWDED };
        allowance.admit(&self.context, from, captcha, now).await?;
        let id = self.context.random.uuid_v7_unordered(came);
        let seal = |words: &crate::secret::Redacted<String>| {
            self.context.vault.seal_bytes(&self.context.random, WORDS, id, words.expose().as_bytes())
        };
        let sealed = said.words.as_ref().map(seal).transpose()?;
        let (day, month) = (said.day.to_string(), said.month());
        transaction!(self.context.db, "branch.report", |tx| {
            let relying_party_id = party_of(tx, branch, now).await?;
            if !self.is_another(tx, from, branch, came).await? {
                return Ok(false);
            }
            if let Counted::Full { .. } = ABOUT.count(tx, &[branch.as_bytes(), &today], came).await? {
                return Err(full().into());
            }
            let new = NewReport {
                report_id: id,
                branch_id: branch,
                relying_party_id,
                what: said.what,
                day: &day,
                sealed: sealed.as_deref(),
            };
            report::add(tx, &new, &month, came).await?;
            Ok(true)
        })
    }

    /// Forgets what was reported long ago, counts of years, and branches that ended before those; gives how much.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let old = now.plus_seconds(-KEEP_DAYS * DAY);
        let since = Date::in_jakarta(now).plus_days(-KEEP_COUNTS_DAYS).ok_or(Code::Internal)?;
        let month = format!("{:04}-{:02}", since.year(), since.month());
        transaction!(self.context.db, "branch.sweep", |tx| {
            let closed = retention::kept_since(&self.context, tx, Period::BranchReports, now).await?;
            let reports = report::sweep(tx, old, closed, &month).await?;
            // Later than anything that names them: what was reported on their last day happened in that month.
            let before = since.midnight().plus_seconds(-31 * DAY);
            // A report that was being written when the branch ended is there by then.
            Ok(reports + store::forget(tx, before, now.plus_seconds(-DAY)).await?)
        })
    }

    /// Whether an address has not reported this branch today. Who comes from a wider network has the shares
    /// of that. What is counted begins with the day, `came`: by the end of a window nobody finds the moment of the report.
    async fn is_another(&self, tx: &mut Tx, from: IpAddr, branch: Uuid, came: Timestamp) -> Result<bool> {
        let today = came.day_in_jakarta().to_be_bytes();
        for Tier { network, shares } in tiers(from) {
            let network = of_network(&self.context.vault, network);
            let most = Window { most: SAME.most * i64::from(shares), ..SAME };
            let counted = most.count(tx, &[&network, branch.as_bytes(), &today], came).await?;
            if matches!(counted, Counted::Full { .. }) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn too_many_about() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Hari ini sudah banyak laporan tentang cabang ini, dan pemiliknya melihatnya. Laporan Anda belum dicatat: kirim lagi besok.",
        "Much was reported of this branch today, and its organisation sees that. Your report was not kept: send it again tomorrow.",
    )
}

/// The party of a branch that anybody finds now.
async fn party_of(tx: &mut Tx, branch: Uuid, now: Timestamp) -> Result<Uuid> {
    let found = store::lookup(tx, branch).await?.filter(|branch| branch.state == State::Shown);
    let party = found.ok_or(Code::NotFound)?.relying_party_id;
    let open = parties::active(tx, party).await?.filter(|party| party.require_contract(now).is_ok());
    open.map(|_| party).ok_or_else(|| Code::NotFound.into())
}
