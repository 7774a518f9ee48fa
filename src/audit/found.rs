//! What is searched for in a chain, and what is found. Pure.

use uuid::Uuid;

use super::model::{Action, Origin};
use crate::clock::Timestamp;

/// What is searched for in a chain; what is left out may be anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Who acted.
    pub actor_id: Option<Uuid>,
    /// What was done.
    pub action: Option<Action>,
    /// Whom or what it was about.
    pub subject_id: Option<Uuid>,
    /// Only what was refused or failed.
    pub refused: bool,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

impl Wanted {
    /// The same for what is the same.
    pub fn sameness(&self) -> String {
        format!("{self:?}")
    }
}

/// An act that ended, as who searches reads it: ids, no data of anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number in the chain.
    pub seq: i64,
    /// When it ended.
    pub at: Timestamp,
    /// What kind of actor it was.
    pub actor_kind: String,
    /// Who; nil where nobody is known.
    pub actor_id: Uuid,
    /// What was done.
    pub action: String,
    /// The subject; nil if there is none.
    pub subject_id: Uuid,
    /// How it ended.
    pub outcome: String,
    /// From where it came; none for entries of before this was written.
    pub origin: Option<Origin>,
}
