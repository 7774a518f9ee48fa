//! What people report who met somebody that said to be of an office and was not, or asked for a PIN or money. The table `fraud_report`
//! belongs here.

pub mod http;
pub mod model;
pub mod reports;
mod store;

pub use model::Report;
pub use reports::Reports;

use crate::jobs::Sweep;
use crate::module::Module;
use crate::sealed_column;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[
    sealed_column!("fraud_report", "sealed", "report_id", reports::SAID),
    sealed_column!("fraud_report", "words_sealed", "report_id", reports::WORDS),
];

/// What this domain brings to a node. Its captcha is that of the look-ups of officers, which is asked for at the same page.
pub fn module(reports: &Reports) -> Module {
    Module {
        open: http::routes(reports.clone()),
        sweeps: vec![Sweep::of("fraud.sweep", reports, |reports| async move { reports.sweep().await })],
        ..Module::default()
    }
}
