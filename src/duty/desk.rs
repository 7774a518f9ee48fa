//! What people of an office do to be recognised: they say where they are on duty, and a colleague takes their photo.

use std::net::IpAddr;

use uuid::Uuid;

use super::lookup::{self, index};
use super::model::{DayCode, Duty, KEEP_DAYS, PHOTO_DAYS, Position, SIGNS, Sealed, check_end, latest_end};
use super::{photo, store};
use crate::clerk::Clerk;
use crate::clock::{DAY, HOUR, Timestamp};
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Refusal, Result};
use crate::outreach::{Outreach, ports as outreach};
use crate::registration::pictures::Pictures;
use crate::secret::Redacted;
use crate::staff::ports::Colleague;
use crate::staff::{Role, ports as staff};
use crate::transaction;
use crate::window::Window;

pub(super) const SEALED: &str = "duty";
pub(super) const PHOTO: &str = "staff_photo";
/// Photos that one person may take of colleagues: each is decoded.
const PHOTOS: Window = Window { kind: "staff_photo", seconds: HOUR, most: 60 };

/// Duties and photos of all offices. Cloning shares everything.
#[derive(Clone)]
pub struct Desk {
    context: Context,
    pictures: Pictures,
}

/// What somebody is on duty for, with what their screen shows.
#[derive(Debug)]
pub struct OnDuty {
    /// The duty.
    pub duty: Duty,
    /// The day's code.
    pub code: DayCode,
    /// Whether it knows where the officer was.
    pub has_position: bool,
}

/// Somebody of an office, and whether there is a photo of them.
#[derive(Debug)]
pub struct Photographed {
    /// Who.
    pub person: Colleague,
    /// By whom it was taken, and when.
    pub taken: Option<(Uuid, Timestamp)>,
}

impl Desk {
    /// In this context.
    pub fn new(context: Context) -> Self {
        let pictures = Pictures::new(&context);
        Self { context, pictures }
    }

    /// Somebody says where they are on duty, and until when. What they were on duty for before ends.
    ///
    /// # Errors
    /// `invalid_field`; `wrong_state` without a photo, or when the session is not open with them on its roster.
    pub async fn begin(
        &self,
        tx: &mut Tx,
        by: Clerk,
        at: Option<Uuid>,
        (until, position): (Timestamp, Option<Position>),
    ) -> Result<()> {
        let now = self.context.now();
        let ends_at = check_end(until, now)?;
        let position = position.map(Position::checked).transpose()?;
        store::photo(tx, by.officer_id, by.office_id).await?.ok_or_else(no_photo)?;
        if let Some(wanted) = at {
            let there = outreach::working_in(tx, by.officer_id, now).await?;
            there.filter(|there| there.outreach_id == wanted).ok_or_else(not_there)?;
        }
        // A second one at the same moment meets the index, and ends this one with its next try.
        store::end(tx, by.officer_id, now).await?.either_way();
        let duty = Duty {
            duty_id: self.context.random.uuid_v7(now),
            staff_id: by.officer_id,
            office_id: by.office_id,
            outreach_id: at,
            began_at: now,
            ends_at,
            ended_at: None,
        };
        let code = DayCode::from_bytes(self.context.random.bytes::<SIGNS>());
        let code_index = index(&self.context, &code);
        let sealed = Sealed { code, position };
        let sealed = self.context.vault.seal_row(&self.context.random, SEALED, duty.duty_id, &sealed)?;
        Ok(store::add(tx, &duty, &code_index, &sealed).await.map_err(DbError::unique_as_contention)?)
    }

