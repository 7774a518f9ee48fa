//! What can be asked about relying parties: each is judged before it waits, and once more when it is granted.

use uuid::Uuid;

use super::model::Matter;
use super::service::Proposals;
use crate::audit::Event;
use crate::error::{Language, Refusal, Result};
use crate::relying_party::model::{Contact, PartyState, Terms, check_name};
use crate::relying_party::ports::{self as parties, Entry};
use crate::relying_party::{Entitlement, Quota};
use crate::secret::Redacted;
use crate::staff::invitation::{self, Manager};
use crate::staff::model::{AccountState, Person};

/// Who asks, and what the audit log says of it.
pub type Asker = (Uuid, Event);

/// Somebody who is to look after what is a party's, as they were typed.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer<'a> {
    /// Log-in name.
    pub username: &'a str,
    /// Full name.
    pub full_name: &'a str,
    /// Where the link goes.
    pub email: &'a str,
    /// In which language.
    pub language: Language,
}

impl Proposals {
    /// Asks that a relying party be added, without a key: its administrators make one.
    ///
    /// # Errors
    /// `invalid_field` for whatever cannot be used and for a name that exists; `wrong_state` when the same waits already.
    pub async fn ask_party(
        &self,
        asker: Asker,
        (name, entitlement): (&str, &Entitlement),
        contract: Option<Terms>,
        reason: &str,
    ) -> Result<Uuid> {
        let (name, entitlement) = (check_name(name)?, entitlement.checked()?);
        if let Some(terms) = &contract {
            terms.contract()?;
        }
        let mut tx = self.context.db.read().await?;
        parties::require_free(&mut tx, &name).await?;
        drop(tx);
        let party_id = self.context.random.uuid_v7(self.now());
        let matter = Matter::AddParty { party_id, name: name.clone(), entitlement, contract };
        self.ask(asker, (&matter, &name), reason).await
    }

    /// Asks that a party be entitled to something else.
    ///
    /// # Errors
    /// `not_found`; `invalid_field` for what cannot be used, and for what is so already; `wrong_state` when the same waits already.
    pub async fn ask_entitlement(
        &self,
        asker: Asker,
        party_id: Uuid,
        after: &Entitlement,
        reason: &str,
    ) -> Result<Uuid> {
        let after = after.checked()?;
        let party = self.party(party_id).await?;
        if party.entitlement == after {
            return Err(no_change().into());
        }
        let matter = Matter::EntitleParty { party_id, before: party.entitlement, after };
        self.ask(asker, (&matter, &party.name), reason).await
    }

    /// Asks that a party verify under another contract.
    ///
    /// # Errors
    /// `not_found`; `invalid_field`; `wrong_state` when the same waits already.
    pub async fn ask_contract(&self, asker: Asker, party_id: Uuid, contract: Terms, reason: &str) -> Result<Uuid> {
        contract.contract()?;
        let party = self.party(party_id).await?;
        self.ask(asker, (&Matter::SetContract { party_id, contract }, &party.name), reason).await
    }

    /// Asks that a party may put more checks, or fewer.
    ///
    /// # Errors
    /// `not_found`; `invalid_field`; `wrong_state` when the same waits already.
    pub async fn ask_quota(&self, asker: Asker, party_id: Uuid, after: Quota, reason: &str) -> Result<Uuid> {
        let after = after.checked()?;
        let party = self.party(party_id).await?;
        let matter = Matter::SetQuota { party_id, before: party.quota, after };
        self.ask(asker, (&matter, &party.name), reason).await
    }

    /// Asks that a party be told elsewhere what ends.
    ///
    /// # Errors
    /// `not_found`; `invalid_field` for what is no address; `wrong_state` when the same waits already.
    pub async fn ask_contact(
        &self,
        asker: Asker,
        party_id: Uuid,
        (email, language): (&str, Language),
        reason: &str,
    ) -> Result<Uuid> {
        let email = Some(Contact::typed(email, language)?.email);
        let party = self.party(party_id).await?;
        self.ask(asker, (&Matter::SetContact { party_id, email, language }, &party.name), reason).await
    }

    /// Asks that a suspended party verify again.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` for one that does, and when the same waits already.
    pub async fn ask_resumption(&self, asker: Asker, party_id: Uuid, reason: &str) -> Result<Uuid> {
        let party = self.party(party_id).await?;
        if party.state == PartyState::Active {
            return Err(parties::not_suspended().into());
        }
        self.ask(asker, (&Matter::ResumeParty { party_id }, &party.name), reason).await
    }

    /// Asks that somebody look after what is a party's.
    ///
    /// # Errors
    /// `not_found`; `invalid_field` for what cannot be used and for a name that is taken; `wrong_state` when the same waits already.
    pub async fn ask_administrator(
        &self,
        asker: Asker,
        party_id: Uuid,
        new: Newcomer<'_>,
        reason: &str,
    ) -> Result<Uuid> {
        let party = self.party(party_id).await?;
        let Newcomer { username, full_name, email, language } = new;
        let mut tx = self.context.db.read().await?;
        let typed = Manager { party: party_id, username, full_name, email, language };
        let (full_name, contact) = invitation::check_manager(&mut tx, &typed, self.now()).await?;
        drop(tx);
        let (username, email) = (username.to_owned(), Some(Redacted(contact)));
        let matter = Matter::InviteAdministrator { party_id, username, full_name, email, language };
        self.ask(asker, (&matter, &party.name), reason).await
    }

    /// Asks that somebody who looks after what is a party's get new secrets, and come back where they were stopped.
    ///
    /// # Errors
    /// `not_found` for anybody else; `invalid_field` for what is no address; `wrong_state` when the same waits already.
    pub async fn ask_renewal(
        &self,
        asker: Asker,
        administrator_id: Uuid,
        (email, language): (&str, Language),
        reason: &str,
    ) -> Result<Uuid> {
        let email = Some(Contact::typed(email, language)?.email);
        let mut tx = self.context.db.read().await?;
        let (party_id, found) = invitation::manager(&mut tx, administrator_id).await?;
        drop(tx);
        let name = self.party(party_id).await?.name;
        let comes_back = found.state == AccountState::Disabled;
        let Person { username, full_name, .. } = found.person;
        let matter =
            Matter::RenewAdministrator { party_id, administrator_id, username, full_name, comes_back, email, language };
        self.ask(asker, (&matter, &name), reason).await
    }

    async fn party(&self, id: Uuid) -> Result<Entry> {
        let mut tx = self.context.db.read().await?;
        parties::by_id(&mut tx, id).await
    }
}

fn no_change() -> Refusal {
    Refusal::field(
        "purposes",
        "Tidak ada yang berubah: ubah data atau tujuan dahulu.",
        "Nothing would change: change attributes or purposes first.",
    )
}
