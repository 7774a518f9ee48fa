//! A card comes into being, is printed, and ends before its time.

use uuid::Uuid;

use super::desk::{Desk, of_office, standing};
use super::model::{Card, EVIDENCE_DAYS, Issued, LIFE_SECONDS, PRINT_SECONDS, Standing, VoidReason};
use super::sheet::{self, Sheet};
use super::{sealed, store};
use crate::attribute::AttributeSet;
use crate::clerk::Clerk;
use crate::clock::{DAY, Timestamp};
use crate::credential::claim169::More;
use crate::credential::photo::Portrait;
use crate::credential::{KeyPurpose, SealedRecord, TokenKind};
use crate::db::Tx;
use crate::disclosure::offline_claims;
use crate::error::{Code, Error, Language, Refusal, Result};
use crate::helper::model::Help;
use crate::helper::ports as helpers;
use crate::holder::Reason;
use crate::holder::ports::{self as holder, OnPaper};
use crate::life::EventKind;
use crate::life::code::NewCode;
use crate::life::model::reference;
use crate::life::ports::{self as life, By};
use crate::office::ports as offices;
use crate::register::{Date, RegisterRecord};
use crate::secret::Redacted;
use crate::status_list::{Kind, ports as status_list};

/// What the QR shows in clear, and the verifier with it.
const SHOWN: AttributeSet = AttributeSet::BASIC;
/// The name under which the NIK with only its ends stands in the QR.
const MASKED_NIK: &str = "nik_masked";

/// A card whose QR is made but not issued yet: signing may wait, and hashing takes time, so both are done before the transaction.
pub struct Made {
    record: RegisterRecord,
    portrait: Option<Vec<u8>>,
    issued: Issued,
    qr: Redacted<String>,
    /// The code for the slip, if it takes one.
    block_code: NewCode,
}

/// What is in hand when a card is printed.
struct Printable {
    card: Card,
    issued: Issued,
    record: RegisterRecord,
    portrait: Option<Vec<u8>>,
    qr: Redacted<String>,
    office: String,
    block_code: Option<Redacted<String>>,
}

impl Desk {
    /// Makes the QR of a card that can be granted.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for one's own request, `wrong_state`; `unavailable` on a service whose keys for cards or lists were
    /// never made.
    pub async fn make(&self, by: Clerk, id: Uuid) -> Result<Made> {
        let now = self.context.now();
        let mut tx = self.context.db.read().await?;
        let card = of_office(store::lookup(&mut tx, id).await?, by.office_id)?;
        card.require_grantable(by.officer_id, now)?;
        let evidence = store::evidence(&mut tx, id).await?.ok_or(Code::NotFound)?;
        drop(tx);
        let record = sealed::open_record(&self.context, id, &evidence)?;
        let portrait = sealed::open_portrait(&self.context, id, &evidence)?;
        let place = self.status_lists.take(Kind::Card).await?.ok_or_else(no_keys)?;
        let signer = self.keyring.signer(KeyPurpose::Card).map_err(|_| no_keys())?;
        let sealed_record = SealedRecord {
            kind: TokenKind::Card,
            subject: card.resident_id,
            generation: place.number(),
            issued: now,
            attributes: SHOWN.bits(),
        };
        let mut claims = offline_claims(&record, SHOWN, Date::in_jakarta(now));
        // No longer than a foreigner's permit to stay.
        let left = record.permit_ends_at().map_or(LIFE_SECONDS, |end| end.seconds() - now.seconds());
        if left <= 0 {
            return Err(permit_over().into());
        }
        let lifetime = left.min(LIFE_SECONDS);
        claims.more.push((MASKED_NIK.to_owned(), More::Text(record.nik.masked())));
        let (keyring, status, picture) = (self.keyring.clone(), self.status_lists.reference(place), portrait.clone());
        let made = tokio::task::spawn_blocking(move || {
            let picture = picture.as_deref().and_then(Portrait::read);
            keyring.issuer(signer.as_ref()).issue_card(sealed_record, claims, picture.as_ref(), (status, lifetime))
        });
        let token = made.await.map_err(Error::internal)??;
        let issued = Issued { place, expires_at: token.expires_at, keeps: false, voided: None };
        let block_code = self.block_codes.make((card.resident_id, &record.nik), Some(&code_name(id))).await?;
        Ok(Made { record, portrait, issued, qr: token.token.into(), block_code })
    }

