//! What an office does for a holder without their phone. Who may do what is judged at the counter.

use std::net::IpAddr;

use uuid::Uuid;

use super::model::{Claim, KEEP_DAYS, Kind, PRINT_SECONDS, Said, State, WAIT_SECONDS, WalkIn, photo_seconds};
use super::store;
use crate::clerk::Clerk;
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Refusal, Result};
use crate::helper::model::Help;
use crate::helper::{Noted, ports as helpers};
use crate::holder::ports::{self as holder, Stopped};
use crate::holder::{Credential, CredentialState};
use crate::life::EventKind;
use crate::life::ports::{self as life, By};
use crate::office::Scope;
use crate::register::{Date, Nik};
use crate::registration::pictures::Pictures;
use crate::secret::Redacted;
use crate::transaction;
use crate::window::Window;

pub(super) const SAID: &str = "walk_in";
pub(super) const PHOTO: &str = "walk_in.photo";
/// Requests shown to an office at most.
const SHOWN: i64 = 100;
/// Requests that lapse in one round.
const BATCH: i64 = 50;
/// Photos that may be taken for one request: each is decoded.
const PHOTOS: Window = Window { kind: "walk_in_photo", seconds: WAIT_SECONDS, most: 15 };

/// Holders without their phones at an office. Cloning shares everything.
#[derive(Clone)]
pub struct Desk {
    context: Context,
    pictures: Pictures,
}

/// A request as somebody of its office sees it.
#[derive(Debug)]
pub struct Seen {
    /// The request.
    pub walk_in: WalkIn,
    /// Where it stands.
    pub state: State,
    /// The name, as the register has it; none once the data are erased.
    pub full_name: Option<Redacted<String>>,
    /// The NIK, of which only the ends are shown.
    pub nik: Option<Redacted<String>>,
    /// The birth date.
    pub birth_date: Option<Date>,
    /// The state of the digital KTP.
    pub card: CredentialState,
    /// Whether it is on a phone.
    pub on_phone: bool,
    /// Whether the photo was taken and is kept.
    pub has_photo: bool,
    /// Who helps, who is witness, why it was refused.
    pub said: Said,
    /// How many other people who helps has helped within a year.
    pub helper_people: i64,
}

impl Desk {
    /// In this context.
    pub fn new(context: Context) -> Self {
        let pictures = Pictures::new(&context);
        Self { context, pictures }
    }

