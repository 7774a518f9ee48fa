//! What is done with cases for other domains, inside their transactions.

use uuid::Uuid;

use super::model::{Correction, Field, Kind, LIFE_SECONDS, Matter, Opener, State, Word};
use super::view::{self, View};
use super::{news, store};
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Refusal, Result};
use crate::life::EventKind;
use crate::life::ports::By;
use crate::register::portrait::is_same_picture;
use crate::register::{Date, RegisterRecord, Said};
use crate::secret::Redacted;
use crate::vault::Label;
use crate::window::Window;

/// Cases of a NIK in thirty days, through each door: a stranger who knows a NIK uses up nothing of its holder's.
const OPENED: Window = Window { kind: "correction", seconds: 30 * DAY, most: 3 };

/// Cases shown to a holder at most.
const SHOWN: i64 = 50;

/// A case that is opened.
#[derive(Debug)]
pub struct New {
    /// The registration that it holds up.
    pub registration_id: Option<Uuid>,
    /// Whose digital KTP it is about.
    pub resident_id: Option<Uuid>,
    /// What is wrong.
    pub kind: Kind,
    /// Who opens it.
    pub opener: Opener,
    /// Whether the register is known to agree; none where it was not asked yet.
    pub agrees: Option<bool>,
    /// What it is about.
    pub matter: Matter,
    /// The office that has the resident before it, and its words to them.
    pub office: Option<(Uuid, Redacted<String>)>,
}

/// Opens a case. The answer is the same whatever the register says, and counted for known and unknown NIKs alike.
///
/// # Errors
/// `invalid_field` for a kind or an element that does not fit, `too_many`.
pub async fn open(context: &Context, tx: &mut Tx, new: New, by: By, now: Timestamp) -> Result<Correction> {
    let New { registration_id, resident_id, kind, opener, agrees, matter, office } = new;
    require_fitting(kind, opener, &matter.fields)?;
    let id = context.random.uuid_v7(now);
    let nik_index = context.vault.blind_index(Label::NikIndex, matter.nik.as_str());
    let door: &[u8] = match opener {
        Opener::Registrant => b"registrant",
        Opener::Holder | Opener::Objection | Opener::Stopped => b"holder",
        Opener::Officer => b"office",
    };
    OPENED.count(tx, &[&nik_index, door], now).await?.or_refuse(too_many())?;
    let words = office.as_ref().map(|(_, words)| view::seal_words(context, id, words.expose())).transpose()?;
    let opened = Correction {
        correction_id: id,
        nik_index,
        registration_id,
        resident_id,
        kind,
        opener,
        state: if office.is_some() { State::WaitingResident } else { State::Opened },
        word: agrees.map_or(Word::Unheard, Word::of),
        revision: 0,
        matter_sealed: view::seal(context, id, &matter)?,
        words_sealed: words,
        office_id: office.map(|(office, _)| office),
        asked: None,
        granted_by: None,
        spelling_agreed_at: None,
        opened_at: now,
        changed_at: now,
        due_at: now.after_working_days(kind.guide().working_days),
        expires_at: now.plus_seconds(LIFE_SECONDS),
        ended_at: None,
    };
    // When another request was faster, the next try finds what it made.
    store::add(tx, &opened).await.map_err(DbError::unique_as_contention)?;
    news::tell(context, tx, &opened, EventKind::CorrectionOpened, by, now).await?;
    Ok(opened)
}

/// That somebody who opens a case so may choose this kind, and that it has these elements.
///
/// # Errors
/// `invalid_field`.
pub fn require_fitting(kind: Kind, opener: Opener, fields: &[Field]) -> Result<()> {
    if !kind.may_be_opened_by(opener) {
        return Err(Refusal::field(
            "kind",
            "Pilih jenis lain. Salah ketik? Daftar lagi dari ponsel ini dengan data yang benar; tidak perlu kasus.",
            "Choose another kind. Mistyped? Register again from this phone with the right data; no case is needed.",
        )
        .into());
    }
    // An objection is about whatever the register changed.
    let fits = opener == Opener::Objection
        || fields.iter().all(|field| kind.fields().contains(field)) && (fields.is_empty() == kind.fields().is_empty());
    if fits { Ok(()) } else { Err(wrong_fields().into()) }
}

