//! Anybody reports; supervisors and the head of the office read, and close with what came of it.

use std::net::IpAddr;

use uuid::Uuid;

use super::model::{KEEP_DAYS, Report, Said, State};
use super::store::{self, SealedReport};
use crate::captcha::Allowance;
use crate::clerk::Clerk;
use crate::clock::{DAY, HOUR};
use crate::context::Context;
use crate::db::Tx;
use crate::duty::ports as duty;
use crate::error::{Code, Refusal, Result};
use crate::fair::alike;
use crate::life::model::reference;
use crate::office::ports as offices;
use crate::register::midnight_in_jakarta;
use crate::retention::{Period, ports as retention};
use crate::secret::Redacted;
use crate::transaction;
use crate::window::Window;

pub(super) const SAID: &str = "fraud_report";
pub(super) const WORDS: &str = "fraud_report.words";
/// Of an hour three reports from an address cost nothing. Twenty of a day are kept: each is a row, and somebody reads it.
const ALLOWANCE: Allowance = Allowance {
    tries: Window { kind: "fraud_try", seconds: HOUR, most: i64::MAX },
    free: 3,
    most: Window { kind: "fraud_report", seconds: DAY, most: 20 },
};

/// Reports of all offices. Cloning shares everything.
#[derive(Clone)]
pub struct Reports {
    context: Context,
}

/// A report as a supervisor reads it.
#[derive(Debug)]
pub struct Read {
    /// The report.
    pub report: Report,
    /// What was said.
    pub said: Said,
    /// What came of it.
    pub words: Option<Redacted<String>>,
}

impl Reports {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// Keeps a report for an office. Gives the number by which people speak of it. Whether the code that it names is or was somebody's
    /// is not told, and takes the same time. Of when it came the day is kept alone, as of whoever reports a branch.
    ///
    /// # Errors
    /// `invalid_field`, `captcha_required`, `captcha_invalid`, `too_many`.
    pub async fn report(&self, from: IpAddr, office: Uuid, said: Said, captcha: Option<&str>) -> Result<String> {
        let said = said.checked()?;
        let now = self.context.now();
        alike(async {
            ALLOWANCE.admit(&self.context, from, captcha, now).await?;
            let came = midnight_in_jakarta(now);
            let id = self.context.random.uuid_v7_unordered(came);
            let sealed = self.context.vault.seal_row(&self.context.random, SAID, id, &said)?;
            transaction!(self.context.db, "fraud.report", |tx| {
                let office = offices::by_id(tx, office).await?.ok_or_else(no_office)?;
                let about = match &said.code {
                    Some(code) => duty::whose_code(&self.context, tx, code.expose()).await?,
                    None => None,
                };
                Ok(store::add(tx, (id, office.office_id), about, came, &sealed).await?)
            })?;
            Ok(reference(id))
        })
        .await
    }

    /// An office's reports of a state, newest first; those about the reader are for somebody else.
    ///
    /// # Errors
    /// When the database does not answer, or what it holds cannot be opened.
    pub async fn list(&self, by: Clerk, state: State, after: Uuid, limit: i64) -> Result<Vec<Read>> {
        let mut tx = self.context.db.read().await?;
        let found = store::of_office(&mut tx, (by.office_id, by.officer_id), state, after, limit).await?;
        found.into_iter().map(|one| self.open(one)).collect()
    }

    /// Closes a report with what came of it. The first who does so counts.
    ///
    /// # Errors
    /// `forbidden` for who it is about, `not_found`, `wrong_state`.
    pub async fn close(&self, tx: &mut Tx, by: Clerk, id: Uuid, words: &str) -> Result<()> {
        let about = store::about(tx, id, by.office_id).await?.ok_or(Code::NotFound)?;
        if about == Some(by.officer_id) {
            return Err(about_you().into());
        }
        let sealed = self.context.vault.seal_bytes(&self.context.random, WORDS, id, words.as_bytes())?;
        let now = self.context.now();
        store::close(tx, (id, by.office_id), (by.officer_id, now), &sealed).await?.or(closed_already())
    }

    fn open(&self, (report, sealed, words): SealedReport) -> Result<Read> {
        let vault = &self.context.vault;
        let said = vault.open_row(SAID, report.report_id, &sealed)?;
        let words = words.map(|words| vault.open_bytes(WORDS, report.report_id, &words)).transpose()?;
        let words = words.map(|words| Redacted(String::from_utf8_lossy(&words).into_owned()));
        Ok(Read { report, said, words })
    }

    /// Forgets what was reported long ago; gives how much.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let old = now.plus_seconds(-KEEP_DAYS * DAY);
        transaction!(self.context.db, "fraud.sweep", |tx| {
            let closed = retention::kept_since(&self.context, tx, Period::FraudReports, now).await?;
            Ok(store::sweep(tx, old, closed).await?)
        })
    }
}

fn no_office() -> Refusal {
    Refusal::field("office_id", "Pilih kantor Dukcapil dari daftar.", "Choose the office from the list.")
}

fn about_you() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Laporan ini menyebut kode Anda; penyelia lain atau kepala yang menanganinya.",
        "This report names your code; another supervisor or the head deals with it.",
    )
}

fn closed_already() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Laporan ini sudah ditutup rekan; muat ulang daftarnya.",
        "A colleague has closed this report; load the list again.",
    )
}
