//! What can be asked, and how it ends. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::audit::Action;
use crate::clock::{DAY, Timestamp};
use crate::error::{Code, Language, Refusal, Result};
use crate::input;
use crate::keyring::KeyState;
use crate::keyring::model::{from_hex, subject_of};
use crate::office::model::Change;
use crate::relying_party::model::Terms;
use crate::relying_party::{Entitlement, Quota};
use crate::retention::Period;
use crate::secret::Redacted;

/// Days for which something waits; then it ends by itself.
pub const WAITS_DAYS: i64 = 7;

/// What kind of thing is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema, strum::EnumString, strum::IntoStaticStr)]
#[schema(as = ProposalKind)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// That a relying party be added.
    AddParty,
    /// That it be entitled to something else.
    EntitleParty,
    /// That it verify under another contract.
    SetContract,
    /// That it may put more checks, or fewer.
    SetQuota,
    /// That it be told elsewhere what ends.
    SetContact,
    /// That a suspended party verify again.
    ResumeParty,
    /// That somebody look after what is a party's.
    InviteAdministrator,
    /// That somebody who does so get new secrets; who was stopped comes back.
    RenewAdministrator,
    /// That an office be added.
    AddOffice,
    /// That it be another one: kind, place in the tree, regions, address, name.
    ChangeOffice,
    /// That it be closed for good.
    CloseOffice,
    /// That a closed one be opened again.
    ReopenOffice,
    /// That a waiting signing key sign from now on.
    ActivateKey,
    /// That a signing key be retired at once.
    RevokeKey,
    /// That something be kept longer or shorter.
    SetRetention,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema, strum::EnumString, strum::IntoStaticStr)]
#[schema(as = ProposalState)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// It waits for a second person.
    Waiting,
    /// A second person granted it: it is done.
    Granted,
    /// A second person refused it.
    Refused,
    /// Who asked took it back.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
}

crate::text_column!(Kind, State);

/// What is to be done. It is never changed once it was asked: whoever grants it grants what was on the screen.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ProposalMatter)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Matter {
    /// A relying party is added.
    AddParty {
        /// The id that it gets.
        party_id: Uuid,
        /// Its name, as holders read it.
        name: String,
        /// What it is entitled to.
        entitlement: Entitlement,
        /// Under what it verifies, where that was said.
        contract: Option<Terms>,
    },
    /// A party is entitled to something else.
    EntitleParty {
        /// The party.
        party_id: Uuid,
        /// What it was entitled to when this was asked: if that is another by now, nobody grants it.
        before: Entitlement,
        /// What it is to be.
        after: Entitlement,
    },
    /// A party verifies under another contract.
    SetContract {
        /// The party.
        party_id: Uuid,
        /// The contract.
        contract: Terms,
    },
    /// A party may put more checks, or fewer.
    SetQuota {
        /// The party.
        party_id: Uuid,
        /// What it might when this was asked.
        before: Quota,
        /// What it is to be.
        after: Quota,
    },
    /// A party is told elsewhere what ends.
    SetContact {
        /// The party.
        party_id: Uuid,
        /// Where; left out for readers who cannot grant it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = Email)]
        email: Option<Redacted<String>>,
        /// In which language.
        language: Language,
    },
    /// A suspended party verifies again.
    ResumeParty {
        /// The party.
        party_id: Uuid,
    },
    /// Somebody looks after what is a party's: keys, employees, figures, the webhook.
    InviteAdministrator {
        /// The party.
        party_id: Uuid,
        /// Log-in name.
        username: String,
        /// Full name.
        full_name: String,
        /// Where the link goes; left out for readers who cannot grant it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = Email)]
        email: Option<Redacted<String>>,
        /// Language of the message.
        language: Language,
    },
    /// Somebody who looks after what is a party's gets new secrets.
    RenewAdministrator {
        /// The party.
        party_id: Uuid,
        /// The person.
        administrator_id: Uuid,
        /// Log-in name.
        username: String,
        /// Full name.
        full_name: String,
        /// Whether they were stopped, and come back: if that is otherwise by now, nobody grants it.
        comes_back: bool,
        /// Where the link goes; left out for readers who cannot grant it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = Email)]
        email: Option<Redacted<String>>,
        /// Language of the message.
        language: Language,
    },
    /// An office is added.
    AddOffice {
        /// The id that it gets.
        office_id: Uuid,
        /// Its short code.
        code: String,
        /// What it is and where it stands.
        office: Change,
    },
    /// An office is another one.
    ChangeOffice {
        /// The office.
        office_id: Uuid,
        /// What of it is replaced: if that is something else by now, nobody grants it.
        before: Change,
        /// What it is to be.
        after: Change,
    },
    /// An office is closed for good.
    CloseOffice {
        /// The office.
        office_id: Uuid,
    },
    /// A closed office is opened again.
    ReopenOffice {
        /// The office.
        office_id: Uuid,
    },
    /// A waiting signing key signs from now on.
    ActivateKey {
        /// The key: 16 hexadecimal digits.
        key_id: String,
        /// What it signs.
        purpose: String,
        /// The key whose place it takes: if that is another one by now, nobody grants it. Null where none signs.
        replaces: Option<String>,
    },
    /// A token key is retired at once.
    RevokeKey {
        /// The key: 16 hexadecimal digits.
        key_id: String,
        /// Where it was in its life when this was asked: if that is elsewhere by now, nobody grants it.
        state: KeyState,
        /// The key that signs from then on, where this one does: if that is another one by now, nobody grants it.
        successor: Option<String>,
    },
    /// Something is kept longer or shorter.
    SetRetention {
        /// What.
        period: Period,
        /// Days that were decided, or counted without a decision, when this was asked.
        before: i64,
        /// Days that are to count; fewer ones from a day after the grant on.
        days: i64,
        /// Which decision it replaces, 0 for none: if that is another by now, nobody grants it.
        version: i64,
    },
}

