//! People of an office as the domains know them: one who acts, and the rule that two of them are two.

use uuid::Uuid;

use crate::error::{Code, Refusal};

/// A person of an office who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clerk {
    /// The person.
    pub officer_id: Uuid,
    /// The office: it sees only what is its own.
    pub office_id: Uuid,
}

/// Who asked for something is told that another person grants it.
pub fn own_request() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Permintaan Anda sendiri harus disetujui penyelia atau kepala lain, di kantor ini atau di kantor di atasnya.",
        "Your own request has to be granted by another supervisor or head, of this office or of one above it.",
    )
}
