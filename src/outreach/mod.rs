//! Outreach (*jemput bola*): an office serves beside its counters, in a village hall, a school, at the bed of somebody who cannot come. A
//! session is planned with its people, opened on its day, closed and reported. The tables `outreach`, `outreach_roster` and
//! `outreach_figure` belong here; a registration that was scanned in a session carries its id.

pub mod desk;
pub mod model;
pub mod ports;
mod store;

pub use desk::Desk;
pub use model::Outreach;

use crate::jobs::Sweep;
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[sealed_column!("outreach", "sealed", "outreach_id", desk::SEALED)];

/// What this domain brings to a node.
pub fn module(desk: &Desk) -> Module {
    Module {
        sweeps: vec![Sweep::of("outreach.sweep", desk, |desk| async move { desk.sweep().await })],
        ..Module::default()
    }
}