impl Matter {
    /// What kind of thing it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::AddParty { .. } => Kind::AddParty,
            Self::EntitleParty { .. } => Kind::EntitleParty,
            Self::SetContract { .. } => Kind::SetContract,
            Self::SetQuota { .. } => Kind::SetQuota,
            Self::SetContact { .. } => Kind::SetContact,
            Self::ResumeParty { .. } => Kind::ResumeParty,
            Self::InviteAdministrator { .. } => Kind::InviteAdministrator,
            Self::RenewAdministrator { .. } => Kind::RenewAdministrator,
            Self::AddOffice { .. } => Kind::AddOffice,
            Self::ChangeOffice { .. } => Kind::ChangeOffice,
            Self::CloseOffice { .. } => Kind::CloseOffice,
            Self::ReopenOffice { .. } => Kind::ReopenOffice,
            Self::ActivateKey { .. } => Kind::ActivateKey,
            Self::RevokeKey { .. } => Kind::RevokeKey,
            Self::SetRetention { .. } => Kind::SetRetention,
        }
    }

    /// Whom it is about.
    pub fn subject(&self) -> Uuid {
        match self {
            Self::AddParty { party_id, .. }
            | Self::EntitleParty { party_id, .. }
            | Self::SetContract { party_id, .. }
            | Self::SetQuota { party_id, .. }
            | Self::SetContact { party_id, .. }
            | Self::ResumeParty { party_id }
            | Self::InviteAdministrator { party_id, .. }
            | Self::RenewAdministrator { party_id, .. } => *party_id,
            Self::AddOffice { office_id, .. }
            | Self::ChangeOffice { office_id, .. }
            | Self::CloseOffice { office_id }
            | Self::ReopenOffice { office_id } => *office_id,
            Self::ActivateKey { key_id, .. } | Self::RevokeKey { key_id, .. } => {
                from_hex(key_id).map_or_else(Uuid::nil, |kid| subject_of(&kid))
            }
            Self::SetRetention { period, .. } => period.subject(),
        }
    }

    /// What it is about, in a word: of two that are about the same only one can wait.
    pub fn about(&self) -> String {
        let kind = self.kind().as_str();
        match self {
            Self::AddParty { name, .. } => format!("{kind} {}", input::folded(name)),
            Self::InviteAdministrator { username, .. } | Self::RenewAdministrator { username, .. } => {
                format!("{kind} {username}")
            }
            Self::AddOffice { code, .. } => format!("{kind} {code}"),
            _ => format!("{kind} {}", self.subject()),
        }
    }

    /// Whether it names a person: then it is forgotten when it is over.
    pub const fn is_personal(&self) -> bool {
        matches!(self, Self::SetContact { .. } | Self::InviteAdministrator { .. } | Self::RenewAdministrator { .. })
    }

    /// What the audit log calls it when it is done.
    pub const fn action(&self) -> Action {
        match self {
            Self::AddParty { .. } => Action::RelyingPartyAdded,
            Self::EntitleParty { .. } => Action::PartyEntitled,
            Self::SetContract { .. } => Action::ContractSet,
            Self::SetQuota { .. } => Action::PartyQuotaSet,
            Self::SetContact { .. } => Action::PartyContactSet,
            Self::ResumeParty { .. } => Action::PartyResumed,
            Self::InviteAdministrator { .. } | Self::RenewAdministrator { .. } => Action::StaffGranted,
            Self::AddOffice { .. } => Action::OfficeAdded,
            Self::ChangeOffice { .. } => Action::OfficeEdited,
            Self::CloseOffice { .. } => Action::OfficeClosed,
            Self::ReopenOffice { .. } => Action::OfficeReopened,
            Self::ActivateKey { .. } => Action::KeyActivated,
            Self::RevokeKey { .. } => Action::KeyRevoked,
            Self::SetRetention { .. } => Action::RetentionSet,
        }
    }

    /// As somebody reads it who cannot grant it: without addresses of people.
    #[must_use]
    pub fn for_readers(mut self) -> Self {
        if let Self::SetContact { email, .. }
        | Self::InviteAdministrator { email, .. }
        | Self::RenewAdministrator { email, .. } = &mut self
        {
            *email = None;
        }
        self
    }
}

