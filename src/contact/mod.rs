//! A holder is reached elsewhere: asked for with the PIN, confirmed with a code that went to the new address, and in force a day
//! later, while the address before is told at once and can stop it. The table `contact_change` belongs here.

pub mod http;
pub mod mail;
pub mod model;
pub mod ports;
pub mod service;
mod store;

pub use model::{ContactChange, State};
pub use service::Contacts;

use std::sync::Arc;

use crate::context::Context;
use crate::jobs::Sweep;
use crate::module::Module;
use crate::wallet;

/// What this domain brings to a node; who asks has unlocked the wallet.
pub fn module(context: &Context, contacts: &Contacts, wallet: &wallet::Service) -> Module {
    Module {
        devices: http::routes(contacts.clone(), wallet.clone()),
        sweeps: vec![
            Sweep::of("contact.apply", contacts, |contacts| async move { contacts.apply_what_is_due().await }),
            Sweep::of("contact.sweep", contacts, |contacts| async move { contacts.sweep().await }),
        ],
        letters: vec![(mail::CONTACT_CODE, Arc::new(mail::Codes(context.clone())))],
        ..Module::default()
    }
}
