//! What an operator changes of a party that is there: the same functions as a grant of the national administration (ADR 28), by one who
//! stands in for both. A key that is remembered for a moment is refused, or shown something else, within a second.

use uuid::Uuid;

use super::edit;
use super::model::{Entitlement, Purpose, Quota};
use super::service::RelyingParties;
use super::store;
use crate::attribute::AttributeSet;
use crate::audit::Action;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::{input, transaction};

/// A change of what a party is entitled to.
#[derive(Clone, Copy, Debug)]
pub enum Amendment<'a> {
    /// It may check for this too.
    AddPurpose(&'a Purpose),
    /// It may not check for what has this code any more.
    EndPurpose(&'a str),
    /// It may ask for these attributes and no others.
    SetAttributes(AttributeSet),
}

impl Amendment<'_> {
    /// What a party is entitled to after it.
    ///
    /// # Errors
    /// `invalid_field` for a purpose that nobody could read, a code that stands already or does not, the last purpose, and no attribute.
    pub fn of(self, before: &Entitlement) -> Result<Entitlement> {
        let mut after = before.clone();
        match self {
            Self::AddPurpose(purpose) => after.purposes.push(purpose.clone()),
            Self::EndPurpose(code) => {
                after.purposes.retain(|purpose| purpose.code != code);
                if after.purposes.len() == before.purposes.len() {
                    return Err(no_such_purpose().into());
                }
                if after.purposes.is_empty() {
                    return Err(last_purpose().into());
                }
            }
            Self::SetAttributes(attributes) => after.attributes = attributes.iter().collect(),
        }
        after.checked()
    }
}

impl RelyingParties {
    /// Changes what the party of that name is entitled to; gives what that is now.
    ///
    /// # Errors
    /// `not_found`; as [`Amendment::of`].
    pub async fn amend(&self, name: &str, amendment: Amendment<'_>) -> Result<Entitlement> {
        transaction!(self.context.db, "relying_party.amend", |tx| {
            let party = named(tx, name).await?;
            // Whoever else changes it waits until this is over.
            store::hold(tx, party).await?.or(Code::NotFound)?;
            let before = edit::entitlement(tx, party).await?;
            let after = amendment.of(&before)?;
            edit::entitle(tx, party, &before, &after).await?;
            self.audit.operator(tx, Action::PartyEntitled, party).await?;
            Ok(after)
        })
    }

    /// Sets how many checks the party of that name may put.
    ///
    /// # Errors
    /// `not_found`; `invalid_field`.
    pub async fn set_quota(&self, name: &str, quota: Quota) -> Result<()> {
        let quota = quota.checked()?;
        transaction!(self.context.db, "relying_party.set_quota", |tx| {
            let party = named(tx, name).await?;
            // Held first: what is read stays so until it is replaced.
            store::hold(tx, party).await?.or(Code::NotFound)?;
            let before = edit::quota(tx, party).await?;
            edit::set_quota(tx, party, before, quota).await?;
            self.audit.operator(tx, Action::PartyQuotaSet, party).await
        })
    }

    /// Refuses the keys and people of the party of that name from now on.
    ///
    /// # Errors
    /// `not_found`; `invalid_field` for a reason that nobody could read; `wrong_state` when that is so already.
    pub async fn suspend(&self, name: &str, reason: &str) -> Result<()> {
        let reason = input::label(reason, 200).map_err(|text| Refusal::field("reason", text.id, text.en))?;
        let now = self.context.now();
        transaction!(self.context.db, "relying_party.suspend", |tx| {
            let party = named(tx, name).await?;
            edit::suspend(&self.context, tx, party, &reason, now).await?;
            self.audit.operator(tx, Action::PartySuspended, party).await
        })
    }

    /// Lets the party of that name verify again.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` when it does already.
    pub async fn resume(&self, name: &str) -> Result<()> {
        transaction!(self.context.db, "relying_party.resume", |tx| {
            let party = named(tx, name).await?;
            edit::resume(&self.context, tx, party).await?;
            self.audit.operator(tx, Action::PartyResumed, party).await
        })
    }
}

/// The party of a name.
pub(super) async fn named(tx: &mut Tx, name: &str) -> Result<Uuid> {
    let found = store::party_by_name(tx, name).await?;
    Ok(found.ok_or_else(no_such_party)?.relying_party_id)
}

fn no_such_party() -> Refusal {
    Refusal::new(Code::NotFound).detail(
        "Tidak ada lembaga dengan nama ini: tulis persis seperti di `ikd relying-party list`.",
        "There is no organisation of this name: write it exactly as `ikd relying-party list` does.",
    )
}

fn no_such_purpose() -> Refusal {
    Refusal::field(
        "code",
        "Lembaga ini tidak punya tujuan dengan kode itu: lihat `ikd relying-party list`.",
        "The organisation has no purpose of this code: see `ikd relying-party list`.",
    )
}

fn last_purpose() -> Refusal {
    Refusal::field(
        "code",
        "Ini tujuan terakhirnya: tambahkan yang baru dahulu, atau hentikan lembaganya (`ikd relying-party suspend`).",
        "It is the last one: add another first, or stop the organisation (`ikd relying-party suspend`).",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::Attribute;

    fn purpose(code: &str) -> Purpose {
        Purpose { code: code.into(), text_id: "Buka".into(), text_en: "Open".into() }
    }

    #[test]
    fn a_purpose_comes_and_goes_and_one_stays() {
        let before = Entitlement { attributes: vec![Attribute::FullName], purposes: vec![purpose("open")] };
        let two = Amendment::AddPurpose(&purpose("close")).of(&before).unwrap();
        let codes: Vec<_> = two.purposes.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["close", "open"]);
        assert_eq!(Amendment::EndPurpose("close").of(&two).unwrap(), before);
        for refused in [
            Amendment::AddPurpose(&purpose("open")),
            Amendment::AddPurpose(&purpose("Wrong Code")),
            Amendment::EndPurpose("close"),
            Amendment::EndPurpose("open"),
            Amendment::SetAttributes(AttributeSet::EMPTY),
        ] {
            assert!(refused.of(&before).is_err(), "{refused:?}");
        }
        let less = Amendment::SetAttributes(AttributeSet::EMPTY.with(Attribute::Portrait)).of(&two).unwrap();
        assert_eq!((less.attributes, less.purposes), (vec![Attribute::Portrait], two.purposes));
    }
}
