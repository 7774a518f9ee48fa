//! The routes of disputes: of holders and of relying parties.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::model::{Ending, Finding, State as DisputeState};
use super::service::{Disputes, View};
use crate::clock::Timestamp;
use crate::error::Language;
use crate::page::Page;
use crate::relying_party::Authentication;
use crate::relying_party::http::AuthenticatedParty;
use crate::secret::Redacted;
use crate::wallet::http::{HistoryPurpose, Resident};
use crate::web::{Json, Lang, PageQuery, Path, Problem, Query, negotiate};

/// The routes of holders.
pub fn of_holders(disputes: Disputes) -> OpenApiRouter {
    let wallet = Extension(disputes.wallet.clone());
    OpenApiRouter::new()
        .routes(routes!(own_disputes, dispute_check))
        .routes(routes!(put_dispute_aside))
        .with_state(disputes)
        .layer(wallet)
}

struct Shared {
    disputes: Disputes,
    authentication: Authentication,
}

impl AsRef<Authentication> for Arc<Shared> {
    fn as_ref(&self) -> &Authentication {
        &self.authentication
    }
}

/// The routes of relying parties.
pub fn of_parties(disputes: Disputes, authentication: Authentication) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(disputes_of_party))
        .routes(routes!(answer_dispute))
        .layer(axum::middleware::map_response(negotiate::challenge))
        .with_state(Arc::new(Shared { disputes, authentication }))
}

/// A check that the holder does not know.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DisputeBody {
    /// The check, as the history names it.
    verification_id: Uuid,
}

/// What was answered.
#[derive(Debug, Serialize, ToSchema)]
struct DisputeAnswer {
    /// What the relying party found.
    finding: Finding,
    /// Its words.
    #[schema(value_type = String)]
    words: Redacted<String>,
    /// When it answered.
    #[schema(value_type = String, format = DateTime)]
    answered_at: Timestamp,
}

/// A dispute as its holder sees it.
#[derive(Debug, Serialize, ToSchema)]
struct DisputeReply {
    /// Its id.
    dispute_id: Uuid,
    /// The check.
    verification_id: Uuid,
    /// Who checked.
    relying_party: String,
    /// What for.
    purpose: HistoryPurpose,
    /// When it was checked.
    #[schema(value_type = String, format = DateTime)]
    verified_at: Timestamp,
    /// Where the dispute stands.
    state: DisputeState,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// Until when the relying party can answer: ten working days.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    /// Its answer; null while there is none.
    answer: Option<DisputeAnswer>,
    /// How it ended; null while it goes on.
    ending: Option<Ending>,
}

impl DisputeReply {
    fn new(view: View, language: Language) -> Self {
        let View { dispute, relying_party, purpose, words } = view;
        Self {
            dispute_id: dispute.dispute_id,
            verification_id: dispute.verification_id,
            relying_party,
            purpose: HistoryPurpose::new(purpose, language),
            verified_at: dispute.verified_at,
            state: dispute.state,
            opened_at: dispute.opened_at,
            due_at: dispute.due_at,
            answer: dispute.answer.zip(words).map(|(answer, words)| DisputeAnswer {
                finding: answer.finding,
                words,
                answered_at: answer.at,
            }),
            ending: dispute.ending,
        }
    }
}

