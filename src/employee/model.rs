//! What an employee reads of the own checks. Pure.

use uuid::Uuid;

use crate::attribute::AttributeSet;
use crate::clock::Timestamp;
use crate::relying_party::Purpose;
use crate::verification::model::Verdict;

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
