//! Endpoints of the national administration, `/v1/admin`. Each handler names what it needs: [`Allowed`](crate::staff::Allowed).

mod figure;
mod sessions;
mod staff;

use axum::Extension;
use utoipa_axum::router::OpenApiRouter;

use super::figure::Figures;
use crate::staff::http::Entrance;
use crate::staff::{Invitations, Staff};
use crate::web::cookie;

/// All routes of this room, for the people of `staff`.
pub fn routes(people: Invitations, figures: Figures, staff: Staff) -> OpenApiRouter {
    let entrance = Entrance { staff, session_cookie: cookie::OFFICIAL, browser_cookie: cookie::OFFICIAL_BROWSER };
    OpenApiRouter::new()
        .merge(sessions::routes().with_state(entrance.clone()))
        .merge(staff::routes().with_state(people))
        .merge(figure::routes().with_state(figures))
        .layer(Extension(entrance))
}
