//! What administrators of the nation ask about relying parties. Nothing of it is done before another one grants it.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{AskProposal, Official};
use crate::attribute::Attribute;
use crate::error::Language;
use crate::proposal::Proposals;
use crate::proposal::parties::{Asker, Newcomer};
use crate::register::Date;
use crate::relying_party::model::Terms;
use crate::relying_party::{Entitlement, Purpose, Quota};
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Proposals> {
    OpenApiRouter::new()
        .routes(routes!(ask_party))
        .routes(routes!(ask_entitlement))
        .routes(routes!(ask_contract))
        .routes(routes!(ask_quota))
        .routes(routes!(ask_contact))
        .routes(routes!(ask_resumption))
        .routes(routes!(ask_administrator))
        .routes(routes!(ask_administrator_renewal))
}

/// A request that waits.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProposalReply {
    /// Its id.
    pub(super) proposal_id: Uuid,
}

pub(super) fn asker(who: &Allowed<AskProposal>) -> Asker {
    let Official { official_id, .. } = who.agent;
    (official_id, who.event(official_id))
}

/// A relying party that is to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPartyBody {
    /// Its name, as holders read it: 1 to 100 characters.
    #[schema(example = "Bank Contoh")]
    name: String,
    /// The attributes that it may ask for, one at least.
    attributes: Vec<Attribute>,
    /// What it may check for, one at least.
    purposes: Vec<Purpose>,
    /// Under what it verifies. Without one it verifies all the same.
    #[serde(default)]
    contract: Option<Terms>,
    /// Why: colleagues read it, 1 to 200 characters.
    #[schema(example = "PKS ditandatangani 1 Desember")]
    reason: String,
}

/// What a party is to be entitled to, whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EntitlementBody {
    /// The attributes that it may ask for, one at least.
    attributes: Vec<Attribute>,
    /// What it may check for, one at least.
    purposes: Vec<Purpose>,
    /// Why: 1 to 200 characters.
    reason: String,
}

/// A contract.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PartyContractBody {
    /// Its number.
    #[schema(example = "100/PKS/2026")]
    number: String,
    /// Its first day.
    #[schema(value_type = String, format = Date)]
    from: Date,
    /// Its last day.
    #[schema(value_type = String, format = Date)]
    until: Date,
    /// Why: 1 to 200 characters.
    reason: String,
}

/// How many checks a party may put.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PartyQuotaBody {
    /// In a minute; left out for no limit.
    #[serde(default)]
    #[schema(example = 600)]
    per_minute: Option<i64>,
    /// In a day of Jakarta; left out for no limit.
    #[serde(default)]
    #[schema(example = 50_000)]
    per_day: Option<i64>,
    /// Why: 1 to 200 characters.
    reason: String,
}

/// Where a party is told what ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PartyContactBody {
    /// The address.
    #[schema(value_type = String, format = Email)]
    email: Redacted<String>,
    /// In which language.
    #[serde(default)]
    language: Language,
    /// Why: 1 to 200 characters.
    reason: String,
}

/// Why a party is to verify again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResumptionBody {
    /// Colleagues read it: 1 to 200 characters.
    reason: String,
}

/// Who is to look after what is a party's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PartyAdministratorBody {
    /// Log-in name: 3–40 lower-case letters, digits, dots, hyphens.
    #[schema(example = "rina.bank")]
    username: String,
    /// Full name.
    #[schema(value_type = String, example = "Rina Kartika")]
    full_name: Redacted<String>,
    /// Official address; the link goes there.
    #[schema(value_type = String, format = Email)]
    email: Redacted<String>,
    /// Language of the message.
    #[serde(default)]
    language: Language,
    /// Why: 1 to 200 characters.
    reason: String,
}

/// Ask that a relying party be added. Granted, it may verify, and has no key yet: its administrators make one.
#[utoipa::path(post, path = "/v1/admin/parties", tag = "Admin", security(("official" = [])),
    request_body = NewPartyBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `invalid_field` also for a name that exists, `wrong_state` when the same waits already")))]