    /// Somebody is not on duty any more. Repeating it is the same.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn end(&self, tx: &mut Tx, by: Clerk) -> Result<()> {
        store::end(tx, by.officer_id, self.context.now()).await?.either_way();
        Ok(())
    }

    /// What somebody is on duty for now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(&self, tx: &mut Tx, by: Clerk) -> Result<Option<OnDuty>> {
        let now = self.context.now();
        let found = store::of_person(tx, by.officer_id).await?.filter(|(duty, _)| duty.is_live(now));
        let Some((duty, sealed)) = found else { return Ok(None) };
        if !lookup::is_where_it_says(tx, &duty, now).await? {
            return Ok(None);
        }
        let Sealed { code, position } = self.context.vault.open_row(SEALED, duty.duty_id, &sealed)?;
        Ok(Some(OnDuty { duty, code, has_position: position.is_some() }))
    }

    /// Where somebody may say that they are on duty beside the office: the open session on whose roster they are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn session(&self, tx: &mut Tx, by: Clerk) -> Result<Option<Outreach>> {
        outreach::working_in(tx, by.officer_id, self.context.now()).await
    }

    /// Until when a duty that begins now can last.
    pub fn latest_end(&self) -> Timestamp {
        latest_end(self.context.now())
    }

    /// Whether there is a photo of somebody.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn has_photo(&self, tx: &mut Tx, by: Clerk) -> Result<bool> {
        Ok(store::photo(tx, by.officer_id, by.office_id).await?.is_some())
    }

    /// The address in a QR of the moment, for who is on duty.
    ///
    /// # Errors
    /// `wrong_state` for who is not.
    pub async fn address(&self, by: Clerk) -> Result<Redacted<String>> {
        let mut tx = self.context.db.read().await?;
        let on_duty = self.of(&mut tx, by).await?.ok_or_else(not_on_duty)?;
        let text = lookup::qr_text(&self.context, on_duty.duty.duty_id)?;
        Ok(Redacted(format!("{}/cek/{text}", self.context.config.service.public_url)))
    }

    /// The people of an office who can be on duty, with whether there is a photo of each.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn photographed(&self, tx: &mut Tx, office: Uuid) -> Result<Vec<Photographed>> {
        let photos = store::photos(tx, office).await?;
        let taken = |person: Uuid| photos.iter().find(|(of, ..)| *of == person).map(|(_, by, at)| (*by, *at));
        let people = staff::colleagues(tx, office, self.context.now()).await?;
        let serves = |one: &Colleague| matches!(one.roles.own, Role::Assistant | Role::Officer | Role::Supervisor);
        let people = people.into_iter().filter(serves);
        Ok(people.map(|person| Photographed { taken: taken(person.staff_id), person }).collect())
    }

    /// That a photo of this colleague may be taken by `by`.
    ///
    /// # Errors
    /// `forbidden` of oneself, `not_found` of whoever does not work here.
    pub async fn check_subject(&self, by: Clerk, person: Uuid) -> Result<()> {
        if by.officer_id == person {
            return Err(own_face().into());
        }
        let mut tx = self.context.db.read().await?;
        let here = staff::colleagues(&mut tx, by.office_id, self.context.now()).await?;
        if here.iter().any(|one| one.staff_id == person) { Ok(()) } else { Err(Code::NotFound.into()) }
    }

    /// Reads a photo of a colleague: decoded within limits, made small.
    ///
    /// # Errors
    /// `picture_unusable`, `too_many`, `overloaded`.
    pub async fn read_photo(&self, by: Clerk, from: IpAddr, bytes: Vec<u8>) -> Result<Vec<u8>> {
        let now = self.context.now();
        let counted = transaction!(self.context.db, "duty.count_photo", |tx| {
            Ok(PHOTOS.count(tx, &[by.officer_id.as_bytes()], now).await?)
        })?;
        counted.or_refuse(Code::TooMany.into())?;
        let clean = self.pictures.clean(from, bytes).await?;
        tokio::task::spawn_blocking(move || photo::small(&clean)).await.map_err(Error::internal)?
    }

    /// Keeps the photo of a colleague.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn set_photo(&self, tx: &mut Tx, by: Clerk, person: Uuid, jpeg: &[u8]) -> Result<()> {
        let sealed = self.context.vault.seal_bytes(&self.context.random, PHOTO, person, jpeg)?;
        let taken = (by.officer_id, self.context.now());
        Ok(store::set_photo(tx, (person, by.office_id), &sealed, taken).await?)
    }

    /// The photo of a colleague.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn photo(&self, office: Uuid, person: Uuid) -> Result<Vec<u8>> {
        let mut tx = self.context.db.read().await?;
        let sealed = store::photo(&mut tx, person, office).await?.ok_or(Code::NotFound)?;
        Ok(self.context.vault.open_bytes(PHOTO, person, &sealed)?)
    }

    /// Forgets duties of a month ago, and photos of a year ago; gives how many.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let (duties, photos) = (now.plus_seconds(-KEEP_DAYS * DAY), now.plus_seconds(-PHOTO_DAYS * DAY));
        transaction!(self.context.db, "duty.sweep", |tx| {
            Ok(store::sweep(tx, duties).await? + store::sweep_photos(tx, photos).await?)
        })
    }
}

fn no_photo() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Belum ada foto Anda. Minta penyelia atau kepala mengambilnya di halaman Bukti petugas.",
        "There is no photo of you yet. Ask a supervisor or the head to take it on the page Officer proof.",
    )
}

fn not_there() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Sesi ini tidak terbuka, atau Anda tidak ada di daftar petugasnya. Pilih kantor, atau minta pemimpin sesi membukanya.",
        "This session is not open, or you are not on its roster. Choose the office, or ask its lead to open it.",
    )
}

fn not_on_duty() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Anda tidak sedang bertugas, atau sesinya sudah ditutup. Mulai bertugas lagi.",
        "You are not on duty, or the session was closed. Begin again.",
    )
}

fn own_face() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Foto Anda diambil penyelia lain atau kepala, bukan oleh Anda sendiri.",
        "Another supervisor or the head takes your photo; you do not take it yourself.",
    )
}
