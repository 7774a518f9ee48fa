//! Inviting employees, one by one and by lists.

use axum::extract::{Request, State};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{
    InviteEmployee, InviteEmployees, ReadParty, RenewEmployee, ResendInvitation, WithdrawInvitation,
};
use super::super::invitations::{Plan, Planned};
use super::super::list::{MOST_BYTES, Wrong};
use super::super::service::Partners;
use crate::clock::Timestamp;
use crate::error::{Code, Language};
use crate::page::Page;
use crate::secret::Redacted;
use crate::staff::invitation::Kind;
use crate::staff::invitation::employee::OpenLink;
use crate::staff::{Allowed, Role};
use crate::web::intake::{self, Intake};
use crate::web::{ClientAddress, Json, Lang, PageQuery, Path, Problem, Query};

/// What the handlers share.
#[derive(Clone)]
struct Deps {
    partners: Partners,
    intake: Intake,
}

pub(super) fn routes(partners: Partners) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(invitations, invite_employee))
        .routes(routes!(resend_invitation))
        .routes(routes!(withdraw_invitation))
        .routes(routes!(renew_employee))
        .routes(routes!(judge_employee_list))
        .routes(routes!(send_employee_list))
        .with_state(Deps { partners, intake: Intake::default() })
}

/// A page of open invitations.
#[derive(Debug, Serialize, ToSchema)]
struct PartnerInvitationsReply {
    /// The newest first.
    items: Vec<PartnerInvitation>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// A link that counts. Where it went is not told.
#[derive(Debug, Serialize, ToSchema)]
struct PartnerInvitation {
    /// Its id.
    invitation_id: Uuid,
    /// What it is for: joining, or new secrets.
    kind: Kind,
    /// Whether it is an administrator's, which the national administration sent.
    administrator: bool,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// Until when it counts; null where that is not known.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl From<OpenLink> for PartnerInvitation {
    fn from(row: OpenLink) -> Self {
        let OpenLink { invitation_id, kind, role, username, full_name, asked_at, expires_at } = row;
        let administrator = role == Role::PartyAdministrator;
        Self { invitation_id, kind, administrator, username, full_name, asked_at, expires_at }
    }
}

/// The organisation's open invitations, the newest first.
#[utoipa::path(get, path = "/v1/partner/invitations", tag = "Partner", security(("teller" = [])), params(PageQuery),
    responses((status = 200, description = "A page", body = PartnerInvitationsReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `malformed_request`")))]
async fn invitations(
    State(deps): State<Deps>,
    who: Allowed<ReadParty>,
    Query(query): Query<PageQuery>,
) -> Result<Json<PartnerInvitationsReply>, Problem> {
    let page = deps.partners.invitations(&who, query.cursor.as_deref(), query.limit()).await?;
    let Page { items, next } = page.map(PartnerInvitation::from);
    Ok(Json(PartnerInvitationsReply { items, next }))
}

/// Somebody who is to verify for the organisation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InviteEmployeeBody {
    /// Full name.
    #[schema(value_type = String, example = "Dewi Lestari")]
    full_name: Redacted<String>,
    /// Log-in name: 3–40 lower-case letters, digits, dots, hyphens. Left out, one is made of the full name.
    #[serde(default)]
    #[schema(example = "dewi.lestari")]
    username: String,
    /// Where the link goes.
    #[schema(value_type = String, format = Email)]
    email: Redacted<String>,
    /// Language of the message.
    #[serde(default)]
    language: Language,
}

/// Invite an employee: a link of a day goes to the address, behind which they set the own password and authenticator. Nobody else ever
/// knows either. A repetition is `invalid_field`, because the address is invited already.
#[utoipa::path(post, path = "/v1/partner/invitations", tag = "Partner", security(("teller" = [])),
    request_body = InviteEmployeeBody,
    responses((status = 204, description = "The link is on its way"),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `invalid_field`, `too_many` beyond 2,000 people, 500 open invitations or 1,000 in a day")))]
async fn invite_employee(
    State(deps): State<Deps>,
    who: Allowed<InviteEmployee>,
    Json(body): Json<InviteEmployeeBody>,
) -> Result<StatusCode, Problem> {
    let names = (body.full_name.expose().as_str(), body.username.as_str());
    deps.partners.invite(&who, names, (body.email.expose(), body.language)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send an invitation anew: the former link opens nothing any more, another goes to the same address and counts for a day. Each request
/// sends one more.
#[utoipa::path(post, path = "/v1/partner/invitations/{id}/resend", tag = "Partner", security(("teller" = [])),
    params(("id" = Uuid, Path, description = "The invitation")),
    responses((status = 204, description = "Another link is on its way"),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `not_found` for one that was used, taken back or is too old, `too_many`")))]
async fn resend_invitation(
    State(deps): State<Deps>,
    who: Allowed<ResendInvitation>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    deps.partners.resend(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take an invitation back: its link opens nothing any more. A repetition is `not_found`.
#[utoipa::path(delete, path = "/v1/partner/invitations/{id}", tag = "Partner", security(("teller" = [])),
    params(("id" = Uuid, Path, description = "The invitation")),
    responses((status = 204, description = "The link opens nothing any more"),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `not_found` also for one that was used")))]
async fn withdraw_invitation(
    State(deps): State<Deps>,
    who: Allowed<WithdrawInvitation>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    deps.partners.withdraw(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where a link to new secrets goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RenewEmployeeBody {
    /// The address.
    #[schema(value_type = String, format = Email)]
    email: Redacted<String>,
    /// Language of the message.
    #[serde(default)]
    language: Language,
}

/// Send an employee a link to a new password and authenticator. The former ones count until it is used; who is disabled comes back by it.
/// Each request sends one more.
#[utoipa::path(post, path = "/v1/partner/employees/{id}/renewal", tag = "Partner", security(("teller" = [])),
    params(("id" = Uuid, Path, description = "The employee")), request_body = RenewEmployeeBody,
    responses((status = 204, description = "The link is on its way"),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `not_found`, `invalid_field`, `too_many`")))]
async fn renew_employee(
    State(deps): State<Deps>,
    who: Allowed<RenewEmployee>,
    Path(id): Path<Uuid>,
    Json(body): Json<RenewEmployeeBody>,
) -> Result<StatusCode, Problem> {
    deps.partners.renew(&who, id, (body.email.expose(), body.language)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A list as it was judged.
#[derive(Debug, Serialize, ToSchema)]
struct EmployeeListReply {
    /// Send it with the list: exactly these people are invited, or none. Null where something is wrong.
    #[schema(example = "0f0e9b4d6c1a4f7e8b2d3c5a6e7f8091")]
    version: Option<String>,
    /// Who would be invited, in the order of the rows.
    items: Vec<EmployeeListItem>,
    /// What is wrong, row by row.
    problems: Vec<EmployeeListProblem>,
}

/// Somebody who would be invited.
#[derive(Debug, Serialize, ToSchema)]
struct EmployeeListItem {
    /// The row's number in the spreadsheet; the heads have 1.
    row: u64,
    /// Full name.
    #[schema(value_type = String)]
    full_name: Redacted<String>,
    /// Log-in name.
    #[schema(value_type = String)]
    username: Redacted<String>,
    /// Whether that was suggested, because the row has none.
    suggested: bool,
    /// Where the link goes.
    #[schema(value_type = String, format = Email)]
    email: Redacted<String>,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
struct EmployeeListProblem {
    /// The row's number.
    row: u64,
    /// `full_name`, `email` or `username`.
    #[schema(example = "email")]
    field: &'static str,
    /// What to do about it.
    message: &'static str,
}

impl EmployeeListReply {
    fn new(plan: Plan, language: Language) -> Self {
        let version = plan.wrong.is_empty().then(|| plan.version());
        let item = |Planned { row, entrant, is_suggested }: Planned| EmployeeListItem {
            row,
            full_name: Redacted(entrant.full_name),
            username: Redacted(entrant.username),
            suggested: is_suggested,
            email: entrant.email,
        };
        let problem = |Wrong { row, field, message }: Wrong| EmployeeListProblem {
            row,
            field,
            message: message.in_language(language),
        };
        let (items, problems) = (plan.people.into_iter().map(item), plan.wrong.into_iter().map(problem));
        Self { version, items: items.collect(), problems: problems.collect() }
    }
}

/// Judge a list of employees: CSV in UTF-8 with the columns `nama` and `surel` (or `name` and `email`), and `nama pengguna` (`username`) where
/// names are not to be suggested; at most 500 people and 256 KiB. Nothing of it is written.
#[utoipa::path(post, path = "/v1/partner/employee-lists/check", tag = "Partner", security(("teller" = [])),
    request_body(content = String, content_type = "text/csv", description = "The list"),
    responses((status = 200, description = "Who would be invited, and what is wrong", body = EmployeeListReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `unsupported_media_type`, `too_large`, `invalid_field` where the whole cannot be read, `too_many`")))]
async fn judge_employee_list(
    State(deps): State<Deps>,
    address: ClientAddress,
    who: Allowed<InviteEmployees>,
    Lang(language): Lang,
    request: Request,
) -> Result<Json<EmployeeListReply>, Problem> {
    intake::announced(request.headers(), KINDS, MOST_BYTES)?;
    let (bytes, _held) = deps.intake.read(address, request.into_body(), MOST_BYTES).await?;
    Ok(Json(EmployeeListReply::new(deps.partners.judge_list(&who, &bytes).await?, language)))
}

/// What browsers call such a file.
const KINDS: &[&str] = &["text/csv", "application/vnd.ms-excel"];

/// In which language the messages are.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EmployeeListQuery {
    /// `id` or `en`.
    #[serde(default)]
    language: Language,
}

/// How many were invited.
#[derive(Debug, Serialize, ToSchema)]
struct EmployeeListSent {
    /// People.
    invited: usize,
}

/// Invite everybody in a list that was judged, all or nobody. Messages go out one after the other, within a quarter of an hour. A repetition is
/// `invalid_field`, because everybody is invited already.
#[utoipa::path(post, path = "/v1/partner/employee-lists", tag = "Partner", security(("teller" = [])),
    params(EmployeeListQuery, ("If-Match" = String, Header, description = "`version` of the check: what was shown is what is sent")),
    request_body(content = String, content_type = "text/csv", description = "The list"),
    responses((status = 201, description = "The links are on their way", body = EmployeeListSent),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `unsupported_media_type`, `too_large`, `invalid_field` where a row is wrong, `wrong_state` where something else would be sent than was shown, `too_many`")))]
async fn send_employee_list(
    State(deps): State<Deps>,
    address: ClientAddress,
    who: Allowed<InviteEmployees>,
    Query(EmployeeListQuery { language }): Query<EmployeeListQuery>,
    request: Request,
) -> Result<(StatusCode, Json<EmployeeListSent>), Problem> {
    intake::announced(request.headers(), KINDS, MOST_BYTES)?;
    let version = shown(request.headers())?.to_owned();
    let (bytes, _held) = deps.intake.read(address, request.into_body(), MOST_BYTES).await?;
    let invited = deps.partners.send_list(&who, &bytes, (&version, language)).await?;
    Ok((StatusCode::CREATED, Json(EmployeeListSent { invited })))
}

/// The version of what was shown.
fn shown(headers: &HeaderMap) -> Result<&str, Code> {
    let value = headers.get(http::header::IF_MATCH).and_then(|value| value.to_str().ok());
    value.map(|value| value.trim_matches('"')).ok_or(Code::MalformedRequest)
}
