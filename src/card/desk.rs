//! What an office does with cards before one is issued: prepares, photographs, asks, looks, refuses. Who may do what is judged at the counter.

use std::net::IpAddr;
use std::time::Duration;

use uuid::Uuid;

use super::model::{Card, EVIDENCE_DAYS_WITHOUT_CARD, Issued, Said, Standing, State, WAIT_SECONDS, compare};
use super::{sealed, store};
use crate::clerk::Clerk;
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Refusal, Result};
use crate::helper::{Helper, ports as helpers};
use crate::holder::ports as holder;
use crate::holder::{Credential, CredentialState, Status};
use crate::keyring::Keyring;
use crate::life::BlockCodes;
use crate::office::Scope;
use crate::page::{self, Page};
use crate::register::{Date, Found, Nik, PopulationRegister};
use crate::registration::pictures::Pictures;
use crate::registration::terms;
use crate::secret::Redacted;
use crate::status_list::{StatusLists, ports as status_list};
use crate::window::Window;

/// Requests shown to an office at most.
const SHOWN: i64 = 100;
/// Photos that may be taken for one card: each is decoded.
const PHOTOS: Window = Window { kind: "card_photo", seconds: WAIT_SECONDS, most: 15 };

/// Cards at an office. Cloning shares everything.
#[derive(Clone)]
pub struct Desk {
    pub(super) context: Context,
    pub(super) register: PopulationRegister,
    pub(super) keyring: Keyring,
    pub(super) status_lists: StatusLists,
    pub(super) block_codes: BlockCodes,
    pictures: Pictures,
}

/// What an officer typed, before the register was asked.
#[derive(Debug)]
pub struct Draft {
    /// What the resident said.
    pub said: Said,
    helper: Option<Helper>,
}

/// A draft that agrees with the register.
#[derive(Debug)]
pub struct Checked {
    /// The id of the card to be.
    pub card_id: Uuid,
    draft: Draft,
    found: Found,
}

/// A card as somebody of its office sees it.
#[derive(Debug)]
pub struct Seen {
    /// The card.
    pub card: Card,
    /// Where the request stands.
    pub state: State,
    /// Whether the card counts, once there is one.
    pub standing: Option<Standing>,
    /// What the resident said.
    pub said: Said,
    /// The name as the register has it; none once what was compared is deleted.
    pub registered_name: Option<Redacted<String>>,
    /// Whether there is a portrait to compare with.
    pub has_portrait: bool,
    /// Whether the photo was taken.
    pub has_photo: bool,
    /// How the digital KTP of this person stands now; none where there is none.
    pub credential: Option<(CredentialState, Option<Status>)>,
    /// Whether it is on a phone.
    pub on_phone: bool,
    /// Cards of this person that count now: granting this one voids them.
    pub good_cards: usize,
    /// How many other people who helps has helped within a year.
    pub helper_people: i64,
}

impl Desk {
    /// `register` is asked about what residents say, `keyring` signs cards, which get places in `status_lists`.
    pub fn new(
        context: Context,
        register: PopulationRegister,
        keyring: Keyring,
        (status_lists, block_codes): (StatusLists, BlockCodes),
    ) -> Self {
        let pictures = Pictures::new(&context);
        Self { context, register, keyring, status_lists, block_codes, pictures }
    }

    /// Asks the register about what the resident said.
    ///
    /// # Errors
    /// `invalid_field` for what differs, `wrong_state` for who may not have a KTP, `unavailable` while the register does not answer.
    pub async fn check(&self, mut draft: Draft) -> Result<Checked> {
        let now = self.context.now();
        if let Some(helper) = &draft.helper {
            draft.said.helper = Some(helpers::noted(&self.context, &draft.said.nik, helper)?);
        }
        let patience = Duration::from_secs(self.context.config.register.timeout_seconds.max(1));
        let answered = tokio::time::timeout(patience, self.register.lookup(&draft.said.nik)).await;
        let found = answered.ok().and_then(Result::ok).ok_or_else(register_silent)?;
        compare(&draft.said, found.as_ref().map(|found| &found.record), Date::in_jakarta(now))?;
        let found = found.ok_or(Code::NotFound)?;
        Ok(Checked { card_id: self.context.random.uuid_v7(now), draft, found })
    }

