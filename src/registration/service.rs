//! The use cases of registrations together, as the program wires them.

use super::call_back::CallBacks;
use super::check::RegisterChecks;
use super::decision::Decisions;
use super::release::Releases;
use super::review::Reviews;
use super::submission::Submissions;
use super::sweep;
use super::visit::CounterVisits;
use crate::context::Context;
use crate::error::Result;
use crate::jobs::Wake;
use crate::keyring::Keyring;
use crate::register::PopulationRegister;

/// The use cases of registrations. Cloning shares everything.
#[derive(Clone)]
pub struct Service {
    context: Context,
    /// What the resident's device does.
    pub submissions: Submissions,
    /// Asks the population register about what was submitted.
    pub checks: RegisterChecks,
    /// The resident at a counter.
    pub visits: CounterVisits,
    /// What an officer looks at.
    pub reviews: Reviews,
    /// What becomes of it.
    pub decisions: Decisions,
    /// What two people do about an older digital KTP.
    pub releases: Releases,
    /// Approvals by two that a third person calls back.
    pub call_backs: CallBacks,
}

impl Service {
    /// Wires the use cases.
    pub fn new(context: Context, register: PopulationRegister, keyring: Keyring, mail: Wake) -> Self {
        let checks = RegisterChecks::new(context.clone(), register, mail.clone());
        Self {
            submissions: Submissions::new(context.clone(), keyring.clone(), mail.clone(), checks.clone()),
            visits: CounterVisits::new(context.clone(), keyring, checks.clone()),
            reviews: Reviews::new(context.clone()),
            decisions: Decisions::new(context.clone(), mail),
            releases: Releases::new(context.clone()),
            call_backs: CallBacks { context: context.clone() },
            checks,
            context,
        }
    }

    /// Ends what is over and deletes what may no longer be kept, see [`sweep::sweep`].
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self) -> Result<usize> {
        sweep::sweep(&self.context).await
    }
}