/// The newest case of a registration.
///
/// # Errors
/// When the database does not answer.
pub async fn of_registration(tx: &mut Tx, registration: Uuid) -> Result<Option<Correction>> {
    Ok(store::of_registration(tx, registration).await?)
}

/// The case that lives for a registration, held. The registration is held already.
///
/// # Errors
/// When the database does not answer.
pub async fn hold_live(tx: &mut Tx, registration: Uuid, now: Timestamp) -> Result<Option<Correction>> {
    let Some(newest) = store::of_registration(tx, registration).await? else { return Ok(None) };
    if !newest.state_at(now).is_live() {
        return Ok(None);
    }
    let held = store::hold(tx, newest.correction_id).await?;
    Ok(held.filter(|held| held.state_at(now).is_live()))
}

/// A case as people read it.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn view(context: &Context, tx: &mut Tx, case: Correction) -> Result<View> {
    view::of(context, tx, case).await
}

/// What the register check of a registration found about its case: what is submitted is what the resident says now.
///
/// # Errors
/// When the database did not do it.
pub async fn checked(
    context: &Context,
    tx: &mut Tx,
    registration: Uuid,
    (full_name, birth_date): (&Redacted<String>, Date),
    record: Option<&RegisterRecord>,
    now: Timestamp,
) -> Result<()> {
    let Some(case) = hold_live(tx, registration, now).await? else { return Ok(()) };
    let mut matter = view::open(context, &case)?;
    if case.kind.is_of_the_person() {
        (matter.full_name, matter.birth_date) = (Some(full_name.clone()), Some(birth_date));
    }
    matter.was = matter.was.or_else(|| record.cloned());
    let agrees = matter.agrees(case.kind, record, false);
    let case = Correction { matter_sealed: view::seal(context, case.correction_id, &matter)?, ..case };
    let heard = case.clone().hear(agrees, now).unwrap_or(case);
    write_heard(context, tx, &heard, now).await
}

async fn write_heard(context: &Context, tx: &mut Tx, heard: &Correction, now: Timestamp) -> Result<()> {
    store::save(tx, heard).await?.demand()?;
    if heard.state == State::Resolved {
        news::tell(context, tx, heard, EventKind::CorrectionResolved, By::system(), now).await?;
    }
    Ok(())
}

/// A case of somebody of whom the register speaks.
#[derive(Clone, Copy, Debug)]
pub struct Concerned {
    /// The case.
    pub correction_id: Uuid,
    /// The registration that it holds up, which is to be held before [`hear`].
    pub registration_id: Option<Uuid>,
    /// What of the said it is about.
    pub said: usize,
}

