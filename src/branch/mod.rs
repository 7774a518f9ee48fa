//! Where digital KTPs are accepted: branches of relying parties, which the party's administrators keep and anybody finds at `/terima`
//! (`directory`), and what people report who were asked for a photocopy there all the same. The tables `branch`, `branch_list`,
//! `branch_report` and `branch_tally` belong here.

pub mod http;
pub mod model;
pub mod ports;
pub mod reports;
pub mod service;
pub mod store;

pub use model::{Branch, Happened};
pub use reports::Reports;
pub use service::Branches;

use crate::context::Context;
use crate::jobs::Sweep;
use crate::module::Module;
use crate::sealed_column;
use crate::staff::Staff;
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] = &[sealed_column!("branch_report", "sealed", "report_id", reports::WORDS)];

/// What this domain brings to a node, for the people of `employees`. The captcha of its reports is that of the look-ups of officers.
pub fn module(context: &Context, employees: &Staff) -> Module {
    let reports = Reports::new(context.clone());
    Module {
        open: http::report::routes(reports.clone()),
        people: http::routes(Branches::new(context.clone()), employees.clone()),
        sweeps: vec![Sweep::of("branch.sweep", &reports, |reports| async move { reports.sweep().await })],
        ..Module::default()
    }
}
