//! Endpoints of the national administration, `/v1/admin`. Each handler names what it needs: [`Allowed`](crate::staff::Allowed).

mod audit_log;
mod figure;
mod sessions;
mod staff;

use axum::Extension;
use utoipa_axum::router::OpenApiRouter;

use super::audit_log::AuditLog;
use super::figure::Figures;
use crate::staff::http::Entrance;
use crate::staff::{Invitations, Staff};
use crate::web::cookie;

/// All routes of this room, for the people of `staff`.
pub fn routes(people: Invitations, figures: Figures, log: AuditLog, staff: Staff) -> OpenApiRouter {
    let entrance = Entrance { staff, session_cookie: cookie::OFFICIAL, browser_cookie: cookie::OFFICIAL_BROWSER };
    OpenApiRouter::new()
        .merge(sessions::routes().with_state(entrance.clone()))
        .merge(staff::routes().with_state(people))
        .merge(figure::routes().with_state(figures))
        .merge(audit_log::routes().with_state(log))
        .layer(Extension(entrance))
}
