//! The audit log of all offices, for auditors.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{CheckChain, OpenSubject, SearchAllAudit};
use super::super::audit_log::{AuditLog, Chain, NamedLine};
use crate::audit::http::{ActItem, ActionsReply, ActsReply, wanted_action, wanted_time};
use crate::audit::model::Wanted;
use crate::audit::report::PartReport;
use crate::error::Refusal;
use crate::page::{self, Page};
use crate::registration::model::State as RegistrationState;
use crate::registration::review::View;
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Lang, PageQuery, Problem, Query};

pub(super) fn routes() -> OpenApiRouter<AuditLog> {
    OpenApiRouter::new()
        .routes(routes!(audit_chains))
        .routes(routes!(audited_actions))
        .routes(routes!(search_all_acts))
        .routes(routes!(open_subject))
        .routes(routes!(check_chain))
}

/// Chains of the log.
#[derive(Debug, Serialize, ToSchema)]
struct ChainsReply {
    /// The general one first, then those of offices.
    items: Vec<ChainItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// A chain.
#[derive(Debug, Serialize, ToSchema)]
struct ChainItem {
    /// Its id.
    chain: Uuid,
    /// Code of the office; null for the general chain.
    #[schema(example = "JKT-01")]
    office: Option<String>,
    /// Name of the office; null for the general chain.
    name: Option<String>,
    /// How many entries it has.
    entries: i64,
}

impl From<Chain> for ChainItem {
    fn from(chain: Chain) -> Self {
        let (office, name) = chain.office.unzip();
        Self { chain: chain.state.chain, office, name, entries: chain.state.entries }
    }
}

/// The chains of the log: one of each office, and the general one. Auditors.
#[utoipa::path(get, path = "/v1/admin/audit/chains", tag = "Admin", security(("official" = [])), params(PageQuery),
    responses((status = 200, description = "A page", body = ChainsReply),
        (status = "4XX", description = "`malformed_request`, `forbidden`, `session_ended`")))]
async fn audit_chains(
    State(log): State<AuditLog>,
    official: Allowed<SearchAllAudit>,
    Query(query): Query<PageQuery>,
) -> Result<Json<ChainsReply>, Problem> {
    let Page { items, next } =
        log.chains(&official, query.cursor.as_deref(), query.limit()).await?.map(ChainItem::from);
    Ok(Json(ChainsReply { items, next }))
}

/// The actions that the audit log knows. Auditors.
#[utoipa::path(get, path = "/v1/admin/audit/actions", tag = "Admin", security(("official" = [])),
    responses((status = 200, description = "The actions", body = ActionsReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn audited_actions(_: Allowed<SearchAllAudit>, Lang(language): Lang) -> Result<Json<ActionsReply>, Problem> {
    Ok(Json(ActionsReply::of(language)))
}

/// What is searched for; what is left out may be anything.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AllActsBody {
    /// Why: 5–500 characters. It is kept, and whoever reads the log reads it, the office's head too.
    #[schema(value_type = String, example = "Pemeriksaan triwulan")]
    reason: Redacted<String>,
    /// Code of an office. Left out: the general chain, with the acts of the national administration, relying parties and operators.
    #[serde(default)]
    #[schema(example = "JKT-01")]
    office: Option<String>,
    /// Who acted.
    #[serde(default)]
    actor_id: Option<Uuid>,
    /// What was done, a word of `GET /v1/admin/audit/actions`.
    #[serde(default)]
    #[schema(example = "view_with_reason")]
    action: Option<String>,
    /// Whom or what it was about.
    #[serde(default)]
    subject_id: Option<Uuid>,
    /// Only what was refused or failed.
    #[serde(default)]
    refused: bool,
    /// The first day, in Jakarta.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    first_day: Option<String>,
    /// The last day, in Jakarta.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    last_day: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// 1–100; 30 when left out.
    #[serde(default)]
    limit: Option<i64>,
}

impl AllActsBody {
    fn wanted(&self) -> Result<Wanted, Refusal> {
        let (since, until) = wanted_time(self.first_day.as_deref(), self.last_day.as_deref())?;
        Ok(Wanted {
            actor_id: self.actor_id,
            action: wanted_action(self.action.as_deref())?,
            subject_id: self.subject_id,
            refused: self.refused,
            since,
            until,
        })
    }
}

/// Search the audit log of an office, or the general one. The search itself is noted there, with its reason, and there are a hundred a day.
/// What is found are acts and ids: `POST …/openings` opens the data of one. Auditors.
#[utoipa::path(post, path = "/v1/admin/audit/searches", tag = "Admin", security(("official" = [])), request_body = AllActsBody,
    responses((status = 200, description = "A page", body = ActsReply),
        (status = "4XX", description = "`invalid_field`, `malformed_request`, `too_many`, `forbidden`")))]