async fn ask_party(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Json(body): Json<NewPartyBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let NewPartyBody { name, attributes, purposes, contract, reason } = body;
    let entitlement = Entitlement { attributes, purposes };
    let proposal_id = proposals.ask_party(asker(&who), (&name, &entitlement), contract, &reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}

/// Ask that a party be entitled to something else. Granted only while it is entitled to what it is now.
#[utoipa::path(post, path = "/v1/admin/parties/{id}/entitlement", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The party")), request_body = EntitlementBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state` when the same waits already")))]
async fn ask_entitlement(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Path(id): Path<Uuid>,
    Json(body): Json<EntitlementBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let EntitlementBody { attributes, purposes, reason } = body;
    let after = Entitlement { attributes, purposes };
    let proposal_id = proposals.ask_entitlement(asker(&who), id, &after, &reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}

/// Ask that a party verify under another contract.
#[utoipa::path(post, path = "/v1/admin/parties/{id}/contract", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The party")), request_body = PartyContractBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state` when the same waits already")))]
async fn ask_contract(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Path(id): Path<Uuid>,
    Json(body): Json<PartyContractBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let PartyContractBody { number, from, until, reason } = body;
    let proposal_id = proposals.ask_contract(asker(&who), id, Terms { number, from, until }, &reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}

/// Ask that a party be told elsewhere what ends. The address is shown to who grants it and to nobody afterwards.
#[utoipa::path(post, path = "/v1/admin/parties/{id}/contact", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The party")), request_body = PartyContactBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state` when the same waits already")))]
async fn ask_contact(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Path(id): Path<Uuid>,
    Json(body): Json<PartyContactBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let address = (body.email.expose().as_str(), body.language);
    let proposal_id = proposals.ask_contact(asker(&who), id, address, &body.reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}

/// Ask that a suspended party verify again.
#[utoipa::path(post, path = "/v1/admin/parties/{id}/resumption", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The party")), request_body = ResumptionBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state` when the same waits already")))]
async fn ask_resumption(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Path(id): Path<Uuid>,
    Json(body): Json<ResumptionBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let proposal_id = proposals.ask_resumption(asker(&who), id, &body.reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}

/// Ask that somebody look after what is a party's: keys, employees, figures. Granted, a link goes to the address, behind which they set
/// the own password and authenticator.
#[utoipa::path(post, path = "/v1/admin/parties/{id}/administrators", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The party")), request_body = PartyAdministratorBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state` when the same waits already")))]
async fn ask_administrator(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Path(id): Path<Uuid>,
    Json(body): Json<PartyAdministratorBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let new = Newcomer {
        username: &body.username,
        full_name: body.full_name.expose(),
        email: body.email.expose(),
        language: body.language,
    };
    let proposal_id = proposals.ask_administrator(asker(&who), id, new, &body.reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}

/// Ask that somebody who looks after what is a party's get new secrets, and come back where they were stopped. Granted, a link goes to the
/// address; the former secrets count until it is used. Granted only while they are what they are now: stopped or not.
#[utoipa::path(post, path = "/v1/admin/party-administrators/{id}/renewal", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The administrator of a party")), request_body = PartyContactBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state` when the same waits already")))]
async fn ask_administrator_renewal(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Path(id): Path<Uuid>,
    Json(body): Json<PartyContactBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let address = (body.email.expose().as_str(), body.language);
    let proposal_id = proposals.ask_renewal(asker(&who), id, address, &body.reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}

/// Ask that a party may put more checks, or fewer, in a minute and in a day. Beyond them its checks are `quota_reached`.
#[utoipa::path(post, path = "/v1/admin/parties/{id}/quota", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The party")), request_body = PartyQuotaBody,
    responses((status = 201, description = "It waits for another administrator", body = ProposalReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state` when the same waits already")))]
async fn ask_quota(
    State(proposals): State<Proposals>,
    who: Allowed<AskProposal>,
    Path(id): Path<Uuid>,
    Json(body): Json<PartyQuotaBody>,
) -> Result<(StatusCode, Json<ProposalReply>), Problem> {
    let PartyQuotaBody { per_minute, per_day, reason } = body;
    let proposal_id = proposals.ask_quota(asker(&who), id, Quota { per_minute, per_day }, &reason).await?;
    Ok((StatusCode::CREATED, Json(ProposalReply { proposal_id })))
}
