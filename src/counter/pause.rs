//! The rights of those who approved an activation that was annulled rest until another supervisor of the office, or the operator, gives
//! them back: whoever was deceived loses a day, whoever took part approves nothing more meanwhile.

use uuid::Uuid;

use super::act::{Officer, ReadPaused, RestoreColleague};
use super::desk::Desk;
use crate::audit::ports as audit;
use crate::audit::{self as log, Action, Event, Outcome};
use crate::audited;
use crate::db::Tx;
use crate::error::Result;
use crate::staff::Allowed;
use crate::staff::ports::{self as staff, Paused};

/// What leads to an activation: of a registration by one or by two people, or of a printed card.
const LED_TO: [Action; 7] = [
    Action::Approval,
    Action::ApprovalAsked,
    Action::WaiverAsked,
    Action::ReleaseAsked,
    Action::ReleaseGranted,
    Action::CardAsked,
    Action::CardGranted,
];

/// Rights that rest. Cloning shares everything.
#[derive(Clone)]
pub struct Pauses {
    pub(super) desk: Desk,
}

impl Pauses {
    /// Whose rights rest at this office, the longest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, officer: &Allowed<ReadPaused>) -> Result<Vec<Paused>> {
        let mut tx = self.desk.context.db.read().await?;
        staff::paused(&mut tx, officer.agent.office_id).await
    }

    /// Gives a colleague the rights back.
    ///
    /// # Errors
    /// `not_found` for oneself, for somebody of another office, and where they do not rest.
    pub async fn restore(&self, officer: &Allowed<RestoreColleague>, person: Uuid) -> Result<()> {
        let Officer { office_id, officer_id, .. } = officer.agent;
        audited!(self.desk.audit, officer.event(person), "counter.restore_rights", |tx| {
            staff::restore(&self.desk.context, tx, office_id, person, officer_id).await
        })
    }
}

/// Lets the rights of whoever led to an activation rest, in the transaction that annuls it. `led_by` is the registration or the card; the
/// audit log says who they were.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn pause_who_led_to(tx: &mut Tx, desk: &Desk, by: Officer, led_by: Uuid) -> Result<()> {
    let people = audit::officers_who(tx, led_by, &LED_TO).await?;
    for person in staff::pause(&desk.context, tx, &people, desk.context.now()).await? {
        let event = Event {
            chain: by.office_id,
            actor: log::Actor::Officer(by.officer_id),
            action: Action::RightsPaused,
            subject_id: person,
        };
        desk.audit.record(tx, event, Outcome::Done).await?;
    }
    Ok(())
}