/// The cases of those of whom the register speaks.
///
/// # Errors
/// When the database does not answer.
pub async fn concerned(context: &Context, tx: &mut Tx, said: &[Said<'_>]) -> Result<Vec<Concerned>> {
    let index = |said: &Said<'_>| context.vault.blind_index(Label::NikIndex, said.record.nik.as_str());
    let indexes: Vec<_> = said.iter().map(index).collect();
    let found = store::of_niks(tx, &indexes).await?;
    let concerned = found.into_iter().filter_map(|found| {
        let said = indexes.iter().position(|index| *index == found.nik_index)?;
        Some(Concerned { correction_id: found.correction_id, registration_id: found.registration_id, said })
    });
    let mut concerned: Vec<_> = concerned.collect();
    // In one order, so that two imports do not wait for each other in a circle.
    concerned.sort_by_key(|concerned| (concerned.registration_id, concerned.correction_id));
    Ok(concerned)
}

/// The register says this: the case ends when that agrees with the resident.
///
/// # Errors
/// When the database did not do it.
pub async fn hear(context: &Context, tx: &mut Tx, case: Uuid, said: &Said<'_>, now: Timestamp) -> Result<()> {
    let Some(held) = store::hold(tx, case).await?.filter(|held| held.state_at(now).is_live()) else { return Ok(()) };
    let matter = view::open(context, &held)?;
    let has_new_portrait = is_new(&matter, said.portrait)?;
    let agrees = matter.agrees(held.kind, Some(said.record), has_new_portrait);
    match held.hear(agrees, now) {
        Some(heard) => write_heard(context, tx, &heard, now).await,
        None => Ok(()),
    }
}

/// Whether a portrait came that shows another picture than that of then.
fn is_new(matter: &Matter, portrait: Option<&[u8]>) -> Result<bool> {
    let (Some(portrait), true) = (portrait, matter.fields.contains(&Field::Portrait)) else { return Ok(false) };
    let before = matter.portrait.as_ref().and_then(|text| crate::base64url::decode(text.expose()));
    Ok(before.is_none_or(|before| before != portrait && !is_same_picture(&before, portrait)))
}

/// The registration became a digital KTP: what is still open of its case is its holder's.
///
/// # Errors
/// When the database did not do it.
pub async fn activated(tx: &mut Tx, registration: Uuid, resident: Uuid, now: Timestamp) -> Result<()> {
    let Some(case) = hold_live(tx, registration, now).await? else { return Ok(()) };
    // One of each kind: an older one of the holder's goes on, and this one has led where it should.
    let next = if store::of_kind(tx, resident, case.kind).await?.is_some() {
        case.end(State::Lapsed, now)?
    } else {
        Correction { resident_id: Some(resident), ..case }
    };
    store::save(tx, &next).await?.demand()
}

/// The registration ended without a digital KTP, and its case with it. Nobody is told: whoever ended it knows.
///
/// # Errors
/// When the database did not do it.
pub async fn registration_ended(tx: &mut Tx, registration: Uuid, now: Timestamp) -> Result<()> {
    match hold_live(tx, registration, now).await? {
        Some(case) => store::save(tx, &case.end(State::Lapsed, now)?).await?.demand(),
        None => Ok(()),
    }
}

/// Who registers takes back the case that they opened. The registration is held. Repeating it changes nothing.
///
/// # Errors
/// `not_found` without a case, `wrong_state` when an office opened it, or it has ended otherwise.
pub async fn withdraw_of_registration(
    context: &Context,
    tx: &mut Tx,
    registration: Uuid,
    by: By,
    now: Timestamp,
) -> Result<()> {
    let newest = store::of_registration(tx, registration).await?.ok_or(Code::NotFound)?;
    withdraw(context, tx, newest.correction_id, by, now).await
}

/// Whoever opened this case takes it back; that it is theirs the caller has judged.
pub(super) async fn withdraw(context: &Context, tx: &mut Tx, id: Uuid, by: By, now: Timestamp) -> Result<()> {
    let held = store::hold(tx, id).await?.ok_or(Code::NotFound)?;
    if held.state == State::Withdrawn {
        return Ok(());
    }
    let withdrawn = held.withdraw(now)?;
    store::save(tx, &withdrawn).await?.demand()?;
    news::tell(context, tx, &withdrawn, EventKind::CorrectionWithdrawn, by, now).await
}

/// Another case takes the place of this one, which is held.
///
/// # Errors
/// When the database did not do it.
pub async fn replace(tx: &mut Tx, case: Correction, now: Timestamp) -> Result<()> {
    store::save(tx, &case.end(State::Lapsed, now)?).await?.demand()
}

/// The registration is approved and the register agrees with it: its case is settled, too. The registration is held.
///
/// # Errors
/// When the database did not do it.
pub async fn settled(tx: &mut Tx, registration: Uuid, now: Timestamp) -> Result<()> {
    match hold_live(tx, registration, now).await? {
        Some(case) if case.kind.is_of_the_person() => store::save(tx, &case.end(State::Resolved, now)?).await?.demand(),
        _ => Ok(()),
    }
}

/// That a registration may be approved although the register differs: no case of it lives, or it is of the name alone and the resident
/// agreed to the register's spelling. The registration is held.
///
/// # Errors
/// `wrong_state` with what to do.
pub async fn require_approvable(context: &Context, tx: &mut Tx, registration: Uuid, now: Timestamp) -> Result<()> {
    let Some(case) = hold_live(tx, registration, now).await? else { return Ok(()) };
    if !case.kind.is_of_the_person() {
        return Ok(());
    }
    if !view::open(context, &case)?.is_of_name_alone() {
        return Err(waits_for_register().into());
    }
    if case.spelling_agreed_at.is_some() { Ok(()) } else { Err(spelling_open().into()) }
}

/// The resident agrees, in so many words on their screen, to the name as the register spells it. The case, of `version`, was taken by
/// an office and is of the name alone; the registration is held. Gives the case; agreeing twice is the same.
///
/// # Errors
/// `wrong_state`.
pub async fn agree_to_spelling(
    context: &Context,
    tx: &mut Tx,
    (registration, resident): (Uuid, Uuid),
    version: &str,
    (by, now): (By, Timestamp),
) -> Result<()> {
    let case = hold_live(tx, registration, now).await?.ok_or_else(changed_since)?;
    if case.spelling_agreed_at.is_some() {
        return Ok(());
    }
    if case.version() != version || !may_agree(&case, &view::open(context, &case)?) {
        return Err(changed_since().into());
    }
    let agreed = Correction { spelling_agreed_at: Some(now), changed_at: now, ..case };
    store::save(tx, &agreed).await?.demand()?;
    crate::life::ports::happened(context, tx, (resident, EventKind::SpellingAgreed), now, by).await
}

/// Whether the resident may agree to the register's spelling: an office has seen them, and nothing else differs.
pub(super) fn may_agree(case: &Correction, matter: &Matter) -> bool {
    case.office_id.is_some()
        && case.registration_id.is_some()
        && matter.is_of_name_alone()
        && matches!(case.kind, Kind::RegisterMisspelling | Kind::NameChange)
}

/// The cases of a holder, newest first, at most fifty.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn of_resident(context: &Context, tx: &mut Tx, resident: Uuid) -> Result<Vec<View>> {
    let mut views = Vec::new();
    for case in store::of_resident(tx, resident, SHOWN).await? {
        views.push(view::of(context, tx, case).await?);
    }
    Ok(views)
}

