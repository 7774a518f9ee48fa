//! Who is on duty where today, so that anybody can tell an officer from somebody who says to be one (`/cek`): a code of the day for the
//! poster, a QR of the moment on the officer's screen, and the photo that a colleague took. The tables `duty` and `staff_photo` belong
//! here.

pub mod desk;
pub mod http;
pub mod lookup;
pub mod model;
mod photo;
pub mod ports;
mod store;

pub use desk::Desk;
pub use lookup::OfficerProofs;
pub use model::{DayCode, Duty};

use crate::captcha::CaptchaGate;
use crate::jobs::Sweep;
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[
    sealed_column!("duty", "sealed", "duty_id", desk::SEALED),
    sealed_column!("staff_photo", "sealed", "staff_id", desk::PHOTO),
];

/// What this domain brings to a node.
pub fn module(desk: &Desk, lookups: &OfficerProofs, gate: &CaptchaGate) -> Module {
    Module {
        open: http::routes(lookups.clone(), gate.clone()),
        sweeps: vec![Sweep::of("duty.sweep", desk, |desk| async move { desk.sweep().await })],
        ..Module::default()
    }
}