    /// A second person grants it: the card counts with the commit, and every earlier one of this resident does not. Gives the card, whose
    /// asker the caller is to look at before committing.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for one's own request; `wrong_state` when it was decided, has lapsed, or the register or the digital KTP
    /// changed since it was prepared.
    pub async fn grant(&self, tx: &mut Tx, by: Clerk, (id, version): (Uuid, &str), made: &Made) -> Result<Card> {
        let (context, now) = (&self.context, self.context.now());
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require_grantable(by.officer_id, now)?;
        let resident = held.resident_id;
        // The register's row first, as in an activation: a death at this moment comes before or after.
        let said = self.register.last_word(tx, &made.record.nik).await?;
        let same = said.is_some_and(|said| {
            said.resident_id == resident && said.record == made.record && said.portrait == made.portrait
        });
        if !same {
            return Err(changed_in_register().into());
        }
        let who = By::officer(by.officer_id, by.office_id);
        let on_paper = OnPaper {
            resident_id: resident,
            record: &made.record,
            portrait: made.portrait.as_deref(),
            generation: held.generation,
        };
        if let Some(blocked) = holder::enrol_on_paper(context, tx, &on_paper, now).await? {
            life::restart(context, tx, resident, |status| *status == blocked, now, who).await?;
        }
        for former in store::good_of(tx, resident).await? {
            store::void(tx, former.card_id, VoidReason::Reprinted, now).await?.either_way();
        }
        status_list::void_cards(tx, resident).await?;
        status_list::enter(tx, resident, made.issued.place, made.issued.expires_at).await?;
        let qr = sealed::seal_qr(context, id, made.qr.expose())?;
        store::grant(tx, &held, by.officer_id, now, (&made.issued, &qr)).await?.demand()?;
        store::keep_evidence(tx, id, now.plus_seconds(EVIDENCE_DAYS * DAY)).await?.either_way();
        if let Some(helper) = sealed::said(context, tx, id).await?.helper {
            let (office_id, officer_id, granted_by) = (held.office_id, held.asked_by, Some(by.officer_id));
            let help = Help { helped_id: resident, office_id, officer_id, granted_by };
            helpers::helped(context, tx, &helper, help, now).await?;
        }
        life::happened(context, tx, (resident, EventKind::CardIssued), now, who).await?;
        if !holder::is_on_phone(tx, resident).await? {
            // Who has a phone has a code; a new one would void what they wrote down.
            life::give_block_code(context, tx, &made.block_code, now).await?;
        }
        Ok(held)
    }

    /// The sheet of a card that was granted not long ago, as PDF, for who asked for it or granted it: the slip with the block code is for
    /// nobody else's eyes.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for a colleague's; `wrong_state` when it was not granted, its time to be printed is over, or it does not count any more.
    pub async fn print(&self, by: Clerk, id: Uuid) -> Result<Vec<u8>> {
        let now = self.context.now();
        let printable = self.printable(by, id, now).await?;
        let url = self.context.config.service.public_url.trim_end_matches('/').to_owned();
        let drawn = tokio::task::spawn_blocking(move || draw(&printable, &url));
        drawn.await.map_err(Error::internal)?
    }

    async fn printable(&self, by: Clerk, id: Uuid, now: Timestamp) -> Result<Printable> {
        let context = &self.context;
        let mut tx = context.db.read().await?;
        let card = of_office(store::lookup(&mut tx, id).await?, by.office_id)?;
        let issued = card.require_issued()?;
        let fresh = card.ended_at.is_some_and(|granted| now < granted.plus_seconds(PRINT_SECONDS));
        if !fresh || standing(&mut tx, &card, now).await? != Some(Standing::Good) {
            return Err(print_no_more().into());
        }
        if !card.is_of(by.officer_id) {
            return Err(printed_by_its_two().into());
        }
        let qr = sealed::qr(context, &mut tx, id).await?.ok_or_else(print_no_more)?;
        let record = holder::record(context, &mut tx, card.resident_id).await?;
        let portrait = holder::portrait(context, &mut tx, card.resident_id).await?;
        let whose = (card.resident_id, &record.nik);
        let code = life::given_code(context, &mut tx, whose, &code_name(id)).await?;
        let office = offices::by_id(&mut tx, by.office_id).await?.map(|office| office.name).unwrap_or_default();
        let block_code = code.map(|code| code.grouped());
        Ok(Printable { card, issued, record, portrait, qr, office, block_code })
    }

