//! From the e-mailed code to the PIN: entering the code behind a captcha ([`code_entry`]), and PIN enrolment ([`enrolment`]).
//!
//! The registration moves through its domain's ports (`code_sent → needs_pin → active`); the code itself is `activation_code`'s.

pub mod code_entry;
pub mod enrolment;
pub mod http;
pub mod mail;
pub mod service;

pub use service::Service;

use std::sync::Arc;

use crate::activation_code::ports::ACTIVATION_CODE;
use crate::context::Context;
use crate::module::Module;

/// What this domain brings to a node.
pub fn module(context: &Context, service: &Service) -> Module {
    Module {
        devices: http::routes(service.clone()),
        letters: vec![(ACTIVATION_CODE, Arc::new(mail::ActivationCodes(context.clone())))],
        ..Module::default()
    }
}
