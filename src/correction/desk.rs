//! What an office does with a case, inside the transactions of the counter. Who may do what is judged there.

use uuid::Uuid;

use super::model::{ASK_SECONDS, Correction, Matter, State};
use super::ports::changed_since;
use super::view::{self, View};
use super::{news, store};
use crate::clerk::Clerk;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::holder::ports as holder;
use crate::life::EventKind;
use crate::life::model::reference;
use crate::life::ports::By;
use crate::office::Scope;
use crate::register::{Date, Nik};
use crate::secret::Redacted;
use crate::vault::Label;

/// Cases shown to an office at most.
const SHOWN: i64 = 100;
/// Cases that can live for one NIK and are looked through for a reference.
const LOOKED_THROUGH: i64 = 50;

/// Cases at an office. Cloning shares everything.
#[derive(Clone)]
pub struct Desk {
    context: Context,
}

/// A case as an officer sees it: with what the register said, which its resident never reads here.
#[derive(Debug)]
pub struct Seen {
    /// What its resident reads.
    pub view: View,
    /// The NIK.
    pub nik: Redacted<String>,
    /// The name that is right, in the resident's word.
    pub full_name: Option<Redacted<String>>,
    /// The birth date that is right.
    pub birth_date: Option<Date>,
    /// The name that the register had.
    pub registered_name: Option<Redacted<String>>,
    /// The birth date that it had.
    pub registered_birth_date: Option<Date>,
    /// Who asked for a second person, while that waits.
    pub asked_by: Option<Uuid>,
    /// Whether there is a portrait of a holder to compare with; that of whoever registers is seen with the registration.
    pub has_portrait: bool,
}