/// When something ends by itself that is asked now.
pub const fn end_of(now: Timestamp) -> Timestamp {
    now.plus_seconds(WAITS_DAYS * DAY)
}

/// Why something is asked, refused or stopped: colleagues read it.
///
/// # Errors
/// `invalid_field`.
pub fn check_reason(reason: &str) -> Result<String> {
    Ok(input::label(reason, 200).map_err(|text| Refusal::field("reason", text.id, text.en))?)
}

/// Who asked is told that another person grants it.
pub fn own() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Permintaan Anda sendiri harus disetujui administrator lain. Anda dapat menariknya kembali.",
        "Your own request has to be granted by another administrator. You can take it back.",
    )
}

/// Who asked works here no more.
pub fn nobody_asks() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Yang meminta tidak bekerja di sini lagi. Tolak permintaan ini; bila tetap perlu, ajukan sendiri.",
        "Whoever asked works here no more. Refuse this; where it is needed all the same, ask for it yourself.",
    )
}

/// The same was asked already.
pub fn waits_already() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Permintaan yang sama sudah menunggu. Lihat di Persetujuan: setujui, tolak, atau tarik kembali dahulu.",
        "The same is waiting already. Look under Requests: grant it, refuse it or take it back first.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::Attribute;
    use crate::relying_party::Purpose;

    fn entitlement() -> Entitlement {
        let text = |text: &str| text.to_owned();
        let purpose = Purpose { code: text("open"), text_id: text("Buka"), text_en: text("Open") };
        Entitlement { attributes: vec![Attribute::FullName], purposes: vec![purpose] }
    }

    fn matters() -> Vec<Matter> {
        let party_id = Uuid::from_u128(7);
        let day = crate::register::Date::new(2027, 1, 31).unwrap();
        let contract = Terms { number: String::from("1/PKS"), from: day, until: day };
        let email = Some(Redacted(String::from("rina@bank.example")));
        let (username, full_name) = (String::from("rina"), String::from("Rina"));
        let key = || String::from("0000000000000007");
        let (name, entitled, language) = (String::from("Bank  Satu"), entitlement(), Language::English);
        vec![
            Matter::AddParty { party_id, name, entitlement: entitled.clone(), contract: Some(contract.clone()) },
            Matter::EntitleParty { party_id, before: entitled.clone(), after: entitled },
            Matter::SetContract { party_id, contract },
            Matter::SetQuota {
                party_id,
                before: Quota::default(),
                after: Quota { per_minute: None, per_day: Some(9) },
            },
            Matter::SetContact { party_id, email: email.clone(), language },
            Matter::ResumeParty { party_id },
            Matter::InviteAdministrator {
                party_id,
                username: username.clone(),
                full_name: full_name.clone(),
                email: email.clone(),
                language,
            },
            Matter::RenewAdministrator {
                party_id,
                administrator_id: party_id,
                username,
                full_name,
                comes_back: true,
                email,
                language,
            },
            Matter::AddOffice { office_id: party_id, code: String::from("UJI-1"), office: Change::default() },
            Matter::ChangeOffice { office_id: party_id, before: Change::default(), after: Change::default() },
            Matter::CloseOffice { office_id: party_id },
            Matter::ReopenOffice { office_id: party_id },
            Matter::ActivateKey { key_id: key(), purpose: String::from("token"), replaces: Some(key()) },
            Matter::RevokeKey { key_id: key(), state: KeyState::Active, successor: Some(key()) },
            Matter::SetRetention { period: Period::Searches, before: 90, days: 30, version: 0 },
        ]
    }

    #[test]
    fn what_is_sealed_is_read_back_and_each_is_about_something_else() {
        let mut seen = std::collections::BTreeSet::new();
        for matter in matters() {
            let mut bytes = Vec::new();
            ciborium::into_writer(&matter, &mut bytes).unwrap();
            let again: Matter = ciborium::from_reader(bytes.as_slice()).unwrap();
            let json = |matter: &Matter| serde_json::to_value(matter).unwrap();
            assert_eq!(json(&again), json(&matter));
            assert_eq!(json(&matter)["kind"], matter.kind().as_str(), "the word in the table");
            let period = matches!(matter, Matter::SetRetention { .. });
            let subject = if period { Period::Searches.subject() } else { Uuid::from_u128(7) };
            assert_eq!((again.subject(), again.kind()), (subject, matter.kind()));
            assert!(seen.insert(matter.about()));
            assert_eq!(json(&matter).to_string().contains('@'), matter.is_personal());
            assert!(!json(&matter.for_readers()).to_string().contains('@'));
        }
        assert!(seen.contains("add_party BANK SATU"), "{seen:?}");
    }
}
