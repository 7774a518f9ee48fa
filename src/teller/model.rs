//! Words of the teller's desk. Pure.

use std::sync::Arc;

use uuid::Uuid;

use crate::attribute::AttributeSet;
use crate::clock::Timestamp;
use crate::secret::Redacted;
use crate::verification::model::{Party, Purpose, Verdict};

/// A logged-in employee of a relying party.
#[derive(Clone, Debug)]
pub struct TellerSession {
    /// The employee.
    pub employee_id: Uuid,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// For whom the employee acts.
    pub party: Arc<Party>,
    /// When the session ends in any case.
    pub expires_at: Timestamp,
    /// When this person logged in before.
    pub previous_log_in: Option<Timestamp>,
    /// Log-ins that failed between then and this one.
    pub failed_log_ins: i64,
}

/// A new session: the cookie's value, which is nowhere stored, and whose it is.
#[derive(Debug)]
pub struct NewSession {
    /// The cookie's value.
    pub token: Redacted<String>,
    /// The cookie that makes this browser known.
    pub browser: Redacted<String>,
    /// Whose it is.
    pub session: TellerSession,
}

/// An employee's secrets, shown once.
#[derive(Debug)]
pub struct NewEmployee {
    /// The employee.
    pub employee_id: Uuid,
    /// Password.
    pub password: Redacted<String>,
    /// Authenticator secret in base32.
    pub totp_secret: Redacted<String>,
    /// The address that an authenticator app scans.
    pub totp_address: Redacted<String>,
}

/// One line of an employee's own checks. It names nobody.
#[derive(Clone, Debug)]
pub struct Check {
    /// Id of this line.
    pub check_id: Uuid,
    /// When the question was put.
    pub asked_at: Timestamp,
    /// What for.
    pub purpose: Purpose,
    /// The check, once it was answered.
    pub verification_id: Option<Uuid>,
    /// The outcome; none while the answer has not come back.
    pub verdict: Option<Verdict>,
    /// What was shown.
    pub disclosed: AttributeSet,
}