/// Deletes the cases of a holder whose data are erased.
///
/// # Errors
/// When the database did not do it.
pub async fn erase(tx: &mut Tx, resident: Uuid) -> Result<()> {
    Ok(store::erase(tx, resident).await?)
}

/// Deletes the cases of a registration that was deleted.
///
/// # Errors
/// When the database did not do it.
pub async fn forget(tx: &mut Tx, registration: Uuid) -> crate::db::DbResult<()> {
    store::forget(tx, registration).await
}

/// A version of the case is on the screen that has changed since.
pub(super) fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kasus ini berubah sejak Anda membukanya; buka lagi, lalu lanjutkan.",
        "This case changed since you opened it; open it again, then go on.",
    )
}

/// The register agrees already.
pub fn no_difference() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Data kependudukan sudah sama dengan yang Anda sebut; tidak perlu kasus.",
        "The register already says what you say; no case is needed.",
    )
}

/// The elements do not fit the kind.
fn wrong_fields() -> Refusal {
    Refusal::field(
        "fields",
        "Pilih data mana yang keliru, sesuai jenisnya.",
        "Choose which elements are wrong, as the kind demands.",
    )
}

fn waits_for_register() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Ada kasus ketidaksesuaian data yang terbuka; tunggu sampai data kependudukan sesuai, atau tolak kasusnya dahulu.",
        "A correction case is open; wait until the register agrees, or refuse the case first.",
    )
}

fn spelling_open() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Ada kasus tentang nama; minta warga menyetujui ejaan database kependudukan di aplikasinya, atau tunggu pembetulan.",
        "A case about the name is open; have the resident agree to the register's spelling in the app, or wait for the correction.",
    )
}

fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Paling banyak 3 kasus untuk satu NIK dalam 30 hari; datanglah ke loket Dukcapil dengan KTP-el dan KK.",
        "At most 3 cases for one NIK in 30 days; go to a Dukcapil counter with KTP-el and family card.",
    )
}