    /// Prepares a card for the resident who stands here. An earlier one that the same officer prepared for them makes way.
    ///
    /// # Errors
    /// `wrong_state` while a colleague's request waits, or when the digital KTP is stopped for a reason that no card changes.
    pub async fn prepare(&self, tx: &mut Tx, by: Clerk, checked: &Checked) -> Result<()> {
        let now = self.context.now();
        let Checked { card_id: id, draft, found } = checked;
        let resident = found.resident_id;
        if let Some(waiting) = store::waiting_for(tx, resident).await? {
            let held = store::hold(tx, waiting.card_id).await?.ok_or(DbError::Contention)?;
            if held.state(now) == State::Asked || (held.state(now) == State::Prepared && held.asked_by != by.officer_id)
            {
                return Err(asked_already().into());
            }
            self.end(tx, &held, State::Lapsed, now, None).await?;
        }
        let credential = holder::credential(tx, resident).await?;
        self.require_issuable(tx, credential, now).await?;
        let card = Card {
            card_id: *id,
            resident_id: resident,
            office_id: by.office_id,
            written: State::Prepared,
            revision: 0,
            asked_by: by.officer_id,
            prepared_at: now,
            lapses_at: now.plus_seconds(WAIT_SECONDS),
            asked_at: None,
            generation: credential.map_or(0, |credential| credential.generation),
            granted_by: None,
            ended_at: None,
            issued: None,
        };
        let said = sealed::seal_said(&self.context, *id, &draft.said)?;
        // When another request was faster, the next try finds what it made.
        store::add(tx, &card, &said).await.map_err(DbError::unique_as_contention)?;
        let (record, portrait) = sealed::seal_found(&self.context, *id, found)?;
        let until = now.plus_seconds(EVIDENCE_DAYS_WITHOUT_CARD * DAY);
        Ok(store::add_evidence(tx, *id, &record, portrait.as_deref(), until).await?)
    }