    /// Whose digital KTP it is that was given for this NIK, if who stands here says the register's name and birth date, and it has not
    /// ended. Everybody else is the same miss: an officer who tries NIKs learns nothing.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find(&self, nik: &Nik, claim: &Claim) -> Result<Uuid> {
        let mut tx = self.context.db.read().await?;
        let resident = holder::of_nik(&self.context, &mut tx, nik).await?.ok_or_else(nobody)?;
        let record = holder::kept_record(&self.context, &mut tx, resident).await?.ok_or_else(nobody)?;
        live(holder::credential(&mut tx, resident).await?).ok_or_else(nobody)?;
        if claim.agrees_with(&record) { Ok(resident) } else { Err(nobody().into()) }
    }

    /// Prepares a request of the holder who stands here. An earlier one that was prepared and not asked for makes way.
    ///
    /// # Errors
    /// `wrong_state` while a request waits for a second person; `not_found` when the digital KTP ended at this moment.
    pub async fn prepare(
        &self,
        tx: &mut Tx,
        by: Clerk,
        (resident, kind): (Uuid, Kind),
        helper: Option<Noted>,
    ) -> Result<WalkIn> {
        let now = self.context.now();
        // The credential first, then what waits for it, as in every act of this room.
        let credential = live(holder::hold(tx, resident).await?).ok_or_else(nobody)?;
        if let Some(waiting) = store::waiting_for(tx, resident).await? {
            let held = store::hold(tx, waiting.walk_in_id).await?.ok_or(DbError::Contention)?;
            // Only what waits for a second person bars: what was merely prepared, by anybody anywhere, makes way.
            match held.state(now) {
                State::Asked => return Err(asked_already().into()),
                State::Prepared | State::Lapsed if held.ended_at.is_none() => {
                    self.end(tx, &held, State::Lapsed, now, None).await?;
                }
                // Ended since it was found.
                State::Prepared | State::Lapsed | State::Granted | State::Refused => {}
            }
        }
        let prepared = WalkIn {
            walk_in_id: self.context.random.uuid_v7(now),
            resident_id: resident,
            office_id: by.office_id,
            kind,
            written: State::Prepared,
            revision: 0,
            asked_by: by.officer_id,
            prepared_at: now,
            lapses_at: now.plus_seconds(WAIT_SECONDS),
            asked_at: None,
            generation: credential.generation,
            granted_by: None,
            ended_at: None,
        };
        let said = Said { helper, ..Said::default() };
        let said = self.seal(prepared.walk_in_id, &said)?;
        // When another request was faster, the next try finds what it made.
        store::add(tx, &prepared, &said).await.map_err(DbError::unique_as_contention)?;
        Ok(prepared)
    }

    /// Whether a photo would be taken now: asked before megabytes are read.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for a colleague's, `wrong_state`.
    pub async fn awaits_photo(&self, by: Clerk, id: Uuid) -> Result<()> {
        let mut tx = self.context.db.read().await?;
        let found = of_office(store::lookup(&mut tx, id).await?, by.office_id)?;
        Ok(found.require_preparing(by.officer_id, self.context.now())?)
    }

    /// Reads the photo that the counter's camera took.
    ///
    /// # Errors
    /// `picture_unusable`, `too_many`, `overloaded`.
    pub async fn read_photo(&self, from: IpAddr, id: Uuid, bytes: Vec<u8>) -> Result<Vec<u8>> {
        let now = self.context.now();
        let counted = transaction!(self.context.db, "walk_in.count_photo", |tx| {
            Ok(PHOTOS.count(tx, &[id.as_bytes()], now).await?)
        })?;
        counted.or_refuse(too_many_photos())?;
        self.pictures.clean(from, bytes).await
    }

    /// Adds the photo. Gives the version that the next step names.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for a colleague's, `wrong_state`.
    pub async fn set_photo(&self, tx: &mut Tx, by: Clerk, id: Uuid, jpeg: &[u8]) -> Result<String> {
        let now = self.context.now();
        let held = of_office(store::hold(tx, id).await?, by.office_id)?;
        held.require_preparing(by.officer_id, now)?;
        let photo = self.context.vault.seal_bytes(&self.context.random, PHOTO, id, jpeg)?;
        store::set_photo(tx, &held, &photo, by.officer_id, now).await?.demand()?;
        Ok(WalkIn { revision: held.revision + 1, ..held }.version())
    }

    /// Asks for it: the holder heard what follows and wants it.
    ///
    /// # Errors
    /// `invalid_field` unless they do; `wrong_state` without a photo; as [`Desk::set_photo`].
    pub async fn ask(
        &self,
        tx: &mut Tx,
        by: Clerk,
        (id, version): (Uuid, &str),
        (wanted, witness): (bool, Option<Redacted<String>>),
    ) -> Result<()> {
        let now = self.context.now();
        if !wanted {
            return Err(not_wanted().into());
        }
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require_preparing(by.officer_id, now)?;
        let said = Said { witness, ..self.said(tx, id).await? };
        let sealed = self.seal(id, &said)?;
        store::ask(tx, &held, by.officer_id, now, &sealed).await?.or(no_photo())?;
        Ok(())
    }

    /// A second person grants it: what was asked for is done with the commit, or may be printed. Gives who asked, whom the caller is to
    /// look at before committing.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for one's own request; `wrong_state` when it was decided, has lapsed, or the digital KTP ended or became
    /// active anew since.
    pub async fn grant(&self, tx: &mut Tx, by: Clerk, id: Uuid, version: &str) -> Result<Uuid> {
        let (context, now) = (&self.context, self.context.now());
        let found = of_office(store::lookup(tx, id).await?, by.office_id)?;
        // The credential first: whatever else stops or starts it comes before this or after it.
        let credential = live(holder::hold(tx, found.resident_id).await?).ok_or_else(ended_since)?;
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require_grantable(by.officer_id, now)?;
        if credential.generation != held.generation {
            return Err(ended_since().into());
        }
        store::grant(tx, &held, by.officer_id, now, now.plus_seconds(photo_seconds(State::Granted))).await?.demand()?;
        let (resident, who) = (held.resident_id, By::officer(by.officer_id, by.office_id));
        if let Some(helper) = self.said(tx, id).await?.helper {
            let (office_id, officer_id, granted_by) = (held.office_id, held.asked_by, Some(by.officer_id));
            let help = Help { helped_id: resident, office_id, officer_id, granted_by };
            helpers::helped(context, tx, &helper, help, now).await?;
        }
        match held.kind.ends() {
            Some(reason) => match life::stop(context, tx, resident, reason, (now, None), who).await? {
                Stopped::Now(_) => {}
                Stopped::Before(_) | Stopped::Nothing => return Err(ended_since().into()),
            },
            None => life::happened(context, tx, (resident, EventKind::CopyMade), now, who).await?,
        }
        Ok(held.asked_by)
    }

    /// Refuses it, or takes the own request back: nothing changes for anybody.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn refuse(&self, tx: &mut Tx, by: Clerk, (id, version): (Uuid, &str), reason: &str) -> Result<()> {
        let now = self.context.now();
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require_waiting(now)?;
        let said = Said { refusal: Some(Redacted(reason.to_owned())), ..self.said(tx, id).await? };
        let sealed = self.seal(id, &said)?;
        self.end(tx, &held, State::Refused, now, Some(&sealed)).await
    }

    /// A copy that may be printed now by who asked for it or granted it.
    ///
    /// # Errors
    /// `not_found`; `forbidden` for anybody else; `wrong_state` when it is no copy, was not granted, or its hour is over.
    pub async fn printable(&self, by: Clerk, id: Uuid) -> Result<WalkIn> {
        let mut tx = self.context.db.read().await?;
        let found = of_office(store::lookup(&mut tx, id).await?, by.office_id)?;
        let until = found.print_until().filter(|until| self.context.now() < *until);
        until.ok_or_else(print_no_more)?;
        if found.is_printed_by(by.officer_id) { Ok(found) } else { Err(others_copy().into()) }
    }

    /// A request of the office, with what is judged.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn see(&self, office: Uuid, id: Uuid) -> Result<Seen> {
        let mut tx = self.context.db.read().await?;
        let walk_in = of_office(store::lookup(&mut tx, id).await?, office)?;
        let resident = walk_in.resident_id;
        let record = holder::kept_record(&self.context, &mut tx, resident).await?;
        let credential = holder::credential(&mut tx, resident).await?.ok_or(Code::NotFound)?;
        let (said, now) = (self.said(&mut tx, id).await?, self.context.now());
        let helper_people = helpers::others(&mut tx, said.helper.as_ref(), resident, now).await?;
        Ok(Seen {
            state: walk_in.state(now),
            full_name: record.as_ref().map(|record| Redacted(record.full_name.clone())),
            nik: record.as_ref().map(|record| Redacted(record.nik.masked())),
            birth_date: record.map(|record| record.birth_date),
            card: credential.standing.state(),
            on_phone: holder::is_on_phone(&mut tx, resident).await?,
            has_photo: store::has_photo(&mut tx, id).await?,
            said,
            helper_people,
            walk_in,
        })
    }

    /// The photo that was taken at the counter, or the holder's portrait: JPEG. The portrait is for a second person, while they are to
    /// compare it: who asked has the holder before them.
    ///
    /// # Errors
    /// `not_found`, also once it is deleted.
    pub async fn picture(&self, by: Clerk, may_grant: bool, id: Uuid, taken_here: bool) -> Result<Vec<u8>> {
        let mut tx = self.context.db.read().await?;
        let found = of_office(store::lookup(&mut tx, id).await?, by.office_id)?;
        let now = self.context.now();
        let compares = may_grant && found.require_grantable(by.officer_id, now).is_ok();
        let took = taken_here && found.asked_by == by.officer_id && found.require_waiting(now).is_ok();
        if !compares && !took {
            return Err(Code::NotFound.into());
        }
        if taken_here {
            let sealed = store::photo(&mut tx, id).await?.ok_or(Code::NotFound)?;
            return Ok(self.context.vault.open_bytes(PHOTO, id, &sealed)?);
        }
        holder::portrait(&self.context, &mut tx, found.resident_id).await?.ok_or_else(|| Code::NotFound.into())
    }

    /// The office whose request this is: the scope's own, or one below it while the request waits for a second person. What follows is done as
    /// for that office.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn office_of(&self, tx: &mut Tx, scope: Scope, id: Uuid) -> Result<Uuid> {
        store::office_of(tx, id, scope).await?.ok_or_else(|| Code::NotFound.into())
    }

    /// What waits for a second person of the offices of a scope.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting(&self, scope: Scope) -> Result<Vec<WalkIn>> {
        let now = self.context.now();
        let mut tx = self.context.db.read().await?;
        Ok(store::waiting(&mut tx, scope, now, SHOWN).await?)
    }

    /// What this person prepared and is not done with: it waits, or its copy can still be printed. Newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_of(&self, by: Clerk) -> Result<Vec<WalkIn>> {
        let now = self.context.now();
        let since = now.plus_seconds(-WAIT_SECONDS - PRINT_SECONDS);
        let mut tx = self.context.db.read().await?;
        let mine = store::of_officer(&mut tx, (by.office_id, by.officer_id), since, SHOWN).await?;
        let is_open = |one: &WalkIn| match one.state(now) {
            State::Prepared | State::Asked => true,
            State::Granted => one.print_until().is_some_and(|until| now < until),
            State::Refused | State::Lapsed => false,
        };
        Ok(mine.into_iter().filter(is_open).collect())
    }

    /// Ends requests whose time is over, and forgets what may no longer be kept; gives how much there was to do.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let over = {
            let mut tx = self.context.db.read().await?;
            store::over(&mut tx, now, BATCH).await?
        };
        for id in &over {
            transaction!(self.context.db, "walk_in.lapse", |tx| {
                let Some(held) = store::hold(tx, *id).await? else { return Ok(()) };
                if held.ended_at.is_none() && held.state(now) == State::Lapsed {
                    self.end(tx, &held, State::Lapsed, now, None).await?;
                }
                Ok(())
            })?;
        }
        let before = now.plus_seconds(-KEEP_DAYS * DAY);
        let forgotten = transaction!(self.context.db, "walk_in.sweep", |tx| Ok(store::sweep(tx, now, before).await?))?;
        Ok(over.len() as u64 + forgotten)
    }

    async fn held(&self, tx: &mut Tx, office: Uuid, id: Uuid, version: &str) -> Result<WalkIn> {
        let held = of_office(store::hold(tx, id).await?, office)?;
        if version == held.version() { Ok(held) } else { Err(changed_since().into()) }
    }

    async fn end(&self, tx: &mut Tx, held: &WalkIn, state: State, now: Timestamp, said: Option<&[u8]>) -> Result<()> {
        let delete_photo_after = now.plus_seconds(photo_seconds(state));
        store::end(tx, held, (state, now), said, delete_photo_after).await?.demand()
    }

    async fn said(&self, tx: &mut Tx, id: Uuid) -> Result<Said> {
        let sealed = store::sealed(tx, id).await?.ok_or(Code::NotFound)?;
        Ok(self.context.vault.open_row(SAID, id, &sealed)?)
    }

    fn seal(&self, id: Uuid, said: &Said) -> Result<Vec<u8>> {
        Ok(self.context.vault.seal_row(&self.context.random, SAID, id, said)?)
    }
}

