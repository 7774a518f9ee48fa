//! What a party's administrators do with its branches, and with what people report of them.

use uuid::Uuid;

use super::model::{About, Branch, MOST, MOST_ENDED, Report, ReportState, State};
use super::reports::WORDS;
use super::store;
pub use super::store::report::BranchCount;
use super::store::report::{self, SealedReport};
use crate::audit::{self, Outcome};
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::page::{self, Page};
use crate::partner::act::{AddBranch, ChangeBranch, CloseBranchReport, EndBranch, ReadBranchReports, ReadParty};
use crate::partner::model::Month;
use crate::register::Date;
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::window::Window;
use crate::{audited, base64url, input, transaction};

/// Branches of which counts are told: the most reported.
const COUNTED: i64 = 100;
/// Writes of a party in a day: all its branches twice, and what is mended. Each may make every node read the list anew.
const WRITES: Window = Window { kind: "branch_write", seconds: DAY, most: 2 * MOST };

/// The branches of all parties. Cloning shares everything.
#[derive(Clone)]
pub struct Branches {
    context: Context,
    audit: audit::Service,
}

/// A report as an administrator of the party reads it.
#[derive(Debug)]
pub struct Read {
    /// The report.
    pub report: Report,
    /// What whoever reports wrote, where they did.
    pub words: Option<Redacted<String>>,
}

impl Branches {
    /// Over the shared tables.
    pub fn new(context: Context) -> Self {
        Self { audit: audit::Service::new(context.clone()), context }
    }

