//! What happens to a digital KTP after its activation: the events of its life, what stops it and starts it again, and who is told.
//!
//! Whoever changes an identity does it through [`ports`], inside the own transaction: the change, its event and the notice to the
//! holder are committed together. Events are never changed. The tables `life_event`, `life_notice`, `block_code`, `call_block` and `life_tally` belong here.

pub mod blocks;
pub mod calls;
pub mod http;
pub mod mail;
pub mod model;
pub mod ports;
pub mod store;
pub mod tally;
mod words;

pub use blocks::Blocks;
pub use model::{BlockCode, EventKind, Happening, TallyKind};

use std::sync::Arc;

use crate::captcha::CaptchaGate;
use crate::context::Context;
use crate::jobs::Sweep;
use crate::module::Module;

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