/// A credential that has not ended: what is blocked can still be ended, and its data be asked for.
fn live(credential: Option<Credential>) -> Option<Credential> {
    credential.filter(|one| one.standing.state() != CredentialState::Deactivated)
}

fn of_office(found: Option<WalkIn>, office: Uuid) -> Result<WalkIn> {
    found.filter(|found| found.office_id == office).ok_or_else(|| Code::NotFound.into())
}

fn nobody() -> Refusal {
    Refusal::new(Code::NotFound).detail(
        "Tidak ada KTP Digital yang masih ada dengan NIK, nama, dan tanggal lahir ini; periksa ketiganya pada KTP-el.",
        "There is no digital KTP with this NIK, name and birth date; check all three on the KTP-el.",
    )
}

fn asked_already() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Untuk warga ini sudah ada permintaan yang menunggu. Di kantor ini: buka daftar yang menunggu, tarik bila milik Anda, atau minta penyelia memutuskan. Di kantor lain: tunggu 30 menit.",
        "A request of this holder waits already. In this office: open the list of what waits, withdraw it if it is yours, or ask a supervisor to decide. In another office: wait 30 minutes.",
    )
}

fn too_many_photos() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Terlalu banyak foto untuk satu permintaan; pakai foto terakhir, atau siapkan permintaan baru nanti.",
        "Too many photos for one request; use the last one, or prepare another request later.",
    )
}

