//! The use cases of activation together, as the program wires them.

use super::code_entry::CodeEntry;
use super::enrolment::Enrolments;
use crate::context::Context;
use crate::jobs::Wake;
use crate::register::PopulationRegister;

/// Activation. Cloning shares it.
#[derive(Clone)]
pub struct Service {
    /// Entering the code, and asking for it again.
    pub codes: CodeEntry,
    /// Setting the PIN.
    pub enrolments: Enrolments,
}

impl Service {
    /// `register` has the last word at an activation; `mail` wakes the worker when there is something to send.
    pub fn new(context: Context, register: PopulationRegister, mail: Wake) -> Self {
        Self { codes: CodeEntry::new(context.clone(), mail), enrolments: Enrolments::new(context, register) }
    }
}