    /// Voids a card of the office: it was lost, or is given back. Who has no phone and gives it back ends the digital KTP.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when there is no card, or it was voided before.
    pub async fn void(&self, tx: &mut Tx, by: Clerk, (id, version): (Uuid, &str), reason: VoidReason) -> Result<()> {
        let now = self.context.now();
        // The credential first, then its cards, as in an activation.
        let card = of_office(store::lookup(tx, id).await?, by.office_id)?;
        holder::hold(tx, card.resident_id).await?;
        let held = self.held(tx, by.office_id, id, version).await?;
        let issued = held.require_issued()?;
        store::void(tx, id, reason, now).await?.demand()?;
        let resident = held.resident_id;
        let counted = status_list::void_place(tx, resident, issued.place).await?.happened();
        let who = By::officer(by.officer_id, by.office_id);
        if reason == VoidReason::Returned && !holder::is_on_phone(tx, resident).await? {
            life::stop(&self.context, tx, resident, Reason::Closed, (now, None), who).await?;
        } else if counted {
            life::happened(&self.context, tx, (resident, EventKind::CardVoided), now, who).await?;
        }
        Ok(())
    }

    /// Notes whether a card stays good when its holder activates a phone.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when there is no card that counts.
    pub async fn keep(&self, tx: &mut Tx, by: Clerk, (id, version): (Uuid, &str), keeps: bool) -> Result<()> {
        let now = self.context.now();
        let held = self.held(tx, by.office_id, id, version).await?;
        held.require_issued()?;
        if standing(tx, &held, now).await? != Some(Standing::Good) {
            return Err(Code::WrongState.into());
        }
        store::keep(tx, &held, keeps).await?.demand()
    }
}

/// The name of the request for the block code on a card's slip: so the slip can be printed again and says the same.
fn code_name(id: Uuid) -> String {
    format!("printed card {id}")
}

fn draw(this: &Printable, url: &str) -> Result<Vec<u8>> {
    let granted = this.card.ended_at.unwrap_or(this.card.prepared_at);
    let record = &this.record;
    sheet::write(&Sheet {
        full_name: &record.full_name,
        nik: &record.nik.masked(),
        birth_date: record.birth_date,
        sex: record.sex.label().in_language(Language::Indonesian),
        regency: &record.regency,
        province: &record.province,
        portrait: this.portrait.as_deref(),
        qr: this.qr.expose(),
        reference: &reference(this.card.card_id),
        issued_on: Date::in_jakarta(granted),
        last_day: Date::in_jakarta(this.issued.expires_at.plus_seconds(-1)),
        office: &this.office,
        block_code: this.block_code.clone(),
        url,
    })
}

fn permit_over() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Izin tinggal warga ini sudah berakhir menurut database kependudukan; perpanjang dahulu.",
        "This resident's permit to stay is over according to the population register; have it prolonged first.",
    )
}

fn no_keys() -> Refusal {
    Refusal::new(Code::Unavailable).detail(
        "Layanan ini belum dapat mencetak kartu; pengelola perlu menjalankan \"ikd keys init\".",
        "This service cannot print cards yet; its operator has to run \"ikd keys init\".",
    )
}

fn changed_in_register() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Data kependudukan warga ini berubah sejak kartu disiapkan; tolak permintaan ini, lalu siapkan kartu baru.",
        "The register changed since this card was prepared; refuse the request, then prepare another card.",
    )
}

fn printed_by_its_two() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Kartu ini hanya dicetak oleh petugas yang memintanya atau menyetujuinya.",
        "This card is printed only by who asked for it or granted it.",
    )
}

fn print_no_more() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kartu ini tidak dapat dicetak lagi: sudah lewat satu jam, atau tidak berlaku. Siapkan kartu baru; yang lama gugur.",
        "This card cannot be printed any more: it is older than an hour, or void. Prepare a new one; the old one is void then.",
    )
}
