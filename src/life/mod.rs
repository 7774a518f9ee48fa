//! What happens to a digital KTP after its activation: the events of its life, what stops it and starts it again, and who is told.
//!
//! Whoever changes an identity does it through [`ports`], inside the own transaction: the change, its event and the notice to the
//! holder are committed together. Events are never changed. The tables `life_event`, `life_notice`, `block_code`, `call_block` and `life_tally` belong here.

pub mod blocks;
pub mod calls;
pub mod code;
pub mod http;
pub mod mail;
pub mod model;
pub mod ports;
pub mod store;
pub mod tally;
mod words;

pub use blocks::Blocks;
pub use code::BlockCodes;
pub use model::{BlockCode, EventKind, Happening, TallyKind};

use std::sync::Arc;

use crate::captcha::CaptchaGate;
use crate::context::Context;
use crate::jobs::Sweep;
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[
    sealed_column!("call_block", "reason_sealed", "event_id", calls::TABLE),
    sealed_column!("call_block", "looked_sealed", "event_id", calls::TABLE),
    sealed_column!("life_notice", "sealed", "notice_id", mail::TABLE),
];

/// What this domain brings to a node.
pub fn module(context: &Context, blocks: &Blocks, gate: &CaptchaGate) -> Module {
    Module {
        open: http::routes(blocks.clone(), gate.clone()),
        sweeps: vec![
            Sweep::of("life.lift", blocks, |blocks| async move { blocks.lift_what_is_over().await }),
            Sweep::of("life.sweep", blocks, |blocks| async move { blocks.sweep().await }),
        ],
        letters: vec![(mail::NOTICE, Arc::new(mail::Notices(context.clone())))],
        ..Module::default()
    }
}
