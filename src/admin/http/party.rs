//! Relying parties, as people of the national administration read them; and stopping one.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{ReadBranchCounts, ReadParties, StopPartyAdministrator, SuspendParty};
use super::super::parties::{Parties, View};
use crate::clock::Timestamp;
use crate::page::{self, Page};
use crate::partner::model::{Kind, totals};
use crate::register::Date;
use crate::relying_party::model::{PartyState, Standing};
use crate::relying_party::ports::Entry;
use crate::relying_party::{Contract, Entitlement, KeyLine, Quota};
use crate::staff::Allowed;
use crate::staff::model::AccountState;
use crate::staff::ports::Member;
use crate::web::extract::page_limit;
use crate::web::{Json, Path, Problem, Query};

pub(super) fn routes() -> OpenApiRouter<Parties> {
    OpenApiRouter::new()
        .routes(routes!(parties))
        .routes(routes!(party))
        .routes(routes!(party_usage))
        .routes(routes!(reported_parties))
        .routes(routes!(suspend_party))
        .routes(routes!(stop_party_administrator))
}

/// Which parties.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PartiesQuery {
    /// Parts of a name in their order; left out for all.
    #[serde(default)]
    #[param(example = "bank", max_length = 100)]
    words: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// At most so many, 1 to 100.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
}

