//! The words and rules of registrations. Pure.

mod check;
mod registration;
mod state;
mod step;
mod submitted;
mod visit;

pub use check::{Answer, CheckResult, CheckState, Difference, DifferenceField, RegisterCheck, differences, judge};
pub use registration::{Ending, NewData, Progress, Registration};
pub use state::{CallBackFinding, Next, RequestKind, State};
pub use step::{Step, WhyNot};
pub use submitted::{Amendment, Draft, Submitted, check_name, email_hint};
pub use visit::{Decision, MATCH_TRIES, Offer, QueueTurn, Visit};

/// Days that a registration lives before it is approved.
pub const LIFE_BEFORE_APPROVAL_DAYS: i64 = 30;
/// Days before the seventeenth birthday from which on a registration waits for it: data are recorded from 16 years and 8 months on.
pub const PREPARED_DAYS: i64 = 124;
/// Hour of the seventeenth birthday, in western Indonesian time, at which who has registered before is told.
pub const BIRTHDAY_HOUR: i64 = 7;
/// Days that a registration lives in `code_sent`, and again in `needs_pin`.
pub const LIFE_AFTER_APPROVAL_DAYS: i64 = 7;
/// Days that a selfie is kept after any end but activation.
pub const SELFIE_DAYS_AFTER_END: i64 = 7;
/// Days that a selfie is kept after activation.
pub const SELFIE_DAYS_AFTER_ACTIVATION: i64 = 30;
/// Minutes that an officer's scan counts.
pub const SCAN_MINUTES: i64 = 30;
/// Minutes that a match number waits for the officer's confirmation.
pub const MATCH_MINUTES: i64 = 5;
