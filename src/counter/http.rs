//! Officer endpoints, by screen. Each handler names what it needs: [`Allowed`](crate::staff::Allowed).

mod annulment;
mod block;
mod call_back;
mod call_review;
mod card;
mod contact_visit;
mod correction;
mod decision;
mod departure;
mod figure;
mod helper;
mod pause;
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
        .merge(figure::routes().with_state(counter.figures))
        .merge(staff::routes().with_state(counter.people))
        .layer(Extension(entrance))
}
