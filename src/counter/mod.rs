//! The counter: what officers do with registrations, one type for each use case. Every act is in the audit log.

pub mod act;
pub mod annulment;
pub mod audit_log;
pub mod block;
pub mod call_back;
pub mod call_review;
pub mod card;
pub mod colleagues;
pub mod contact_visit;
pub mod correction;
pub mod decision;
pub mod departure;
mod desk;
pub mod duty;
pub mod figure;
pub mod fraud;
pub mod helper;
pub mod http;
pub mod inbox;
pub mod lookup;
pub mod model;
pub mod office;
pub mod outreach;
pub mod pause;
pub mod queue;
pub mod recovery;
pub mod release;
pub mod scan;
pub mod searches;
pub mod store;
pub mod view;
pub mod walk_in;

pub use annulment::Annulments;
pub use audit_log::AuditLog;
pub use block::CallBlocks;
pub use call_back::CallBacks;
pub use call_review::CallReviews;
pub use card::Cards;
pub use colleagues::Colleagues;
pub use contact_visit::ContactVisits;
pub use correction::Corrections;
pub use decision::Decisions;
pub use departure::Departures;
pub use duty::Duties;
pub use figure::Figures;
pub use fraud::FraudReports;
pub use helper::Helpers;
pub use inbox::Inbox;
pub use lookup::Lookups;
pub use office::OwnOffice;
pub use outreach::Outreaches;
pub use pause::Pauses;
pub use queue::Queue;
pub use recovery::Recoveries;
pub use release::Releases;
pub use scan::Scans;
pub use searches::Searches;
pub use view::Views;
pub use walk_in::WalkIns;

use crate::audit;
use crate::context::Context;
use crate::export::Exports;
use crate::jobs::Sweep;
use crate::keyring::Keyring;
use crate::module::Module;
use crate::registration;
use crate::sealed_column;
use crate::staff::{Invitations, Staff};
use crate::vault::Column;

/// What is sealed in the tables of this domain.
pub const SEALED_COLUMNS: &[Column] =
    &[sealed_column!("reasoned_view", "reason_sealed", "officer_id", view::TABLE, "registration_id")];

/// The use cases of the counter. Cloning shares everything.
#[derive(Clone)]
pub struct Counter {
    /// Residents come.
    pub scans: Scans,
    /// The office's queue and figures.
    pub queue: Queue,
    /// Looking at registrations.
    pub views: Views,
    /// Approving, returning, rejecting.
    pub decisions: Decisions,
    /// Letting a digital KTP make way.
    pub releases: Releases,
    /// Blocking at the word of a caller.
    pub blocks: CallBlocks,
    /// Looking at those.
    pub call_reviews: CallReviews,
    /// Digital KTPs that come back to their holders.
    pub recoveries: Recoveries,
    /// Addresses that are changed by two people.
    pub contact_visits: ContactVisits,
    /// Wrongful activations that are undone.
    pub annulments: Annulments,
    /// Approvals by two that a third person calls back.
    pub call_backs: CallBacks,
    /// Rights that rest since an annulment.
    pub pauses: Pauses,
    /// Who is no citizen any more and left.
    pub departures: Departures,
    /// Correction cases.
    pub corrections: Corrections,
    /// Printed cards.
    pub cards: Cards,
    /// Holders who come without their phones.
    pub walk_ins: WalkIns,
    /// Who helps many people here.
    pub helpers: Helpers,
    /// The office's people.
    pub people: Invitations,
    /// What residents read of the office.
    pub office: OwnOffice,
    /// Who is on duty where.
    pub duties: Duties,
    /// Sessions of outreach.
    pub outreaches: Outreaches,
    /// What people report of those who say to be of the office.
    pub fraud_reports: FraudReports,
    /// Whom officers look for who are not there.
    pub lookups: Lookups,
    /// Who does how much of that.
    pub searches: Searches,
    /// What the audit log says of the office.
    pub audit_log: AuditLog,
    /// What waits for a person of the office.
    pub inbox: Inbox,
    /// Who the colleagues are.
    pub colleagues: Colleagues,
    /// The office's figures, and the months that it sends upward.
    pub figures: Figures,
}

