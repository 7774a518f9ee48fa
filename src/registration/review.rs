//! What an officer looks at: queues and figures of the office, and a registration with everything that is compared.

use uuid::Uuid;

use super::decision::{in_office, version_of};
use super::initials::initials;
use super::model::{CheckResult, CheckState, Decision, Difference, RequestKind, State, Submitted, differences};
use super::store::{queue, registration, second_person, selfie};
use super::{release, sealed};
use crate::clerk::Clerk;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::correction::{self, ports as cases};
use crate::error::{Code, Language, Result};
use crate::holder::CredentialState;
use crate::holder::ports as holder;
use crate::register::RegisterRecord;
use crate::secret::Redacted;

pub use super::store::queue::Figure;

/// People whose waits are looked at: the last that were called.
const WAITS: i64 = 100;

/// How long people waited to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// How many people.
    pub people: usize,
    /// Half waited no longer, in full minutes, by the nearest rank.
    pub median_minutes: i64,
}

impl Wait {
    fn of(mut seconds: Vec<i64>) -> Option<Self> {
        seconds.sort_unstable();
        let people = seconds.len();
        let median = seconds.get(people.checked_sub(1)? / 2)?;
        Some(Self { people, median_minutes: (*median).max(0) / 60 })
    }
}

/// Registrations as officers see them; writes nothing. Cloning shares everything.
#[derive(Clone)]
pub struct Reviews {
    context: Context,
}

/// A registration as an officer of its office sees it.
#[derive(Debug)]
pub struct View {
    /// Its id.
    pub registration_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// What the resident wrote.
    pub submitted: Submitted,
    /// What the register says, once it has answered.
    pub record: Option<RegisterRecord>,
    /// How far the register check is.
    pub check_state: CheckState,
    /// What the register's answer means.
    pub check_result: Option<CheckResult>,
    /// Changes with whatever an officer compares; every decision names it.
    pub version: String,
    /// Every difference, explained.
    pub differences: Vec<Difference>,
    /// Peculiarities of the NIK, for the officer only.
    pub warnings: Vec<&'static str>,
    /// Whether a selfie is there.
    pub has_selfie: bool,
    /// Whether the register sent a portrait.
    pub has_portrait: bool,
    /// Whether this resident already has an active digital KTP.
    pub already_active: bool,
    /// Whether this officer's scan still counts: nothing changed on the resident's side, and it is not long ago.
    pub may_decide: bool,
    /// What a second person is asked to agree to, while that waits.
    pub second_person: Option<RequestKind>,
    /// When it was scanned last.
    pub scanned_at: Option<Timestamp>,
    /// When it began.
    pub created_at: Timestamp,
    /// The officer's words with the last decision.
    pub decision: Option<Decision>,
    /// The newest correction case, as its resident reads it.
    pub correction: Option<correction::View>,
    /// In which language it is explained.
    pub language: Language,
}

/// One line of a queue.
#[derive(Debug)]
pub struct Line {
    /// The registration.
    pub registration_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// Initials of the name as submitted.
    pub initials: Redacted<String>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was scanned last.
    pub scanned_at: Option<Timestamp>,
}

/// A registration that a search found.
#[derive(Debug)]
pub struct FoundLine {
    /// The registration.
    pub registration_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// Initials of the name as submitted.
    pub initials: Redacted<String>,
    /// The NIK, of which only the ends are shown.
    pub nik: Redacted<String>,
    /// Of one that led to a digital KTP, the state of that.
    pub card: Option<CredentialState>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Reviews {
    pub(super) const fn new(context: Context) -> Self {
        Self { context }
    }

    /// A page of the office's queue in one state, longest waiting first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn queue(&self, actor: Clerk, state: State, after: (Timestamp, Uuid), limit: i64) -> Result<Vec<Line>> {
        let mut tx = self.context.db.read().await?;
        let rows = queue::queue(&mut tx, actor.office_id, state, after, limit).await?;
        rows.into_iter()
            .map(|row| {
                Ok(Line {
                    registration_id: row.registration_id,
                    state: row.state,
                    initials: sealed::initials_of(&self.context.vault, row.registration_id, &row.sealed)?,
                    updated_at: row.updated_at,
                    scanned_at: row.scanned_at,
                })
            })
            .collect()
    }

    /// The lines of these registrations of the office, in their order: no more than tells people apart.
    ///
    /// # Errors
    /// When the database does not answer, or what it holds cannot be opened.
    pub async fn found(&self, actor: Clerk, ids: &[Uuid]) -> Result<Vec<FoundLine>> {
        let mut tx = self.context.db.read().await?;
        let mut lines = Vec::with_capacity(ids.len());
        for id in ids {
            // Deleted, or come to another office, since it was found.
            let Some(found) = registration::lookup(&mut tx, *id).await? else { continue };
            if found.office_id != Some(actor.office_id) {
                continue;
            }
            let submitted = sealed::submitted(&self.context.vault, &found)?;
            let card = match (found.state(), found.check.resident()) {
                (State::Active, Some(resident)) => holder::credential(&mut tx, resident).await?,
                _ => None,
            };
            lines.push(FoundLine {
                registration_id: *id,
                state: found.state(),
                initials: Redacted(initials(submitted.full_name.expose())),
                nik: Redacted(submitted.nik.masked()),
                card: card.map(|card| card.standing.state()),
                updated_at: found.updated_at,
            });
        }
        Ok(lines)
    }

