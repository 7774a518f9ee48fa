//! `/v1/branches`: where digital KTPs are accepted.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::FindQuery;
use crate::branch::model::{About, regency_name};
use crate::directory::branches::{AcceptingBranches, Found};
use crate::page::Page;
use crate::web::{Json, Problem, Query};

/// All routes of this room.
pub fn routes(branches: AcceptingBranches) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(find_branches)).with_state(branches)
}

/// A page of places where digital KTPs are accepted.
#[derive(Debug, Serialize, ToSchema)]
struct AcceptingReply {
    /// Those that have the words first, then those in the regency that is meant; each by name.
    items: Vec<AcceptingBranch>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// A place where digital KTPs are accepted.
#[derive(Debug, Serialize, ToSchema)]
struct AcceptingBranch {
    /// By which a report names it.
    branch_id: Uuid,
    /// The organisation.
    #[schema(example = "Bank Contoh")]
    party: String,
    /// Its name.
    #[schema(example = "KCP Seririt")]
    name: String,
    /// Street, number, town.
    #[schema(example = "Jl. Gajah Mada 12, Seririt")]
    address: String,
    /// The kabupaten or kota; null where it is not on today's list any more.
    #[schema(example = "Kabupaten Buleleng")]
    regency: Option<&'static str>,
    /// When it is open, as the organisation says.
    #[schema(example = "Senin-Jumat 08.00-15.00 WITA")]
    hours: Option<String>,
}

impl From<Found> for AcceptingBranch {
    fn from(Found { branch, party }: Found) -> Self {
        let About { name, address, regency, hours, .. } = branch.about;
        Self { branch_id: branch.branch_id, party, name, address, regency: regency_name(&regency), hours }
    }
}

/// Places where digital KTPs are accepted, by words or place: branches of organisations that may verify now. For everybody; what a branch says
/// of itself may be some seconds old.
#[utoipa::path(get, path = "/v1/branches", tag = "Public", params(FindQuery),
    responses((status = 200, description = "A page", body = AcceptingReply),
        (status = "4XX", description = "`malformed_request`")))]
async fn find_branches(
    State(branches): State<AcceptingBranches>,
    Query(query): Query<FindQuery>,
) -> Result<Json<AcceptingReply>, Problem> {
    let (words, cursor, limit) = query.parts();
    let page = branches.find(words, cursor, limit).await?;
    let Page { items, next } = page.map(AcceptingBranch::from);
    Ok(Json(AcceptingReply { items, next }))
}
