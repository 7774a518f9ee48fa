//! What can be asked about offices: what they are and where they stand. When they are open they say themselves (ADR 26).

use uuid::Uuid;

use super::model::Matter;
use super::parties::Asker;
use super::service::Proposals;
use crate::error::{Refusal, Result};
use crate::office::model::{Change, check_code};
use crate::office::ports as offices;

impl Proposals {
    /// Asks that an office be added.
    ///
    /// # Errors
    /// `invalid_field` for whatever cannot be used and for a code that exists; `wrong_state` when the same waits already.
    pub async fn ask_office(&self, asker: Asker, code: &str, office: &Change, reason: &str) -> Result<Uuid> {
        let (code, office) = (check_code(code)?, office.checked()?);
        let Some(name) = office.name.clone() else { return Err(no_name().into()) };
        let mut tx = self.context.db.read().await?;
        offices::require_free(&mut tx, &code).await?;
        drop(tx);
        let office_id = self.context.random.uuid_v7(self.now());
        self.ask(asker, (&Matter::AddOffice { office_id, code, office }, &name), reason).await
    }

    /// Asks that an office be another one.
    ///
    /// # Errors
    /// `not_found`; `invalid_field` for what cannot be used, and where nothing would change; `wrong_state` when the same waits already.
    pub async fn ask_office_change(&self, asker: Asker, office_id: Uuid, after: &Change, reason: &str) -> Result<Uuid> {
        let mut tx = self.context.db.read().await?;
        let (name, is) = offices::described(&mut tx, office_id).await?;
        drop(tx);
        let after = after.checked()?.without_what_is(&is);
        if after == Change::default() {
            return Err(no_change().into());
        }
        let matter = Matter::ChangeOffice { office_id, before: is.like(&after), after };
        self.ask(asker, (&matter, &name), reason).await
    }

    /// Asks that an office be closed for good.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when the same waits already.
    pub async fn ask_office_closing(&self, asker: Asker, office_id: Uuid, reason: &str) -> Result<Uuid> {
        let name = self.office_name(office_id).await?;
        self.ask(asker, (&Matter::CloseOffice { office_id }, &name), reason).await
    }

    /// Asks that a closed office be opened again.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when the same waits already.
    pub async fn ask_office_reopening(&self, asker: Asker, office_id: Uuid, reason: &str) -> Result<Uuid> {
        let name = self.office_name(office_id).await?;
        self.ask(asker, (&Matter::ReopenOffice { office_id }, &name), reason).await
    }

    async fn office_name(&self, id: Uuid) -> Result<String> {
        let mut tx = self.context.db.read().await?;
        Ok(offices::described(&mut tx, id).await?.0)
    }
}

fn no_name() -> Refusal {
    Refusal::field("name", "Isi nama kantor.", "Type the office's name.")
}

fn no_change() -> Refusal {
    Refusal::field(
        "name",
        "Tidak ada yang berubah: ubah sesuatu dahulu.",
        "Nothing would change: change something first.",
    )
}
