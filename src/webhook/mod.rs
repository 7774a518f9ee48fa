//! Webhooks: a relying party is told at an address of its own what it can read in a list too. Signed as Standard Webhooks 1.0 says,
//! sent by a leased job with ever rarer tries, to addresses of the public internet alone (ADR 24). The tables `webhook` and
//! `webhook_message` belong here.

mod address;
mod client;
pub mod deliver;
pub mod http;
pub mod model;
pub mod ports;
pub mod service;
pub mod store;

pub use service::Webhooks;

use std::sync::Arc;

use crate::jobs::{Job, Wake, work_off};
use crate::metric::Metric;
use crate::module::Module;
use crate::sealed_column;
use crate::staff::Staff;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[sealed_column!("webhook", "sealed", "relying_party_id", service::TABLE)];

const METRICS: &[Metric] =
    &[Metric::counter("ikd_webhook_total", "Messages to webhooks that were tried, by what came of it.")];

/// What this domain brings to a node, for the people of `employees`.
pub fn module(webhooks: &Webhooks, employees: &Staff) -> Module {
    let queue = Arc::new(webhooks.clone());
    Module {
        people: http::routes(webhooks.clone(), employees.clone()),
        jobs: vec![Job::new("webhook.deliver", move |stop| work_off(queue, Wake::default(), stop))],
        metrics: METRICS,
        ..Module::default()
    }
}