fn not_wanted() -> Refusal {
    Refusal::field(
        "wanted",
        "Bacakan akibatnya; warga sendiri harus menyatakan mau.",
        "Read out what follows; the holder has to say that they want it.",
    )
}

fn no_photo() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Ambil dahulu foto warga dengan kamera loket; orang kedua mencocokkannya.",
        "Take the holder's photo with the counter's camera first; the second person compares it.",
    )
}

fn ended_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "KTP Digital ini sudah berakhir atau diaktifkan lagi sejak permintaan disiapkan; tolak permintaan ini, lalu periksa lagi.",
        "This digital KTP ended, or became active anew, since the request was prepared; refuse the request, then look again.",
    )
}

fn others_copy() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Salinan ini dicetak petugas yang meminta atau penyelia yang menyetujuinya.",
        "This copy is printed by the officer who asked for it or the supervisor who granted it.",
    )
}

fn print_no_more() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Salinan ini tidak dapat dicetak: belum disetujui, atau sudah lewat satu jam. Siapkan permintaan baru.",
        "This copy cannot be printed: it was not granted, or its hour is over. Prepare another request.",
    )
}

fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Permintaan ini berubah sejak Anda membukanya; buka lagi, lalu putuskan.",
        "This request changed since you opened it; open it again, then decide.",
    )
}