    /// The party's branches whose name or address has these words, by name, hidden ones too.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that is none.
    pub async fn list(
        &self,
        who: &Allowed<ReadParty>,
        words: &str,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<Branch>> {
        let Place(name, id) = page::after(cursor, Place(String::new(), Uuid::nil()))?;
        let party = who.agent.party.relying_party_id;
        let mut tx = self.context.db.read().await?;
        let rows = store::of_party(&mut tx, party, (&name, id), &input::like(words), limit + 1).await?;
        Ok(Page::new(rows, limit, |branch| Place(branch.about.name.clone(), branch.branch_id)))
    }

    /// Adds a branch.
    ///
    /// # Errors
    /// `invalid_field`; `wrong_state` where the party has as many as it may have, or ended as many; `too_many`.
    pub async fn add(&self, who: &Allowed<AddBranch>, about: About) -> Result<Branch> {
        let (about, now) = (about.checked()?, self.context.now());
        let (branch_id, party) = (self.context.random.uuid_v7(now), who.agent.party.relying_party_id);
        audited!(self.audit, who.event(branch_id), "branch.add", |tx| {
            count_write(tx, party, now).await?;
            store::hold(tx).await?;
            let there = store::count(tx, party).await?;
            if there.listed >= MOST {
                return Err(too_many().into());
            }
            if there.ended >= MOST_ENDED {
                return Err(too_many_ended().into());
            }
            Ok(store::add(tx, (branch_id, party), &about, now).await?)
        })?;
        Ok(Branch { branch_id, relying_party_id: party, state: about.state(), about, revision: 0 })
    }

    /// Changes a branch that still is as it was on the screen. What is so already is a success, and changes nothing.
    ///
    /// # Errors
    /// `invalid_field`; `not_found` for what is no branch of the party; `wrong_state` where it was changed meanwhile; `too_many`.
    pub async fn change(&self, who: &Allowed<ChangeBranch>, id: Uuid, revision: i64, about: About) -> Result<()> {
        let (about, party, now) = (about.checked()?, who.agent.party.relying_party_id, self.context.now());
        audited!(self.audit, who.event(id), "branch.change", |tx| {
            count_write(tx, party, now).await?;
            let known = own(tx, (id, party)).await?.filter(|branch| branch.state != State::Ended);
            let known = known.ok_or(Code::NotFound)?;
            if known.revision == revision && known.about == about {
                return Ok(());
            }
            store::hold(tx).await?;
            store::change(tx, (id, party), revision, &about).await?.or(changed_since())
        })
    }

    /// Takes a branch off the list. What was reported of it still counts. Repeated it is a success.
    ///
    /// # Errors
    /// `not_found` for what is no branch of the party; `too_many`.
    pub async fn end(&self, who: &Allowed<EndBranch>, id: Uuid) -> Result<()> {
        let (party, now) = (who.agent.party.relying_party_id, self.context.now());
        audited!(self.audit, who.event(id), "branch.end", |tx| {
            count_write(tx, party, now).await?;
            if own(tx, (id, party)).await?.ok_or(Code::NotFound)?.state == State::Ended {
                return Ok(());
            }
            store::hold(tx).await?;
            // Whoever else ended it at this moment did what was asked for.
            store::end(tx, (id, party), now).await?.either_way();
            Ok(())
        })
    }

    /// Branches of the party of which something was reported in a month, the most reported first: of this month, where none is named.
    ///
    /// # Errors
    /// `malformed_request` for what is no month.
    pub async fn counts(&self, who: &Allowed<ReadParty>, month: Option<&str>) -> Result<(Month, Vec<BranchCount>)> {
        let month = match month {
            Some(text) => Month::parse(text),
            None => Month::of(Date::in_jakarta(self.context.now())),
        };
        let month = month.ok_or(Code::MalformedRequest)?;
        let mut tx = self.context.db.read().await?;
        let party = who.agent.party.relying_party_id;
        let counts = report::of_branches(&mut tx, party, &month.to_string(), COUNTED).await?;
        Ok((month, counts))
    }

    /// The party's reports of a state, newest first. That they were read is noted.
    ///
    /// # Errors
    /// When the database does not answer, or what it holds cannot be opened.
    pub async fn reports(
        &self,
        who: &Allowed<ReadBranchReports>,
        state: ReportState,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<Read>> {
        let before = page::after(cursor, Uuid::max())?;
        let party = who.agent.party.relying_party_id;
        let mut tx = self.context.db.read().await?;
        let rows = report::of_party(&mut tx, party, state, before, limit + 1).await?;
        drop(tx);
        let read = rows.into_iter().map(|row| self.open(row)).collect::<Result<Vec<_>>>()?;
        let event = who.event(party);
        transaction!(self.context.db, "branch.note_reports", |tx| {
            self.audit.record(tx, event, Outcome::Done).await
        })?;
        Ok(Page::new(read, limit, |one| one.report.report_id))
    }

    fn open(&self, (report, sealed): SealedReport) -> Result<Read> {
        let open = |sealed: Vec<u8>| self.context.vault.open_bytes(WORDS, report.report_id, &sealed);
        let words = sealed.map(open).transpose()?;
        let words = words.map(|words| Redacted(String::from_utf8_lossy(&words).into_owned()));
        Ok(Read { report, words })
    }

    /// Notes that a report was dealt with. Repeated it is a success.
    ///
    /// # Errors
    /// `not_found` for what is no report about the party.
    pub async fn close(&self, who: &Allowed<CloseBranchReport>, id: Uuid) -> Result<()> {
        let (staff_id, party, now) = (who.agent.staff_id, who.agent.party.relying_party_id, self.context.now());
        audited!(self.audit, who.event(id), "branch.close_report", |tx| {
            if report::close(tx, (id, party), (staff_id, now)).await?.happened() {
                return Ok(());
            }
            report::state(tx, (id, party)).await?.map(|_| ()).ok_or_else(|| Code::NotFound.into())
        })
    }
}

/// Where a branch stands in its party's list.
struct Place(String, Uuid);

impl page::Position for Place {
    fn to_cursor(&self) -> String {
        base64url::encode(&[self.1.as_bytes(), self.0.as_bytes()].concat())
    }

    fn from_cursor(cursor: &str) -> Option<Self> {
        let bytes = base64url::decode(cursor)?;
        let (id, name) = bytes.split_first_chunk::<16>()?;
        // Of the form in which names are kept: a text with a zero byte would be a fault of the database.
        let name = input::label(std::str::from_utf8(name).ok()?, super::model::NAME_CHARACTERS).ok()?;
        Some(Self(name, Uuid::from_bytes(*id)))
    }
}

/// A party's own branch, also one that ended.
async fn own(tx: &mut Tx, (id, party): (Uuid, Uuid)) -> Result<Option<Branch>> {
    Ok(store::lookup(tx, id).await?.filter(|branch| branch.relying_party_id == party))
}

/// Counts a write of a party, before its branches are held.
async fn count_write(tx: &mut Tx, party: Uuid, now: Timestamp) -> Result<()> {
    WRITES.count(tx, &[party.as_bytes()], now).await?.or_refuse(Code::TooMany.into())?;
    Ok(())
}

fn too_many() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Lembaga Anda sudah mendaftarkan 2.000 tempat. Hapus yang tidak dipakai lagi, lalu tambahkan.",
        "Your organisation has listed 2,000 places. Remove those that are not used any more, then add it.",
    )
}

fn too_many_ended() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Lembaga Anda sudah menghapus 2.000 tempat yang laporannya masih disimpan. Ubah tempat yang ada, jangan hapus lalu \
         tambahkan lagi.",
        "Your organisation has removed 2,000 places of which reports are still kept. Change the places that there are, in place of \
         removing and adding them again.",
    )
}

fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Tempat ini sudah diubah rekan Anda sejak dibuka. Muat ulang daftarnya, lalu ubah lagi bila perlu.",
        "A colleague has changed this place since you opened it. Load the list again, then change it where needed.",
    )
}