impl Counter {
    /// Wires the use cases; `cards` issues printed ones, `exports` makes copies of own data.
    pub fn new(
        context: Context,
        registrations: registration::Service,
        keyring: Keyring,
        cards: crate::card::Desk,
        exports: Exports,
    ) -> Self {
        let audit = audit::Service::new(context.clone());
        let recoveries = crate::recovery::Desk::new(context.clone(), keyring.clone());
        let visits = crate::contact::visit::Desk::new(context.clone(), keyring.clone());
        let annulments = crate::annulment::Desk::new(context.clone());
        let departures = crate::departure::Desk::new(context.clone());
        let walk_ins = crate::walk_in::Desk::new(context.clone());
        let telling = crate::annulment::Telling::new(context.clone());
        let corrections = crate::correction::Desk::new(context.clone());
        let people = Invitations::new(context.clone());
        let duties = crate::duty::Desk::new(context.clone());
        let outreaches = crate::outreach::Desk::new(context.clone());
        let reports = crate::fraud::Reports::new(context.clone());
        let reading = crate::figure::Reading::new(context.clone());
        let others = crate::figure::Others::new(context.clone());
        let recaps = crate::figure::recap::Desk::new(context.clone());
        let desk = desk::Desk { context, registrations, audit };
        let views = Views { desk: desk.clone() };
        let inbox = Inbox {
            desk: desk.clone(),
            recoveries: recoveries.clone(),
            visits: visits.clone(),
            cards: cards.clone(),
            walk_ins: walk_ins.clone(),
            departures: departures.clone(),
            annulments: annulments.clone(),
            corrections: corrections.clone(),
        };
        Self {
            scans: Scans { desk: desk.clone(), keyring, views: views.clone() },
            queue: Queue { desk: desk.clone() },
            inbox,
            views,
            decisions: Decisions { desk: desk.clone() },
            releases: Releases { desk: desk.clone() },
            blocks: CallBlocks { desk: desk.clone() },
            call_reviews: CallReviews { desk: desk.clone() },
            recoveries: Recoveries { desk: desk.clone(), recoveries },
            contact_visits: ContactVisits { desk: desk.clone(), visits },
            annulments: Annulments { desk: desk.clone(), annulments, telling },
            call_backs: CallBacks { desk: desk.clone() },
            pauses: Pauses { desk: desk.clone() },
            departures: Departures { desk: desk.clone(), departures },
            corrections: Corrections { desk: desk.clone(), corrections },
            cards: Cards { desk: desk.clone(), cards },
            walk_ins: WalkIns { desk: desk.clone(), walk_ins, exports },
            people,
            helpers: Helpers { desk: desk.clone() },
            office: OwnOffice { desk: desk.clone() },
            duties: Duties { desk: desk.clone(), duties },
            outreaches: Outreaches { desk: desk.clone(), outreaches },
            fraud_reports: FraudReports { desk: desk.clone(), reports },
            lookups: Lookups { desk: desk.clone() },
            searches: Searches { desk: desk.clone() },
            audit_log: AuditLog { desk: desk.clone() },
            colleagues: Colleagues { desk: desk.clone() },
            figures: Figures { desk, reading, others, recaps },
        }
    }
}

/// What this domain brings to a node, for the people of `officers`.
pub fn module(counter: &Counter, officers: &Staff) -> Module {
    Module {
        people: http::routes(counter.clone(), officers.clone()),
        sweeps: vec![
            Sweep::of("counter.sweep", &counter.views, |views| async move { views.sweep().await }),
            Sweep::of("departure.sweep", &counter.departures, |departures| async move { departures.sweep().await }),
            Sweep::of("walk_in.sweep", &counter.walk_ins, |walk_ins| async move { walk_ins.sweep().await }),
            Sweep::of("lookup.sweep", &counter.searches, |searches| async move { searches.sweep().await }),
        ],
        ..Module::default()
    }
}
