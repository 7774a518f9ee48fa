//! A holder is reached elsewhere: asked for with the PIN, confirmed with a code that went to the new address, and in force a day
//! later, while the address before is told at once and can stop it. Whose old address is somebody else's comes to a counter
//! ([`visit`]). The tables `contact_change` and `contact_visit` belong here.

pub mod http;
pub mod mail;
pub mod model;
pub mod ports;
mod refusals;
mod sending;
pub mod service;
mod store;
pub mod visit;

pub use model::{ContactChange, State};
pub use service::Contacts;

use std::sync::Arc;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::device::Thumbprint;
use crate::error::{Code, Result};
use crate::holder::ports as holder;
use crate::jobs::Sweep;
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;
use crate::wallet;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[
    sealed_column!("contact_change", "sealed", "change_id", mail::TABLE),
    sealed_column!("contact_visit", "sealed", "visit_id", mail::VISIT_TABLE),
    sealed_column!("contact_visit", "words_sealed", "visit_id", visit::WORDS),
];

/// What this domain brings to a node; who asks in the app has unlocked the wallet.
pub fn module(context: &Context, contacts: &Contacts, visits: &visit::Phone, wallet: &wallet::Service) -> Module {
    Module {
        devices: http::routes(contacts.clone(), wallet.clone()).merge(visit::http::routes(visits.clone())),
        sweeps: vec![
            Sweep::of("contact.apply", contacts, |contacts| async move { contacts.apply_what_is_due().await }),
            Sweep::of("contact.sweep", contacts, |contacts| async move { contacts.sweep().await }),
            Sweep::of("contact.sweep_visits", visits, |visits| async move { visits.sweep().await }),
        ],
        letters: vec![(mail::CONTACT_CODE, Arc::new(mail::Codes(context.clone())))],
        ..Module::default()
    }
}

/// That the digital KTP is on this phone for a day: from one that got it a moment ago, nobody changes where its holder is told of that.
async fn used_phone(tx: &mut Tx, device: &Thumbprint, resident: Uuid, now: Timestamp) -> Result<()> {
    match opens_at(tx, device, resident, now).await? {
        Some(opens) => Err(refusals::new_phone().retry_after(opens.retry_after(now)).into()),
        None => Ok(()),
    }
}

/// From when an address may be changed from a phone; `None` when it may now.
async fn opens_at(tx: &mut Tx, device: &Thumbprint, resident: Uuid, now: Timestamp) -> Result<Option<Timestamp>> {
    let since = holder::bound_at(tx, device, resident).await?.ok_or(Code::SessionEnded)?;
    Ok(Some(since.plus_seconds(model::NEW_PHONE_SECONDS)).filter(|opens| now < *opens))
}