    /// What became of the office's registrations that changed since `since`; states without any are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn figures(&self, actor: Clerk, since: Timestamp) -> Result<Vec<Figure>> {
        let mut tx = self.context.db.read().await?;
        Ok(queue::figures(&mut tx, actor.office_id, actor.officer_id, since).await?)
    }

    /// How long the last people whom the office called since `since` had waited for it; none where nobody was called.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn wait(&self, actor: Clerk, since: Timestamp) -> Result<Option<Wait>> {
        let mut tx = self.context.db.read().await?;
        let called = queue::called_after(&mut tx, actor.office_id, since, WAITS).await?;
        Ok(Wait::of(called.into_iter().map(|(received, called)| called.seconds_since(received)).collect()))
    }

    /// Whether a registration of the office was scanned by this officer, so that the resident is taken to be present.
    ///
    /// # Errors
    /// `not_found` when it is not the office's.
    pub async fn is_present(&self, actor: Clerk, id: Uuid) -> Result<bool> {
        let mut tx = self.context.db.read().await?;
        Ok(in_office(&mut tx, actor, id).await?.is_present(actor.officer_id, self.context.now()))
    }

    /// Whether it still waits for a decision with the resident present: the answer to a right match number may be repeated.
    ///
    /// # Errors
    /// `not_found` when it is not the office's.
    pub async fn is_being_served(&self, actor: Clerk, id: Uuid) -> Result<bool> {
        let mut tx = self.context.db.read().await?;
        let registration = in_office(&mut tx, actor, id).await?;
        let present = registration.is_present(actor.officer_id, self.context.now());
        Ok(present && registration.state().is_before_approval())
    }

    /// A registration with everything an officer compares.
    ///
    /// # Errors
    /// `not_found` when it was not scanned at this office.
    pub async fn view(&self, actor: Clerk, id: Uuid, language: Language) -> Result<View> {
        let vault = &self.context.vault;
        let mut tx = self.context.db.read().await?;
        // The row is read before what belongs to it: a change in between gives another version.
        let registration = in_office(&mut tx, actor, id).await?;
        let taken_at = selfie::taken_at(&mut tx, id).await?;
        let submitted = sealed::submitted(vault, &registration)?;
        let (record, portrait) = sealed::register_copy(vault, &mut tx, id).await?.unzip();
        let differences = record.as_ref().map(|record| explain(&submitted, record, language)).unwrap_or_default();
        let warnings = match &record {
            Some(record) => submitted.nik.warnings(record.birth_date, record.sex),
            None => submitted.nik.warnings(submitted.birth_date, submitted.nik.sex()),
        };
        let already_active = match registration.check.resident() {
            Some(resident) => holder::has_usable_credential(&mut tx, resident).await?,
            None => false,
        };
        let correction = match cases::of_registration(&mut tx, id).await? {
            Some(case) => Some(cases::view(&self.context, &mut tx, case).await?),
            None => None,
        };
        let since = release::counts_since(self.context.now());
        let asked = second_person::asked(&mut tx, id, actor.office_id, since).await?;
        let asked = asked.filter(|asked| asked.revision == registration.revision);
        Ok(View {
            registration_id: id,
            state: registration.state(),
            check_state: registration.check.state(),
            check_result: registration.check.result(),
            differences,
            warnings: warnings.into_iter().map(|warning| warning.text().in_language(language)).collect(),
            version: version_of(registration.revision),
            has_selfie: taken_at.is_some(),
            has_portrait: portrait.flatten().is_some(),
            already_active,
            may_decide: registration.is_present(actor.officer_id, self.context.now()),
            second_person: asked.map(|asked| asked.kind),
            scanned_at: registration.visit.scanned_at,
            created_at: registration.created_at,
            decision: sealed::decision(vault, &registration)?,
            correction,
            language,
            submitted,
            record,
        })
    }

    /// The selfie, as JPEG.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn selfie(&self, actor: Clerk, id: Uuid) -> Result<Vec<u8>> {
        let mut tx = self.context.db.read().await?;
        in_office(&mut tx, actor, id).await?;
        let sealed = selfie::lookup(&mut tx, id).await?.ok_or(Code::NotFound)?;
        sealed::open_selfie(&self.context.vault, id, &sealed)
    }

    /// The register's portrait, as JPEG.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn portrait(&self, actor: Clerk, id: Uuid) -> Result<Vec<u8>> {
        let mut tx = self.context.db.read().await?;
        in_office(&mut tx, actor, id).await?;
        let copy = sealed::register_copy(&self.context.vault, &mut tx, id).await?;
        copy.and_then(|(_, portrait)| portrait).ok_or_else(|| Code::NotFound.into())
    }
}

fn explain(submitted: &Submitted, record: &RegisterRecord, language: Language) -> Vec<Difference> {
    differences(submitted, record)
        .into_iter()
        .map(|(field, ours, theirs, text)| Difference {
            field,
            submitted: Redacted(ours),
            registered: Redacted(theirs),
            explanation: text.in_language(language),
        })
        .collect()
}
