//! The register as the rest of the service sees it: a question by NIK, answered or not.

use uuid::Uuid;

use super::{Nik, RegisterRecord, store};
use crate::context::Context;
use crate::db::{DbError, DbResult, Tx};
use crate::vault::Label;
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
}

impl LocalRegister {
    /// Table whose rows' seals are bound to.
    pub(super) const RECORDS: &'static str = "register_record";
    /// Table whose portraits' seals are bound to.
    pub(super) const PORTRAITS: &'static str = "register_portrait";

    /// The register in the service's database.
    pub const fn new(context: Context) -> Self {
        Self { context }
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
        let unreadable = |_| RegisterUnavailable::Failed(String::from("a sealed record cannot be opened"));
        let vault = &self.context.vault;
        let record = vault.open_row(Self::RECORDS, row.resident_id, &row.sealed).map_err(unreadable)?;
        let portrait = row
            .portrait
            .map(|sealed| vault.open_bytes(Self::PORTRAITS, row.resident_id, &sealed).map_err(unreadable))
            .transpose()?;
        Ok(Some(Found { resident_id: row.resident_id, record, portrait }))
    }

    /// Opens or closes the register on all nodes, from their next question on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_switch(&self, switch: Switch) -> crate::error::Result<()> {
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