/// The disputes of a holder.
#[derive(Debug, Serialize, ToSchema)]
struct DisputesReply {
    /// Newest first.
    items: Vec<DisputeReply>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// A dispute as the relying party sees it. Whose check it is, your own records say.
#[derive(Debug, Serialize, ToSchema)]
struct PartyDispute {
    /// Its id.
    dispute_id: Uuid,
    /// Your check.
    verification_id: Uuid,
    /// When it was answered first.
    #[schema(value_type = String, format = DateTime)]
    verified_at: Timestamp,
    /// Its purpose code.
    #[schema(example = "open_account")]
    purpose: String,
    /// Where the dispute stands.
    state: DisputeState,
    /// When you could read it first.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Option<Timestamp>,
    /// Until when you can answer.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    /// Your answer; null while there is none.
    answer: Option<DisputeAnswer>,
    /// How it ended; null while it goes on.
    ending: Option<Ending>,
}

impl From<View> for PartyDispute {
    fn from(view: View) -> Self {
        let View { dispute, words, .. } = view;
        Self {
            dispute_id: dispute.dispute_id,
            verification_id: dispute.verification_id,
            verified_at: dispute.verified_at,
            purpose: dispute.purpose,
            state: dispute.state,
            asked_at: dispute.asked_at,
            due_at: dispute.due_at,
            answer: dispute.answer.zip(words).map(|(answer, words)| DisputeAnswer {
                finding: answer.finding,
                words,
                answered_at: answer.at,
            }),
            ending: dispute.ending,
        }
    }
}

/// What a relying party was asked.
#[derive(Debug, Serialize, ToSchema)]
struct PartyDisputesReply {
    /// Newest first.
    items: Vec<PartyDispute>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// The answer of a relying party.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DisputeAnswerBody {
    /// What you found: `holder_was_there`, `our_mistake`, `misused`, `unknown`.
    finding: Finding,
    /// 5–500 characters for the holder: when, where and for what, or what you do now.
    #[schema(value_type = String, example = "Pembukaan rekening di cabang Denpasar, petugas mencocokkan wajah")]
    words: Redacted<String>,
}

/// Say that you do not know a check of your history. The relying party is asked and has ten working days. Repeating it gives the
/// same dispute.
#[utoipa::path(post, path = "/v1/me/disputes", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    request_body = DisputeBody,
    responses((status = 201, description = "The dispute", body = DisputeReply),
        (status = "4XX", description = "`not_found` for a check of somebody else's, `too_many` beyond five a day, `session_ended`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn dispute_check(
    State(disputes): State<Disputes>,
    resident: Resident,
    Lang(language): Lang,
    Json(body): Json<DisputeBody>,
) -> Result<(StatusCode, Json<DisputeReply>), Problem> {
    let opened = disputes.open(&resident.session, body.verification_id).await?;
    Ok((StatusCode::CREATED, Json(DisputeReply::new(opened, language))))
}

/// Your disputes, with what was answered.
#[utoipa::path(get, path = "/v1/me/disputes", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    params(PageQuery),
    responses((status = 200, description = "A page of them", body = DisputesReply),
        (status = "4XX", description = "`malformed_request`, `session_ended`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn own_disputes(
    State(disputes): State<Disputes>,
    resident: Resident,
    Lang(language): Lang,
    Query(page): Query<PageQuery>,
) -> Result<Json<DisputesReply>, Problem> {
    let page = disputes.of_holder(resident.resident_id, page.cursor.as_deref(), page.limit()).await?;
    let Page { items, next } = page.map(|view| DisputeReply::new(view, language));
    Ok(Json(DisputesReply { items, next }))
}

/// Put a dispute aside: take it back, or say that you have read the answer. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/me/disputes/{id}", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    params(("id" = Uuid, Path, description = "The dispute")),
    responses((status = 204, description = "It is closed"),
        (status = "4XX", description = "`not_found`, `session_ended`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn put_dispute_aside(
    State(disputes): State<Disputes>,
    resident: Resident,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    disputes.put_aside(&resident.session, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which of your checks their holders do not know
///
/// Answer each before `due_at`; the holder reads what you write.
#[utoipa::path(get, path = "/v1/disputes", tag = "Verification", params(PageQuery), security(("api_key" = [])),
    responses((status = 200, description = "A page of them", body = PartyDisputesReply),
        (status = "4XX", description = "`api_key_invalid`, `malformed_request`, `too_many`")))]
async fn disputes_of_party(
    State(shared): State<Arc<Shared>>,
    party: AuthenticatedParty,
    Query(page): Query<PageQuery>,
) -> Result<Json<PartyDisputesReply>, Problem> {
    let party = party.0.relying_party_id;
    let Page { items, next } = shared.disputes.of_party(party, page.cursor.as_deref(), page.limit()).await?;
    Ok(Json(PartyDisputesReply { items: items.into_iter().map(PartyDispute::from).collect(), next }))
}

/// Answer a dispute
///
/// The first answer counts and cannot be changed; sent again it succeeds again.
#[utoipa::path(post, path = "/v1/disputes/{id}/answer", tag = "Verification", security(("api_key" = [])),
    params(("id" = Uuid, Path, description = "The dispute")), request_body = DisputeAnswerBody,
    responses((status = 200, description = "Answered", body = PartyDispute),
        (status = "4XX", description = "`api_key_invalid`, `not_found`, `wrong_state` after another answer, a withdrawal or `due_at`, `invalid_field`, `too_many`")))]
async fn answer_dispute(
    State(shared): State<Arc<Shared>>,
    party: AuthenticatedParty,
    Path(id): Path<Uuid>,
    Json(body): Json<DisputeAnswerBody>,
) -> Result<Json<PartyDispute>, Problem> {
    let party = party.0.relying_party_id;
    Ok(Json(shared.disputes.answer(party, id, body.finding, body.words.expose()).await?.into()))
}