    /// That a card can be issued to who holds this credential.
    async fn require_issuable(&self, tx: &mut Tx, credential: Option<Credential>, now: Timestamp) -> Result<()> {
        let Some(credential) = credential.filter(|one| one.standing.state() == CredentialState::Blocked) else {
            return Ok(());
        };
        if holder::is_on_phone(tx, credential.resident_id).await? {
            return Err(blocked_on_phone().into());
        }
        let status = holder::status(tx, credential.resident_id).await?;
        let lifts = status.is_some_and(|status| holder::lifts_on_paper(&status, now));
        if lifts { Ok(()) } else { Err(blocked_by_register().into()) }
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
        let counted = crate::transaction!(self.context.db, "card.count_photo", |tx| {
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
        store::touch(tx, &held, by.officer_id, now).await?.demand()?;
        let photo = sealed::seal_photo(&self.context, id, jpeg)?;
        store::set_photo(tx, id, &photo).await?.demand()?;
        Ok(Card { revision: held.revision + 1, ..held }.version())
    }

    /// Asks for the card: the resident heard or read back what was typed, and agrees to these terms.
    ///
    /// # Errors
    /// `invalid_field` without consent to the present terms; `wrong_state` without a photo; as [`Desk::set_photo`].
    pub async fn ask(
        &self,
        tx: &mut Tx,
        by: Clerk,
        (id, version): (Uuid, &str),
        (terms_version, agreed): (&str, bool),
        witness: Option<Redacted<String>>,
    ) -> Result<()> {
        let now = self.context.now();
        if !agreed || terms_version != terms::VERSION {
            return Err(no_consent().into());
        }
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require_preparing(by.officer_id, now)?;
        let evidence = store::evidence(tx, id).await?.ok_or(Code::NotFound)?;
        if evidence.photo_sealed.is_none() {
            return Err(no_photo().into());
        }
        let said = Said { witness, ..sealed::said(&self.context, tx, id).await? };
        let sealed = sealed::seal_said(&self.context, id, &said)?;
        store::ask(tx, &held, by.officer_id, now, (terms_version, &sealed)).await?.demand()
    }

    /// Refuses it, or takes the own request back: nothing changes for anybody.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn refuse(&self, tx: &mut Tx, by: Clerk, (id, version): (Uuid, &str), reason: &str) -> Result<()> {
        let now = self.context.now();
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require_waiting(now)?;
        let mut said = sealed::said(&self.context, tx, id).await?;
        said.refusal = Some(Redacted(reason.to_owned()));
        let words = sealed::seal_said(&self.context, id, &said)?;
        self.end(tx, &held, State::Refused, now, Some(&words)).await
    }

    async fn end(&self, tx: &mut Tx, held: &Card, state: State, now: Timestamp, words: Option<&[u8]>) -> Result<()> {
        store::end(tx, held, state, now, words).await?.demand()?;
        let until = now.plus_seconds(EVIDENCE_DAYS_WITHOUT_CARD * DAY);
        store::keep_evidence(tx, held.card_id, until).await?.either_way();
        Ok(())
    }

    /// A card of the office, with what is judged.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn see(&self, office: Uuid, id: Uuid) -> Result<Seen> {
        let (context, now) = (&self.context, self.context.now());
        let mut tx = context.db.read().await?;
        let card = of_office(store::lookup(&mut tx, id).await?, office)?;
        let said = sealed::said(context, &mut tx, id).await?;
        let evidence = store::evidence(&mut tx, id).await?;
        let record = evidence.as_ref().map(|row| sealed::open_record(context, id, row)).transpose()?;
        let resident = card.resident_id;
        let credential = match holder::credential(&mut tx, resident).await? {
            Some(found) => Some((found.standing.state(), holder::status(&mut tx, resident).await?)),
            None => None,
        };
        let helper_people = helpers::others(&mut tx, said.helper.as_ref(), card.resident_id, now).await?;
        let mut good_cards = 0;
        for other in store::good_of(&mut tx, resident).await? {
            let standing = standing(&mut tx, &other, now).await?;
            good_cards += usize::from(other.card_id != id && standing == Some(Standing::Good));
        }
        Ok(Seen {
            state: card.state(now),
            standing: standing(&mut tx, &card, now).await?,
            said,
            registered_name: record.map(|record| Redacted(record.full_name)),
            has_portrait: evidence.as_ref().is_some_and(|row| row.portrait_sealed.is_some()),
            has_photo: evidence.as_ref().is_some_and(|row| row.photo_sealed.is_some()),
            credential,
            on_phone: holder::is_on_phone(&mut tx, resident).await?,
            good_cards,
            helper_people,
            card,
        })
    }