impl Desk {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// The case that a resident names by its reference, with the NIK. A wrong NIK and a wrong reference are the same miss.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find(&self, nik: &Nik, named: &str) -> Result<Uuid> {
        let index = self.context.vault.blind_index(Label::NikIndex, nik.as_str());
        let mut tx = self.context.db.read().await?;
        let living = store::of_nik(&mut tx, &index, LOOKED_THROUGH).await?;
        let now = self.context.now();
        let signs = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
        let found = living.into_iter().filter(|case| case.state_at(now).is_live());
        let mut found = found.filter(|case| signs(&reference(case.correction_id)) == signs(named));
        found.next().map(|case| case.correction_id).ok_or_else(|| not_found().into())
    }

    /// The resident stands before this officer: the case is the office's from now on.
    ///
    /// # Errors
    /// `not_found`, `wrong_state` when another office has passed it on.
    pub async fn take(&self, tx: &mut Tx, by: Clerk, id: Uuid) -> Result<()> {
        let now = self.context.now();
        let held = store::hold(tx, id).await?.ok_or_else(not_found)?;
        let before = held.clone();
        let taken = held.take(by.office_id, now)?;
        if taken == before {
            return Ok(());
        }
        store::save(tx, &taken).await?.demand()?;
        self.tell(tx, &taken, EventKind::CorrectionMoved, by, now).await
    }

    /// A case of the office.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn see(&self, office: Uuid, id: Uuid) -> Result<Seen> {
        let mut tx = self.context.db.read().await?;
        let case = of_office(store::lookup(&mut tx, id).await?, office)?;
        let matter = view::open(&self.context, &case)?;
        let asked_by = case.asked_now(self.context.now());
        let is_live = case.state_at(self.context.now()).is_live();
        let has_portrait = match case.resident_id {
            Some(resident) if is_live => holder::has_portrait(&mut tx, resident).await?,
            _ => false,
        };
        let view = view::of(&self.context, &mut tx, case).await?;
        let Matter { nik, full_name, birth_date, was, .. } = matter;
        let registered_birth_date = was.as_ref().map(|was| was.birth_date);
        let registered_name = was.map(|was| Redacted(was.full_name));
        // Whole while somebody works on it.
        let nik = Redacted(if is_live { nik.as_str().to_owned() } else { nik.masked() });
        Ok(Seen { view, nik, full_name, birth_date, registered_name, registered_birth_date, asked_by, has_portrait })
    }

    /// The portrait of the holder whose case it is, while it lives: JPEG.
    ///
    /// # Errors
    /// `not_found`, also once it has ended.
    pub async fn portrait(&self, office: Uuid, id: Uuid) -> Result<Vec<u8>> {
        let mut tx = self.context.db.read().await?;
        let case = of_office(store::lookup(&mut tx, id).await?, office)?;
        let is_live = case.state_at(self.context.now()).is_live();
        let resident = case.resident_id.filter(|_| is_live).ok_or(Code::NotFound)?;
        holder::portrait(&self.context, &mut tx, resident).await?.ok_or_else(|| Code::NotFound.into())
    }

    /// The office whose request this is: the scope's own, or one below it while the request waits for a second person. What follows is done as
    /// for that office.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn office_of(&self, tx: &mut Tx, scope: Scope, id: Uuid) -> Result<Uuid> {
        store::office_of(tx, id, scope).await?.ok_or_else(|| Code::NotFound.into())
    }

    /// The cases that live at the office, and those below it that wait for a second person, longest unchanged first. They name no resident.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, scope: Scope) -> Result<Vec<Correction>> {
        let now = self.context.now();
        let mut tx = self.context.db.read().await?;
        let mut living = store::of_office(&mut tx, scope, SHOWN).await?;
        living.retain(|case| case.state_at(now).is_live());
        Ok(living)
    }

    /// The documents are there: it is passed on to be put right in the register.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`, also for a kind that takes two people.
    pub async fn pass_on(&self, tx: &mut Tx, by: Clerk, id: Uuid, version: &str) -> Result<()> {
        let now = self.context.now();
        let passed = self.held(tx, by.office_id, id, version).await?.pass_on(now)?;
        store::save(tx, &passed).await?.demand()?;
        self.tell(tx, &passed, EventKind::CorrectionMoved, by, now).await
    }

    /// Asks a second person to pass it on.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn ask(&self, tx: &mut Tx, by: Clerk, id: Uuid, version: &str) -> Result<()> {
        let now = self.context.now();
        let asked = self.held(tx, by.office_id, id, version).await?.ask(by.officer_id, now)?;
        store::save(tx, &asked).await?.demand()
    }

    /// The second person passes it on. Gives who asked, whom the caller is to look at before committing.
    ///
    /// # Errors
    /// `not_found`, `forbidden` for the own request, `wrong_state`.
    pub async fn grant(&self, tx: &mut Tx, by: Clerk, id: Uuid, version: &str) -> Result<Uuid> {
        let now = self.context.now();
        let held = self.held(tx, by.office_id, id, version).await?;
        let asked = held.asked_now(now);
        let granted = held.grant(by.officer_id, now)?;
        let since = now.plus_seconds(-ASK_SECONDS);
        store::grant(tx, &granted, (by.office_id, by.officer_id), (now, since)).await?.demand()?;
        self.tell(tx, &granted, EventKind::CorrectionMoved, by, now).await?;
        asked.ok_or_else(|| Code::WrongState.into())
    }

    /// Something is missing; the resident reads what.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn send_back(&self, tx: &mut Tx, by: Clerk, (id, version): (Uuid, &str), words: &str) -> Result<()> {
        let now = self.context.now();
        let back = self.held(tx, by.office_id, id, version).await?.send_back(now)?;
        let back = Correction { words_sealed: Some(view::seal_words(&self.context, id, words)?), ..back };
        store::save(tx, &back).await?.demand()?;
        self.tell(tx, &back, EventKind::CorrectionMoved, by, now).await
    }

    /// Refuses it; the resident reads why.
    ///
    /// # Errors
    /// `not_found`, `wrong_state`.
    pub async fn refuse(&self, tx: &mut Tx, by: Clerk, (id, version): (Uuid, &str), words: &str) -> Result<()> {
        let now = self.context.now();
        let refused = self.held(tx, by.office_id, id, version).await?.end(State::Refused, now)?;
        let refused = Correction { words_sealed: Some(view::seal_words(&self.context, id, words)?), ..refused };
        store::save(tx, &refused).await?.demand()?;
        self.tell(tx, &refused, EventKind::CorrectionRefused, by, now).await
    }

    async fn held(&self, tx: &mut Tx, office: Uuid, id: Uuid, version: &str) -> Result<Correction> {
        let held = of_office(store::hold(tx, id).await?, office)?;
        if version == held.version() { Ok(held) } else { Err(changed_since().into()) }
    }

    async fn tell(&self, tx: &mut Tx, case: &Correction, kind: EventKind, by: Clerk, now: Timestamp) -> Result<()> {
        let by = By::officer(by.officer_id, by.office_id);
        news::tell(&self.context, tx, case, kind, by, now).await
    }
}

fn of_office(found: Option<Correction>, office: Uuid) -> Result<Correction> {
    found.filter(|found| found.office_id == Some(office)).ok_or_else(|| Code::NotFound.into())
}

fn not_found() -> Refusal {
    Refusal::new(Code::NotFound).detail(
        "Tidak ada kasus terbuka dengan NIK dan nomor ini; minta warga menyebut nomor kasus di aplikasinya.",
        "There is no open case with this NIK and reference; ask the resident for the reference in the app.",
    )
}
