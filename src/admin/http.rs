//! Endpoints of the national administration, `/v1/admin`. Each handler names what it needs: [`Allowed`](crate::staff::Allowed).

mod audit_log;
mod figure;
mod key;
mod mail;
mod office;
mod office_requests;
mod party;
mod party_requests;
mod proposal;
mod retention;
mod sessions;
mod staff;

use axum::Extension;
use utoipa_axum::router::OpenApiRouter;

use super::audit_log::AuditLog;
use super::figure::Figures;
use super::keys::Keys;
use super::mails::Mails;
use super::offices::AllOffices;
use super::parties::Parties;
use super::retention::Periods;
use crate::proposal::Proposals;
use crate::staff::http::Entrance;
use crate::staff::{Invitations, Staff};
use crate::web::cookie;

/// All routes of this room, for the people of `staff`.
pub fn routes(
    (people, offices): (Invitations, AllOffices),
    proposals: Proposals,
    parties: Parties,
    (figures, log): (Figures, AuditLog),
    (keys, periods, mails): (Keys, Periods, Mails),
    staff: Staff,
) -> OpenApiRouter {
    let entrance = Entrance { staff, session_cookie: cookie::OFFICIAL, browser_cookie: cookie::OFFICIAL_BROWSER };
    OpenApiRouter::new()
        .merge(sessions::routes().with_state(entrance.clone()))
        .merge(staff::routes().with_state(people))
        .merge(proposal::routes().with_state(proposals.clone()))
        .merge(party_requests::routes().with_state(proposals.clone()))
        .merge(office_requests::routes().with_state(proposals.clone()))
        .merge(key::requests().with_state(proposals.clone()))
        .merge(retention::requests().with_state(proposals))
        .merge(retention::routes().with_state(periods))
        .merge(mail::routes().with_state(mails))
        .merge(key::routes().with_state(keys))
        .merge(office::routes().with_state(offices))
        .merge(party::routes().with_state(parties))
        .merge(figure::routes().with_state(figures))
        .merge(audit_log::routes().with_state(log))
        .layer(Extension(entrance))
}
