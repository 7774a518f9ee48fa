//! Relying parties: organisations that verify digital KTPs, what they are entitled to, what they verify for, and the keys by
//! which they are recognised: API keys, and public keys.

mod allowance;
mod authentication;
mod client;
mod edit;
pub mod http;
mod mail;
pub mod model;
pub mod notice;
pub mod operator;
pub mod ports;
pub mod service;
pub mod store;
pub mod usage;

pub use allowance::Allowance;
pub use authentication::Authentication;
pub use model::{ApiKey, Contract, Entitlement, KeyLine, Party, Purpose, Quota};
pub use notice::Notices;
pub use service::RelyingParties;
pub use usage::Usage;

use std::time::Duration;

use futures_util::FutureExt;

use crate::context::Context;
use crate::jobs::{Job, Pace, Sweep};
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] =
    &[sealed_column!("relying_party", "contact_sealed", "relying_party_id", notice::TABLE)];

/// Between two rounds in which uses and questions are written.
const NOTED_EVERY: Duration = Duration::from_secs(5);

/// What this domain brings to a node.
pub fn module(context: &Context, parties: &RelyingParties) -> Module {
    let (authentication, usage) = (parties.authentication().clone(), parties.usage().clone());
    let (notices, last) = (Notices::new(context.clone()), parties.usage().clone());
    Module {
        jobs: vec![Job::every("relying_party.note", Pace::pausing(NOTED_EVERY).first_later(), move || {
            let (authentication, usage) = (authentication.clone(), usage.clone());
            async move {
                usage.write().await?;
                authentication.note_uses().await
            }
        })],
        sweeps: vec![
            Sweep::of("relying_party.tell", &notices, |notices| async move { notices.tell_due().await }),
            Sweep::of("relying_party.sweep", parties.usage(), |usage| async move { usage.sweep().await }),
        ],
        letters: mail::letters(context),
        // What was counted since the last round.
        drain: Some(async move { drop(last.write().await) }.boxed()),
        ..Module::default()
    }
}
