//! The register as the rest of the service sees it: a question by NIK, answered or not.

use std::sync::Arc;

use uuid::Uuid;

use super::store::{self, FoundRow};
use super::{Listener, Nik, RegisterRecord};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbError, DbResult, Tx};
use crate::error::Result;
use crate::vault::{Label, VaultError};
use crate::{setting, transaction};

/// What the register knows about a NIK. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// The resident, the same for ever.
    pub resident_id: Uuid,
    /// The elements of the KTP-el.
    pub record: RegisterRecord,
    /// The portrait, a JPEG of at most 20 KB, where there is one.
    pub portrait: Option<Vec<u8>>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found").field("resident_id", &self.resident_id).finish_non_exhaustive()
    }
}

/// The register gave no answer; the same question may be asked again later. This says nothing about the NIK.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterUnavailable {
    /// An operator closed it.
    #[error("the register is closed for maintenance")]
    Closed,
    /// It could not be asked, or its answer could not be read; the text is for the log and has no personal data.
    #[error("the register could not be asked: {0}")]
    Failed(String),
}

impl RegisterUnavailable {
    /// No answer, for this reason; it is logged, so it must not hold personal data.
    pub fn new(reason: impl std::fmt::Display) -> Self {
        Self::Failed(reason.to_string())
    }
}

impl From<DbError> for RegisterUnavailable {
    fn from(error: DbError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The population register behind its interface. A remote SIAK becomes a second variant with the same question.
#[derive(Clone)]
pub enum PopulationRegister {
    /// The table in our own database.
    Local(LocalRegister),
}

impl PopulationRegister {
    /// Asks for a NIK. `None` means that the register answered and does not know it. How long to wait for an answer is
    /// the caller's decision.
    ///
    /// # Errors
    /// When the register gave no answer.
    pub async fn lookup(&self, nik: &Nik) -> Result<Option<Found>, RegisterUnavailable> {
        match self {
            Self::Local(register) => register.lookup(nik).await,
        }
    }

    /// Whether the register answers, and since when, where that is known.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn availability(&self, tx: &mut Tx) -> Result<(bool, Option<Timestamp>)> {
        match self {
            Self::Local(_) => {
                let since = setting::changed_at(tx, Switch::SETTING).await?;
                Ok((Switch::read(tx).await? == Switch::Open, since))
            }
        }
    }

    /// What the register said last about a NIK, inside the caller's transaction: from here until its end nobody writes anything else.
    /// Who makes a digital KTP active asks for it, so that no change is lost between an approval and that. A closed register
    /// answers this too: it is no question, but what was told already.
    ///
    /// # Errors
    /// When the database does not answer or what it holds cannot be opened.
    pub async fn last_word(&self, tx: &mut Tx, nik: &Nik) -> Result<Option<Found>> {
        match self {
            Self::Local(register) => register.last_word(tx, nik).await,
        }
    }
}

/// Whether the local register answers questions; shared by all nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Switch {
    /// It answers.
    #[default]
    Open,
    /// It is closed for maintenance.
    Closed,
}
crate::text_column!(Switch);

impl Switch {
    /// Its name among the settings.
    const SETTING: &'static str = "register";

    /// As an operator has set it; open at first.
    async fn read(tx: &mut Tx) -> DbResult<Self> {
        Ok(setting::get(tx, Self::SETTING).await?.unwrap_or_default())
    }
}

/// The register as a table: records sealed, found by the blind index of their NIK.
#[derive(Clone)]
pub struct LocalRegister {
    pub(super) context: Context,
    pub(super) listener: Option<Arc<dyn Listener>>,
}

impl LocalRegister {
    /// Table whose rows' seals are bound to.
    pub(super) const RECORDS: &'static str = "register_record";
    /// Table whose portraits' seals are bound to.
    pub(super) const PORTRAITS: &'static str = "register_portrait";

    /// The register in the service's database.
    pub const fn new(context: Context) -> Self {
        Self { context, listener: None }
    }

    /// The same, and `listener` hears whatever is written. Who writes for living people passes one.
    #[must_use]
    pub fn telling(self, listener: Arc<dyn Listener>) -> Self {
        Self { listener: Some(listener), ..self }
    }

    /// See [`PopulationRegister::lookup`].
    ///
    /// # Errors
    /// When the register is closed or the database gave no answer.
    pub async fn lookup(&self, nik: &Nik) -> Result<Option<Found>, RegisterUnavailable> {
        let index = self.context.vault.blind_index(Label::NikIndex, nik.as_str());
        let row = {
            let mut tx = self.context.db.read().await?;
            if Switch::read(&mut tx).await? == Switch::Closed {
                return Err(RegisterUnavailable::Closed);
            }
            store::lookup(&mut tx, &index).await?
        };
        let Some(row) = row else { return Ok(None) };
        let opened = self.open(&row);
        opened.map(Some).map_err(|_| RegisterUnavailable::Failed(String::from("a sealed record cannot be opened")))
    }

    async fn last_word(&self, tx: &mut Tx, nik: &Nik) -> Result<Option<Found>> {
        let index = self.context.vault.blind_index(Label::NikIndex, nik.as_str());
        // Two statements: on PostgreSQL the second one sees what was committed while the first one waited.
        if !store::hold(tx, &index).await?.happened() {
            return Ok(None);
        }
        let row = store::lookup(tx, &index).await?;
        Ok(row.map(|row| self.open(&row)).transpose()?)
    }

    fn open(&self, row: &FoundRow) -> Result<Found, VaultError> {
        let (vault, resident_id) = (&self.context.vault, row.resident_id);
        let record = vault.open_row(Self::RECORDS, resident_id, &row.sealed)?;
        let portrait = row.portrait.as_ref();
        let portrait = portrait.map(|sealed| vault.open_bytes(Self::PORTRAITS, resident_id, sealed)).transpose()?;
        Ok(Found { resident_id, record, portrait })
    }

    /// Opens or closes the register on all nodes, from their next question on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_switch(&self, switch: Switch) -> Result<()> {
        transaction!(self.context.db, "register.switch", |tx| Ok(self.set_switch_in(tx, switch).await?))
    }

    /// As [`Self::set_switch`], in the caller's transaction.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_switch_in(&self, tx: &mut Tx, switch: Switch) -> DbResult<()> {
        setting::put(tx, Switch::SETTING, switch.as_str(), self.context.now()).await
    }

    /// Whether the register is open, and how many residents it has.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn status(&self) -> Result<(Switch, i64), DbError> {
        let mut tx = self.context.db.read().await?;
        Ok((Switch::read(&mut tx).await?, store::count(&mut tx).await?))
    }
}
