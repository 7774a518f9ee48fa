//! Officer endpoints, by screen. Each handler names what it needs: [`Allowed`](crate::staff::Allowed).

mod annulment;
mod audit_log;
mod block;
mod call_back;
mod call_review;
mod card;
mod colleagues;
mod contact_visit;
mod correction;
mod decision;
mod departure;
mod duty;
mod figure;
mod fraud;
mod helper;
mod inbox;
mod lookup;
mod office;
mod outreach;
mod pause;
mod published;
mod queue;
mod recovery;
mod registration;
mod release;
mod scan;
mod sessions;
mod staff;
mod views;
mod walk_in;
mod who;

use axum::Extension;
use utoipa_axum::router::OpenApiRouter;

use super::Counter;
use crate::staff::Staff;
use crate::staff::http::Entrance;
use crate::web::cookie;

/// All routes of this room, for the people of `staff`.
pub fn routes(counter: Counter, staff: Staff) -> OpenApiRouter {
    let entrance = Entrance { staff, session_cookie: cookie::OFFICER, browser_cookie: cookie::OFFICER_BROWSER };
    OpenApiRouter::new()
        .merge(sessions::routes().with_state(entrance.clone()))
        .merge(scan::routes().with_state(counter.scans))
        .merge(queue::routes().with_state(counter.queue))
        .merge(registration::routes().with_state(counter.views.clone()))
        .merge(views::routes().with_state(counter.views))
        .merge(decision::routes().with_state(counter.decisions))
        .merge(release::routes().with_state(counter.releases))
        .merge(block::routes().with_state(counter.blocks))
        .merge(call_review::routes().with_state(counter.call_reviews))
        .merge(recovery::routes().with_state(counter.recoveries))
        .merge(contact_visit::routes().with_state(counter.contact_visits))
        .merge(annulment::routes().with_state(counter.annulments))
        .merge(call_back::routes().with_state(counter.call_backs))
        .merge(pause::routes().with_state(counter.pauses))
        .merge(departure::routes().with_state(counter.departures))
        .merge(correction::routes().with_state(counter.corrections))
        .merge(card::routes().with_state(card::Shared::new(counter.cards)))
        .merge(walk_in::routes().with_state(walk_in::Shared::new(counter.walk_ins)))
        .merge(helper::routes().with_state(counter.helpers))
        .merge(staff::routes().with_state(counter.people))
        .merge(office::routes().with_state(counter.office))
        .merge(duty::routes().with_state(duty::Shared::new(counter.duties)))
        .merge(outreach::routes().with_state(counter.outreaches))
        .merge(fraud::routes().with_state(counter.fraud_reports))
        .merge(inbox::routes().with_state(counter.inbox))
        .merge(colleagues::routes().with_state(counter.colleagues))
        .merge(audit_log::routes().with_state(counter.audit_log))
        .merge(lookup::routes().with_state(counter.lookups))
        .merge(lookup::search_routes().with_state(counter.searches))
        .merge(published::routes().with_state(counter.figures.clone()))
        .merge(figure::routes().with_state(counter.figures))
        .layer(Extension(entrance))
}
