//! What a grant does: what the commands do, with the same functions, in the transaction that grants it.

use uuid::Uuid;

use super::keys;
use super::model::Matter;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::office::ports as offices;
use crate::relying_party::model::Contact;
use crate::relying_party::ports as parties;
use crate::retention::ports as retention;
use crate::staff::invitation::{self, Manager, Renewed};

/// Who asked, who grants it, and when.
#[derive(Clone, Copy)]
pub(super) struct By {
    pub asked_by: Uuid,
    pub granted_by: Uuid,
    pub now: Timestamp,
}

/// Does what was asked.
///
/// # Errors
/// What no longer fits, as the owner of the rows says it.
pub(super) async fn out(context: &Context, tx: &mut Tx, matter: &Matter, by: By) -> Result<()> {
    match matter {
        Matter::AddParty { party_id, name, entitlement, contract } => {
            parties::add(tx, *party_id, (name, entitlement), by.now).await?;
            match contract {
                Some(terms) => parties::set_contract(tx, *party_id, &terms.contract()?).await,
                None => Ok(()),
            }
        }
        Matter::EntitleParty { party_id, before, after } => parties::entitle(tx, *party_id, before, after).await,
        Matter::SetContract { party_id, contract } => parties::set_contract(tx, *party_id, &contract.contract()?).await,
        Matter::SetQuota { party_id, before, after } => parties::set_quota(tx, *party_id, *before, *after).await,
        Matter::SetContact { party_id, email, language } => {
            let email = email.as_ref().map_or("", |email| email.expose());
            parties::set_contact(tx, context, *party_id, &Contact::typed(email, *language)?).await
        }
        Matter::ResumeParty { party_id } => parties::resume(context, tx, *party_id).await,
        Matter::InviteAdministrator { party_id, username, full_name, email, language } => {
            parties::by_id(tx, *party_id).await?;
            let email = email.as_ref().map_or("", |email| email.expose());
            let manager = Manager { party: *party_id, username, full_name, email, language: *language };
            invitation::send_to_party(context, tx, &manager, (by.asked_by, by.now)).await
        }
        Matter::RenewAdministrator { administrator_id, comes_back, email, language, .. } => {
            let email = email.as_ref().map_or("", |email| email.expose());
            let renewed = Renewed { staff_id: *administrator_id, comes_back: *comes_back };
            invitation::renew_manager(context, tx, renewed, (email, *language), (by.asked_by, by.now)).await
        }
        Matter::AddOffice { office_id, code, office } => offices::add(tx, *office_id, code, office, by.now).await,
        Matter::ChangeOffice { office_id, before, after } => offices::change(tx, *office_id, before, after).await,
        Matter::CloseOffice { office_id } => offices::close(tx, *office_id, by.now).await,
        Matter::ReopenOffice { office_id } => offices::reopen(tx, *office_id).await,
        Matter::ActivateKey { key_id, purpose, replaces } => {
            keys::activate(context, tx, (key_id, purpose, replaces.as_deref()), by.now).await
        }
        Matter::RevokeKey { key_id, state, successor } => {
            keys::revoke(context, tx, (key_id, *state, successor.as_deref()), by.now).await
        }
        Matter::SetRetention { period, days, version, .. } => {
            retention::set(context, tx, (*period, *days, *version), (by.asked_by, by.granted_by), by.now).await
        }
    }
}
