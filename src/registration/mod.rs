//! Flow A from the first screen to the officer's decision.
//!
//! Each use case is a type in a file of its own: [`submission`] is what the resident's device does, [`check`] compares with the
//! population register as a background job, [`visit`] is the resident at a counter, [`review`] what an officer looks at, [`decision`]
//! what becomes of it, [`release`] what takes two people: an older digital KTP, no e-mail address; [`sweep`] ends what is over. [`ports`] is for other
//! domains' transactions.

mod approval;
mod approve_by_two;
pub mod call_back;
mod cases;
pub mod check;
pub mod decision;
mod ending;
mod helping;
pub mod http;
mod initials;
mod listener;
pub mod mail;
pub mod model;
pub mod pictures;
pub mod ports;
pub mod release;
pub mod review;
pub mod sealed;
pub mod selfie;
pub mod service;
pub mod store;
pub mod submission;
pub mod sweep;
pub mod terms;
pub mod visit;

pub use cases::Opening;
pub use listener::CorrectionListener;
pub use model::State;
pub use ports::{Contact, contact};
pub use service::Service;

use std::sync::Arc;

use crate::captcha::CaptchaGate;
use crate::context::Context;
use crate::correction::news::{CORRECTION_DUE, CORRECTION_NEWS};
use crate::holder::mail::FOREIGN_REGISTRATION;
use crate::jobs::Sweep;
use crate::metric::Metric;
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[
    sealed_column!("registration", "sealed", "registration_id", sealed::SUBMITTED),
    sealed_column!("counter_visit", "decision_sealed", "registration_id", sealed::DECISION),
    sealed_column!("registration_selfie", "sealed", "registration_id", sealed::SELFIE),
    sealed_column!("registration_register_copy", "record", "registration_id", sealed::COPY),
    sealed_column!("registration_register_copy", "portrait", "registration_id", sealed::COPY_PORTRAIT),
    sealed_column!("second_person_request", "reason_sealed", "registration_id", release::TABLE),
    sealed_column!("second_person_request", "helper_sealed", "registration_id", release::HELPER),
];

const METRICS: &[Metric] =
    &[Metric::counter("ikd_register_unavailable_total", "Questions to the population register without an answer.")];

/// What this domain brings to a node. `gate` asks busy addresses for work before they register.
pub fn module(context: &Context, service: &Service, gate: &CaptchaGate) -> Module {
    Module {
        devices: http::routes(service.clone(), gate.clone()),
        jobs: vec![service.checks.clone().into_job()],
        sweeps: vec![
            Sweep::of("registration.sweep", service, |service| async move { Ok(service.sweep().await? as u64) }),
            Sweep::of(
                "registration.make_findable",
                context,
                |context| async move { sweep::make_findable(&context).await },
            ),
        ],
        letters: vec![
            (FOREIGN_REGISTRATION, Arc::new(mail::ForeignRegistration(context.clone()))),
            (mail::OLD_ENOUGH, Arc::new(mail::OldEnough(context.clone()))),
            (CORRECTION_NEWS, Arc::new(mail::CorrectionNews(context.clone()))),
            (CORRECTION_DUE, Arc::new(mail::CorrectionNews(context.clone()))),
        ],
        metrics: METRICS,
        ..Module::default()
    }
}
