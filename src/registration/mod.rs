//! Flow A from the first screen to the officer's decision.
//!
//! `service` is what the resident's device does, `check` compares with the population register as a background job,
//! `decision` is what the counter does with a registration, `release` what two people do about an older one, `sweep` ends what is over.

pub mod check;
pub mod decision;
pub mod http;
mod initials;
pub mod mail;
pub mod model;
pub mod pictures;
pub mod release;
pub mod selfie;
pub mod service;
pub mod store;
pub mod sweep;
pub mod terms;

pub use model::State;
pub use service::{Contact, Service, contact};

use std::sync::Arc;

use crate::captcha::CaptchaGate;
use crate::context::Context;
use crate::jobs::{Job, Sweep};
use crate::mail::MailKind;
use crate::metric::Metric;
use crate::module::Module;

const METRICS: &[Metric] =
    &[Metric::counter("ikd_register_unavailable_total", "Questions to the population register without an answer.")];

/// What this domain brings to a node. `gate` asks busy addresses for work before they register.
pub fn module(context: &Context, service: &Service, gate: &CaptchaGate) -> Module {
    let checking = service.clone();
    Module {
        devices: http::routes(service.clone(), gate.clone()),
        jobs: vec![Job::new("registration.check", move |stop| checking.run_checks(stop))],
        sweeps: vec![Sweep::of(
            "registration.sweep",
            service,
            |service| async move { Ok(service.sweep().await? as u64) },
        )],
        letters: vec![(MailKind::ForeignRegistration, Arc::new(mail::ForeignRegistration(context.clone())))],
        metrics: METRICS,
        ..Module::default()
    }
}
