//! From the e-mailed code to the PIN: activation code, captcha, PIN enrolment.
//!
//! Columns `code_*` and `challenge_spent` of the registration are written here and nowhere else, and so are its steps
//! `code_sent → needs_pin → active`. Other domains use [`ports`] inside their own transactions.

pub mod code;
pub mod http;
pub mod mail;
pub mod model;
pub mod ports;
pub mod service;
pub mod store;

pub use service::Service;

use std::sync::Arc;

use crate::context::Context;
use crate::mail::MailKind;
use crate::module::Module;

/// What this domain brings to a node.
pub fn module(context: &Context, service: &Service) -> Module {
    Module {
        devices: http::routes(service.clone()),
        letters: vec![(MailKind::ActivationCode, Arc::new(mail::ActivationCodes(context.clone())))],
        ..Module::default()
    }
}
