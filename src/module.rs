//! What a domain brings to a node. Each domain says it in its own folder, as `module(…)`; `app` lists the domains and knows nothing
//! else of them.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use utoipa_axum::router::OpenApiRouter;

use crate::jobs::{Job, Sweep};
use crate::mail::{Compose, MailKind};
use crate::metric::Metric;

/// The parts of a domain that a node puts together with those of others. What a domain has none of stays empty.
#[derive(Default)]
pub struct Module {
    /// Routes that residents' devices call, with proofs of their keys.
    pub devices: OpenApiRouter,
    /// Routes of browsers that somebody logged in with: they know cookies.
    pub people: OpenApiRouter,
    /// All other routes.
    pub open: OpenApiRouter,
    /// Background work.
    pub jobs: Vec<Job>,
    /// What is to be ended or deleted.
    pub sweeps: Vec<Sweep>,
    /// Kinds of messages, and who writes them.
    pub letters: Vec<(MailKind, Arc<dyn Compose>)>,
    /// What is measured.
    pub metrics: &'static [Metric],
    /// For a stop, when no request is open any more: returns when what requests have left behind is done.
    pub drain: Option<BoxFuture<'static, ()>>,
}