/// A page of relying parties.
#[derive(Debug, Serialize, ToSchema)]
struct PartiesReply {
    /// By name.
    items: Vec<PartyItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// A relying party in a line.
#[derive(Debug, Serialize, ToSchema)]
struct PartyItem {
    /// Its id.
    party_id: Uuid,
    /// Its name.
    name: String,
    /// Whether it is suspended: its keys and people are refused.
    suspended: bool,
    /// Under what it verifies; null where none is set.
    contract: Option<PartyContract>,
}

/// A party's agreement with the administration.
#[derive(Debug, Serialize, ToSchema)]
struct PartyContract {
    /// Its number.
    number: String,
    /// Its first day.
    #[schema(value_type = String, format = Date)]
    from: Date,
    /// Its last day.
    #[schema(value_type = String, format = Date)]
    until: Date,
    /// How it stands.
    standing: Standing,
}

impl PartyContract {
    fn of(contract: Contract, now: Timestamp) -> Self {
        Self {
            standing: contract.standing(now),
            from: Date::in_jakarta(contract.begins_at),
            until: last_day(contract.ends_at),
            number: contract.number,
        }
    }
}

/// The day before the midnight at which something ends.
fn last_day(ends_at: Timestamp) -> Date {
    Date::in_jakarta(ends_at.plus_seconds(-1))
}

/// Relying parties by name, suspended ones too.
#[utoipa::path(get, path = "/v1/admin/parties", tag = "Admin", security(("official" = [])), params(PartiesQuery),
    responses((status = 200, description = "A page", body = PartiesReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `malformed_request`")))]
async fn parties(
    State(parties): State<Parties>,
    who: Allowed<ReadParties>,
    Query(query): Query<PartiesQuery>,
) -> Result<Json<PartiesReply>, Problem> {
    let (now, words) = (parties.now(), query.words.as_deref().unwrap_or_default());
    let limit = query.limit.unwrap_or(20).clamp(1, page::MOST);
    let page = parties.list(&who, words, query.cursor.as_deref(), limit).await?;
    let Page { items, next } = page.map(|entry| PartyItem {
        party_id: entry.relying_party_id,
        name: entry.name,
        suspended: entry.state == PartyState::Disabled,
        contract: entry.contract.map(|contract| PartyContract::of(contract, now)),
    });
    Ok(Json(PartiesReply { items, next }))
}

/// A relying party.
#[derive(Debug, Serialize, ToSchema)]
struct PartyReply {
    /// Its id.
    party_id: Uuid,
    /// Its name, as holders read it.
    name: String,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Since when its keys and people are refused; null where they are not.
    #[schema(value_type = Option<String>, format = DateTime)]
    suspended_at: Option<Timestamp>,
    /// Why; null where they are not.
    suspended_reason: Option<String>,
    /// What it is entitled to.
    entitlement: Entitlement,
    /// Under what it verifies; null where none is set.
    contract: Option<PartyContract>,
    /// How many checks it may put, as its contract says.
    quota: Quota,
    /// How many where its contract says nothing, as is configured.
    default_quota: Quota,
    /// About how many of today's are used; 0 without a quota of a day.
    used_today: i64,
    /// Whether it said where it is told what ends.
    has_contact: bool,
    /// Its API keys, oldest first.
    keys: Vec<PartyKey>,
    /// Who looks after what is its own, a hundred at most.
    administrators: Vec<PartyPerson>,
}

/// An API key of a party, without its secret.
#[derive(Debug, Serialize, ToSchema)]
struct PartyKey {
    /// Its id.
    key_id: Uuid,
    /// What it is for; null for keys of before.
    label: Option<String>,
    /// Whether it opens anything.
    live: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The last day on which it opens; null for one without an end.
    #[schema(value_type = Option<String>, format = Date)]
    last_day: Option<Date>,
    /// When it was used last, to an hour; null where it never was.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    /// When it was revoked; null where it was not.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

impl PartyKey {
    fn of(key: KeyLine, now: Timestamp) -> Self {
        Self {
            live: key.lives(now),
            key_id: key.key_id,
            label: key.label,
            created_at: key.created_at,
            last_day: key.expires_at.map(last_day),
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// An administrator of a party.
#[derive(Debug, Serialize, ToSchema)]
struct PartyPerson {
    /// Who.
    administrator_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// Whether they may log in.
    active: bool,
    /// When they logged in last; null where they never did.
    #[schema(value_type = Option<String>, format = DateTime)]
    logged_in_at: Option<Timestamp>,
    /// Since when the national administration has stopped them; null where it has not.
    #[schema(value_type = Option<String>, format = DateTime)]
    stopped_at: Option<Timestamp>,
    /// Why.
    stopped_reason: Option<String>,
}

impl From<Member> for PartyPerson {
    fn from(member: Member) -> Self {
        let Member { staff_id, username, full_name, state, logged_in_at, stopped_at, stopped_reason, .. } = member;
        let active = state == AccountState::Active;
        Self { administrator_id: staff_id, username, full_name, active, logged_in_at, stopped_at, stopped_reason }
    }
}

fn reply(View { entry, keys, default_quota, taken_today, administrators }: View, now: Timestamp) -> PartyReply {
    let Entry { relying_party_id, name, entitlement, created_at, contract, quota, has_contact, suspended, .. } = entry;
    let (suspended_at, suspended_reason) = suspended.unzip();
    PartyReply {
        party_id: relying_party_id,
        name,
        created_at,
        suspended_at,
        suspended_reason,
        entitlement,
        contract: contract.map(|contract| PartyContract::of(contract, now)),
        quota,
        default_quota,
        used_today: taken_today,
        has_contact,
        keys: keys.into_iter().map(|key| PartyKey::of(key, now)).collect(),
        administrators: administrators.into_iter().map(PartyPerson::from).collect(),
    }
}

/// A relying party: what it is entitled to, contract, keys without their secrets, administrators.
#[utoipa::path(get, path = "/v1/admin/parties/{id}", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The party")),
    responses((status = 200, description = "The party", body = PartyReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`")))]
async fn party(
    State(parties): State<Parties>,
    who: Allowed<ReadParties>,
    Path(id): Path<Uuid>,
) -> Result<Json<PartyReply>, Problem> {
    let view = parties.view(&who, id).await?;
    Ok(Json(reply(view, parties.now())))
}

/// Which month.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PartyUsageQuery {
    /// `YYYY-MM`; left out for this month.
    #[serde(default)]
    #[param(example = "2026-11")]
    month: Option<String>,
}

/// A party's questions of a month.
#[derive(Debug, Serialize, ToSchema)]
struct PartyUsageReply {
    /// The month.
    #[schema(example = "2026-11")]
    month: String,
    /// By what became of them, the valid ones first.
    items: Vec<PartyUsageItem>,
}

/// Questions that ended in one way.
#[derive(Debug, Serialize, ToSchema)]
struct PartyUsageItem {
    /// Whether the QR was good.
    kind: Kind,
    /// `valid`, the reason, or the code.
    outcome: String,
    /// How many.
    questions: i64,
}

/// How many questions a party put in a month, and what became of them.
#[utoipa::path(get, path = "/v1/admin/parties/{id}/usage", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The party"), PartyUsageQuery),
    responses((status = 200, description = "The numbers", body = PartyUsageReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `malformed_request`")))]
async fn party_usage(
    State(parties): State<Parties>,
    who: Allowed<ReadParties>,
    Path(id): Path<Uuid>,
    Query(query): Query<PartyUsageQuery>,
) -> Result<Json<PartyUsageReply>, Problem> {
    let (month, counted) = parties.usage(&who, id, query.month.as_deref()).await?;
    let item = |(kind, outcome, questions)| PartyUsageItem { kind, outcome, questions };
    Ok(Json(PartyUsageReply { month: month.to_string(), items: totals(&counted).into_iter().map(item).collect() }))
}

/// Parties whose branches people report. They are counts: of nobody.
#[derive(Debug, Serialize, ToSchema)]
struct ReportedPartiesReply {
    /// The month.
    #[schema(example = "2026-11")]
    month: String,
    /// The most reported first, a hundred at most.
    items: Vec<ReportedParty>,
}

/// A party whose branches people report.
#[derive(Debug, Serialize, ToSchema)]
struct ReportedParty {
    /// The party.
    party_id: Uuid,
    /// Its name.
    #[schema(example = "Bank Contoh")]
    name: String,
    /// How often a photocopy was asked for.
    #[schema(example = 12)]
    photocopy: i64,
    /// How often the digital KTP was refused.
    #[schema(example = 3)]
    refused: i64,
}

/// How often people report that branches of relying parties ask for photocopies or refuse digital KTPs, for a month in which it happened.
#[utoipa::path(get, path = "/v1/admin/branch-counts", tag = "Admin", security(("official" = [])), params(PartyUsageQuery),
    responses((status = 200, description = "The month", body = ReportedPartiesReply),
        (status = "4XX", description = "`forbidden`, `session_ended`, `malformed_request`")))]
async fn reported_parties(
    State(parties): State<Parties>,
    who: Allowed<ReadBranchCounts>,
    Query(query): Query<PartyUsageQuery>,
) -> Result<Json<ReportedPartiesReply>, Problem> {
    let (month, counts) = parties.reported(&who, query.month.as_deref()).await?;
    let items = counts.into_iter().map(|(count, name)| {
        let (photocopy, refused) = (count.photocopy, count.refused);
        ReportedParty { party_id: count.relying_party_id, name, photocopy, refused }
    });
    Ok(Json(ReportedPartiesReply { month: month.to_string(), items: items.collect() }))
}

/// Why a party is stopped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SuspensionBody {
    /// Colleagues read it: 1 to 200 characters.
    #[schema(example = "Kunci bocor di internet")]
    reason: String,
}

/// Suspend a party at once: its keys are refused within a second, its people log in no more. Stopping waits for nobody; coming back takes
/// two. A repetition is `wrong_state`.
#[utoipa::path(post, path = "/v1/admin/parties/{id}/suspension", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The party")), request_body = SuspensionBody,
    responses((status = 204, description = "It verifies no more"),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state`")))]
async fn suspend_party(
    State(parties): State<Parties>,
    who: Allowed<SuspendParty>,
    Path(id): Path<Uuid>,
    Json(body): Json<SuspensionBody>,
) -> Result<StatusCode, Problem> {
    parties.suspend(&who, id, &body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stop somebody who looks after a party, at once: running sessions end, and whom they invited and has not joined yet is invited no more.
/// Stopping waits for nobody; coming back takes two. A repetition is `wrong_state`.
#[utoipa::path(post, path = "/v1/admin/party-administrators/{id}/stop", tag = "Admin", security(("official" = [])),
    params(("id" = Uuid, Path, description = "The administrator of a party")), request_body = SuspensionBody,
    responses((status = 204, description = "They log in no more"),
        (status = "4XX", description = "`forbidden`, `session_ended`, `not_found`, `invalid_field`, `wrong_state`")))]
async fn stop_party_administrator(
    State(parties): State<Parties>,
    who: Allowed<StopPartyAdministrator>,
    Path(id): Path<Uuid>,
    Json(body): Json<SuspensionBody>,
) -> Result<StatusCode, Problem> {
    parties.stop_administrator(&who, id, &body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