async fn search_all_acts(
    State(log): State<AuditLog>,
    official: Allowed<SearchAllAudit>,
    Lang(language): Lang,
    Json(body): Json<AllActsBody>,
) -> Result<Json<ActsReply>, Problem> {
    let (wanted, limit) = (body.wanted()?, body.limit.unwrap_or(30).clamp(1, page::MOST));
    let what = (body.office.as_deref(), &wanted, body.reason.expose().as_str());
    let page = log.search(&official, what, body.cursor.as_deref(), limit).await?;
    let item = |NamedLine { line, actor, reason }| ActItem::of(line, (actor, None, reason), language);
    let Page { items, next } = page.map(item);
    Ok(Json(ActsReply { items, next }))
}

/// Whose data are opened, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OpeningBody {
    /// Code of the office in whose log the subject stands.
    #[schema(example = "JKT-01")]
    office: String,
    /// The subject: a registration.
    subject_id: Uuid,
    /// Why: 5–500 characters. It is kept, and the office's head reads it.
    #[schema(value_type = String, example = "Keluhan warga tentang data yang dibuka")]
    reason: Redacted<String>,
}

/// A registration whose data an auditor opened.
#[derive(Debug, Serialize, ToSchema)]
struct OpenedReply {
    /// Its id.
    registration_id: Uuid,
    /// Where it stands.
    state: RegistrationState,
    /// NIK.
    #[schema(value_type = String)]
    nik: Redacted<String>,
    /// Name as the resident wrote it.
    #[schema(value_type = String)]
    full_name: Redacted<String>,
    /// Birth date.
    birth_date: String,
    /// Phone number.
    #[schema(value_type = String)]
    phone: Redacted<String>,
    /// E-mail; null for who has none.
    #[schema(value_type = Option<String>)]
    email: Option<Redacted<String>>,
}

impl From<View> for OpenedReply {
    fn from(view: View) -> Self {
        let submitted = view.submitted;
        Self {
            registration_id: view.registration_id,
            state: view.state,
            nik: Redacted(submitted.nik.as_str().to_owned()),
            full_name: submitted.full_name,
            birth_date: submitted.birth_date.to_string(),
            phone: submitted.phone,
            email: submitted.email,
        }
    }
}

/// Open the data of a registration, once: the act and its reason stand in the office's log, and the office's heads get a message that names
/// nobody. Ten a day. Each repetition is another opening. Auditors.
#[utoipa::path(post, path = "/v1/admin/audit/openings", tag = "Admin", security(("official" = [])), request_body = OpeningBody,
    responses((status = 200, description = "The data", body = OpenedReply),
        (status = "4XX", description = "`invalid_field`, `not_found` for what is no registration of the office, `too_many`, `forbidden`")))]
async fn open_subject(
    State(log): State<AuditLog>,
    official: Allowed<OpenSubject>,
    Lang(language): Lang,
    Json(body): Json<OpeningBody>,
) -> Result<Json<OpenedReply>, Problem> {
    let what = (body.office.as_str(), body.subject_id, body.reason.expose().as_str());
    Ok(Json(log.open(&official, what, language).await?.into()))
}

/// A part of a chain that is to be checked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PartBody {
    /// The chain.
    chain: Uuid,
    /// The entry after which to begin; 0 for the whole.
    #[serde(default)]
    after: i64,
}

/// What checking a part of a chain found.
#[derive(Debug, Serialize, ToSchema)]
struct PartReply {
    /// Whether nothing was altered, deleted or moved in what was read.
    sound: bool,
    /// How many places are wrong.
    faults: usize,
    /// The last entry that was read.
    until: i64,
    /// The last entry of the chain, as its head says.
    last: i64,
    /// The entry after which to go on; null when the chain was read to its end.
    next: Option<i64>,
}

impl From<PartReport> for PartReply {
    fn from(part: PartReport) -> Self {
        Self {
            sound: part.report.is_sound(),
            faults: part.report.faults.len(),
            until: part.until,
            last: part.last,
            next: Some(part.until).filter(|until| *until < part.last),
        }
    }
}

/// Check whether 5,000 entries of a chain were altered, deleted or moved; begun at 0 and gone on until `next` is null, the whole of it, as
/// `ikd audit verify` does. Of the general chain also whether every chain that it names is there. Auditors.
#[utoipa::path(post, path = "/v1/admin/audit/checks", tag = "Admin", security(("official" = [])), request_body = PartBody,
    responses((status = 200, description = "What was found", body = PartReply),
        (status = "4XX", description = "`not_found` for a chain that is none, `invalid_field`, `forbidden`")))]
async fn check_chain(
    State(log): State<AuditLog>,
    official: Allowed<CheckChain>,
    Json(body): Json<PartBody>,
) -> Result<Json<PartReply>, Problem> {
    Ok(Json(log.check(&official, (body.chain, body.after)).await?.into()))
}