    /// The photo that was taken at the counter, or the register's portrait: JPEG. Both are shown to whoever may grant while they are to be
    /// compared, the photo to who took it until the request has ended, and nothing to anybody else, before or after.
    ///
    /// # Errors
    /// `not_found`, also once it is deleted.
    pub async fn picture(&self, by: Clerk, may_grant: bool, id: Uuid, taken_here: bool) -> Result<Vec<u8>> {
        let now = self.context.now();
        let mut tx = self.context.db.read().await?;
        let found = of_office(store::lookup(&mut tx, id).await?, by.office_id)?;
        let compares = may_grant && found.require_grantable(by.officer_id, now).is_ok();
        let took = taken_here && found.asked_by == by.officer_id && found.require_waiting(now).is_ok();
        if !compares && !took {
            return Err(Code::NotFound.into());
        }
        let evidence = store::evidence(&mut tx, id).await?.ok_or(Code::NotFound)?;
        let picture = match taken_here {
            true => sealed::open_photo(&self.context, id, &evidence)?,
            false => sealed::open_portrait(&self.context, id, &evidence)?,
        };
        picture.ok_or_else(|| Code::NotFound.into())
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
    pub async fn waiting(&self, scope: Scope) -> Result<Vec<Card>> {
        let since = self.context.now().plus_seconds(-WAIT_SECONDS);
        let mut tx = self.context.db.read().await?;
        Ok(store::waiting(&mut tx, scope, since, SHOWN).await?)
    }

    /// Cards that the office issued, newest first, and whether each still counts.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here.
    pub async fn issued(
        &self,
        office: Uuid,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<(Card, Option<Standing>)>> {
        let before = page::after(cursor, Uuid::max())?;
        let (limit, now) = (limit.clamp(1, page::MOST), self.context.now());
        let mut tx = self.context.db.read().await?;
        let mut rows = Vec::new();
        for card in store::of_office(&mut tx, office, before, limit + 1).await? {
            let standing = standing(&mut tx, &card, now).await?;
            rows.push((card, standing));
        }
        Ok(Page::new(rows, limit, |(card, _)| card.card_id))
    }

    pub(super) async fn held(&self, tx: &mut Tx, office: Uuid, id: Uuid, version: &str) -> Result<Card> {
        let held = of_office(store::hold(tx, id).await?, office)?;
        if version == held.version() { Ok(held) } else { Err(changed_since().into()) }
    }
}

/// Whether a card counts, once there is one.
pub(super) async fn standing(tx: &mut Tx, card: &Card, now: Timestamp) -> Result<Option<Standing>> {
    let Some(issued): Option<Issued> = card.issued else { return Ok(None) };
    let listed = status_list::counts(tx, card.resident_id, issued.place).await?;
    Ok(Some(issued.standing(listed, now)))
}

pub(super) fn of_office(found: Option<Card>, office: Uuid) -> Result<Card> {
    found.filter(|found| found.office_id == office).ok_or_else(|| Code::NotFound.into())
}

impl Draft {
    /// What was typed.
    pub fn new(nik: Nik, full_name: String, birth_date: Date, helper: Option<Helper>) -> Self {
        let said = Said { nik, full_name: Redacted(full_name), birth_date, helper: None, witness: None, refusal: None };
        Self { said, helper }
    }
}

fn register_silent() -> Refusal {
    Refusal::new(Code::Unavailable).retry_after(30).detail(
        "Database kependudukan tidak menjawab; tanpa jawabannya kartu tidak dapat dicetak. Coba lagi sebentar lagi.",
        "The population register does not answer, and without its answer no card can be printed. Try again in a moment.",
    )
}

fn asked_already() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Untuk warga ini sudah ada kartu yang menunggu di sebuah loket; setujui atau tolak dahulu, atau tunggu 30 menit.",
        "A card for this resident waits at a counter already; grant or refuse that one first, or wait 30 minutes.",
    )
}

fn blocked_on_phone() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "KTP Digital warga ini diblokir di ponselnya. Buka dahulu lewat \"Lupa PIN\" di ponsel itu, atau lepaskan untuk ponsel baru.",
        "This resident's digital KTP is blocked on a phone. Bring it back first with \"Forgot the PIN\" on that phone, or let it make way.",
    )
}

fn blocked_by_register() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "KTP Digital warga ini dihentikan menurut database kependudukan; perbaiki data itu dahulu.",
        "This resident's digital KTP was stopped according to the population register; have that put right first.",
    )
}

fn too_many_photos() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Terlalu banyak foto untuk satu kartu; pakai foto terakhir, atau siapkan kartu baru nanti.",
        "Too many photos for one card; use the last one, or prepare another card later.",
    )
}

fn no_consent() -> Refusal {
    Refusal::field(
        "agreed",
        "Bacakan data dan syarat yang berlaku; warga harus menyatakan setuju.",
        "Read out the data and the present terms; the resident has to agree.",
    )
}

fn no_photo() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Ambil dahulu foto warga dengan kamera loket; orang kedua mencocokkannya.",
        "Take the resident's photo with the counter's camera first; the second person compares it.",
    )
}

fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kartu ini berubah sejak Anda membukanya; buka lagi, lalu putuskan.",
        "This card changed since you opened it; open it again, then decide.",
    )
}
