//! Endpoints for administrators of relying parties, `/v1/partner`. They log in where employees do, and have the same cookie.

mod invitations;

use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::act::{DisableEmployee, EnableEmployee, MakeKey, ReadParty, RegisterKey, RevokeKey};
use super::model::{Kind, day_of, totals};
use super::service::Partners;
use crate::attribute::Attribute;
use crate::clock::Timestamp;
use crate::config::ApiKeys;
use crate::credential::Reason;
use crate::error::{Code, Language};
use crate::page::Page;
use crate::register::Date;
use crate::relying_party::model::Standing;
use crate::relying_party::ports::NewOwnKey;
use crate::relying_party::usage::Counted;
use crate::relying_party::{KeyLine, Quota};
use crate::staff::http::Entrance;
use crate::staff::ports::Member;
use crate::staff::{Allowed, Role, Staff};
use crate::web::{Json, Lang, PageQuery, Path, Problem, Query, cookie};

/// All routes of this room, for the people of `staff`.
pub fn routes(partners: Partners, staff: Staff) -> OpenApiRouter {
    let entrance = Entrance { staff, session_cookie: cookie::EMPLOYEE, browser_cookie: cookie::EMPLOYEE_BROWSER };
    OpenApiRouter::new()
        .routes(routes!(party))
        .routes(routes!(keys, make_key))
        .routes(routes!(register_key))
        .routes(routes!(revoke_key))
        .routes(routes!(employees))
        .routes(routes!(disable_employee))
        .routes(routes!(enable_employee))
        .routes(routes!(usage))
        .with_state(partners.clone())
        .merge(invitations::routes(partners))
        .layer(Extension(entrance))
}

/// The own organisation.
#[derive(Debug, Serialize, ToSchema)]
struct PartnerReply {
    /// Its name, as holders read it.
    #[schema(example = "Bank Contoh")]
    name: String,
    /// Under what it verifies; null where the administration set none.
    contract: Option<ContractReply>,
    /// How many checks it may put: as its contract says, else as is usual here.
    quota: Quota,
    /// About how many of today's are used; 0 without a quota of a day.
    used_today: i64,
    /// What it is entitled to.
    #[schema(value_type = Vec<Attribute>, example = json!(["full_name", "birth_date", "portrait"]))]
    attributes: Vec<&'static str>,
    /// What it may check for.
    purposes: Vec<PartnerPurpose>,
}

/// The agreement with the administration.
#[derive(Debug, Serialize, ToSchema)]
struct ContractReply {
    /// Its number.
    #[schema(example = "100/PKS/2026")]
    number: String,
    /// Its first day.
    first_day: Date,
    /// Its last day: from the day after, checks are refused with `contract_not_in_force`.
    last_day: Date,
    /// How it stands.
    standing: Standing,
}

/// A purpose that is registered for the organisation.
#[derive(Debug, Serialize, ToSchema)]
struct PartnerPurpose {
    /// What is sent.
    #[schema(example = "open_account")]
    code: String,
    /// What the holder reads in the history, in the language asked for.
    #[schema(example = "Membuka rekening")]
    text: String,
}

/// The own organisation: contract, attributes and purposes, which the administration alone changes.
#[utoipa::path(get, path = "/v1/partner", tag = "Partner", security(("teller" = [])),
    responses((status = 200, description = "The organisation", body = PartnerReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`")))]
async fn party(
    State(partners): State<Partners>,
    who: Allowed<ReadParty>,
    Lang(language): Lang,
) -> Result<Json<PartnerReply>, Problem> {
    let (party, now, used_today) = (&who.agent.party, partners.now(), partners.used_today(&who).await?);
    let contract = party.contract.as_ref().map(|contract| ContractReply {
        number: contract.number.clone(),
        first_day: Date::in_jakarta(contract.begins_at),
        last_day: last_day(contract.ends_at),
        standing: contract.standing(now),
    });
    let purposes = party.purposes.iter();
    let purposes = purposes
        .map(|purpose| PartnerPurpose { code: purpose.code.clone(), text: purpose.text(language).to_owned() })
        .collect();
    let (name, quota, attributes) = (party.name.clone(), partners.quota(party), party.entitled.names());
    Ok(Json(PartnerReply { name, contract, quota, used_today, attributes, purposes }))
}

/// The day before the midnight at which something ends.
pub(crate) fn last_day(ends_at: Timestamp) -> Date {
    Date::in_jakarta(ends_at.plus_seconds(-1))
}

/// The keys of the organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeysReply {
    /// Oldest first.
    pub(crate) items: Vec<KeyItem>,
    /// Whether API keys open anything here; public keys always do.
    api_keys_taken: bool,
    /// The last day on which they do; null for no such day, and where they do not.
    api_keys_until: Option<Date>,
}

impl KeysReply {
    pub(crate) fn new(keys: Vec<KeyLine>, api_keys: ApiKeys, now: Timestamp) -> Self {
        let api_keys_taken = api_keys.are_taken(now);
        let until = match api_keys {
            ApiKeys::Until(last) if api_keys_taken => Some(last.end()),
            _ => None,
        };
        Self {
            items: keys.into_iter().map(|key| KeyItem::new(key, now)).collect(),
            api_keys_taken,
            api_keys_until: until.map(last_day),
        }
    }
}

/// How an API key stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ApiKeyState)]
pub(crate) enum KeyState {
    /// It opens.
    Live,
    /// It reached its end.
    Expired,
    /// It was revoked.
    Revoked,
}

/// What a key is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ApiKeyKind)]
pub(crate) enum KeyKind {
    /// A secret that is sent with each request.
    ApiKey,
    /// A public key, whose owner signs assertions.
    PublicKey,
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyItem {
    /// Its id: of an API key the part between `ikd_rp_`, or `ikd_rt_`, and the secret; of a public key the `kid` of assertions.
    key_id: Uuid,
    /// What it is.
    kind: KeyKind,
    /// Of a public key, its thumbprint (RFC 7638).
    #[schema(example = json!(null))]
    thumbprint: Option<String>,
    /// What it is for; null for keys of before.
    #[schema(example = "Kasir Jakarta")]
    label: Option<String>,
    /// How it stands.
    state: KeyState,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The last day on which it opens; null for one without an end.
    last_day: Option<Date>,
    /// When it was used last, to an hour; null where it never was.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

impl KeyItem {
    pub(crate) fn new(key: KeyLine, now: Timestamp) -> Self {
        let state = match key.revoked_at {
            Some(_) => KeyState::Revoked,
            None if key.lives(now) => KeyState::Live,
            None => KeyState::Expired,
        };
        let thumbprint = key.thumbprint();
        Self {
            key_id: key.key_id,
            kind: if thumbprint.is_some() { KeyKind::PublicKey } else { KeyKind::ApiKey },
            thumbprint,
            label: key.label,
            state,
            created_at: key.created_at,
            last_day: key.expires_at.map(last_day),
            last_used_at: key.last_used_at,
        }
    }
}

/// The organisation's keys, oldest first.
#[utoipa::path(get, path = "/v1/partner/keys", tag = "Partner", security(("teller" = [])),
    responses((status = 200, description = "The keys", body = KeysReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`")))]
async fn keys(State(partners): State<Partners>, who: Allowed<ReadParty>) -> Result<Json<KeysReply>, Problem> {
    let (keys, now) = (partners.keys(&who).await?, partners.now());
    Ok(Json(KeysReply::new(keys, partners.api_keys(), now)))
}

/// A key that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeKeyBody {
    /// What it is for.
    #[schema(example = "Kasir Jakarta")]
    pub(crate) label: String,
    /// The last day on which it opens: at most 365 days from now.
    pub(crate) last_day: Date,
}

/// A new key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewKeyReply {
    /// Its id.
    pub(crate) key_id: Uuid,
    /// The key, shown this once: the service keeps only a hash of it.
    #[schema(example = "ikd_rp_0192f0c1…")]
    pub(crate) api_key: String,
    /// The last day on which it opens.
    pub(crate) last_day: Date,
}

/// Make an API key. It is shown this once. Two API keys may live at once, so that one takes over from the other. A repetition makes another:
/// revoke the one that was lost. Better register a public key: its private half is with you alone.
#[utoipa::path(post, path = "/v1/partner/keys", tag = "Partner", security(("teller" = [])), request_body = MakeKeyBody,
    responses((status = 201, description = "The key", body = NewKeyReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `invalid_field`, `wrong_state` where two live or the service takes no API keys any more")))]
async fn make_key(
    State(partners): State<Partners>,
    who: Allowed<MakeKey>,
    Json(body): Json<MakeKeyBody>,
) -> Result<(StatusCode, Json<NewKeyReply>), Problem> {
    let (key, ends_at) = partners.make_key(&who, &body.label, body.last_day).await?;
    let reply = NewKeyReply { key_id: key.key_id, api_key: key.expose(), last_day: last_day(ends_at) };
    Ok((StatusCode::CREATED, Json(reply)))
}

/// A public key that is to be registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterKeyBody {
    /// What it is for.
    #[schema(example = "Kasir Jakarta")]
    pub(crate) label: String,
    /// The last day on which it opens: at most 365 days from now.
    pub(crate) last_day: Date,
    /// The public key as a JWK (RFC 7517), or a set of this one: Ed25519 or P-256. Its private half stays with you.
    #[schema(value_type = Object, example = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}))]
    pub(crate) jwk: serde_json::Value,
}

/// A registered key, and what assertions say.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegisteredKeyReply {
    /// Its id: the `kid` of assertions.
    key_id: Uuid,
    /// What the organisation is called: their `iss` and `sub`.
    client_id: Uuid,
    /// Their `aud`.
    #[schema(example = "https://ikd.example")]
    issuer: String,
    /// Where they are sent.
    #[schema(example = "https://ikd.example/v1/oauth/token")]
    token_endpoint: String,
    /// The key's thumbprint (RFC 7638), to be compared with your own.
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    thumbprint: Option<String>,
    /// The last day on which it opens.
    last_day: Date,
}

impl RegisteredKeyReply {
    pub(crate) fn new(key: &NewOwnKey, client_id: Uuid, issuer: String, ends_at: Timestamp) -> Self {
        Self {
            key_id: key.key_id(),
            client_id,
            token_endpoint: format!("{issuer}{}", crate::oauth::http::PATH),
            issuer,
            thumbprint: key.thumbprint(),
            last_day: last_day(ends_at),
        }
    }
}

/// Register a public key, with which the organisation's systems ask for access tokens at `POST /v1/oauth/token`. Two public keys may live
/// at once, beside API keys, so that one takes over from the other. A key is registered once: where the answer was lost, look at the list.
#[utoipa::path(post, path = "/v1/partner/public-keys", tag = "Partner", security(("teller" = [])), request_body = RegisterKeyBody,
    responses((status = 201, description = "The key, and what assertions say", body = RegisteredKeyReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `invalid_field`, `wrong_state` where two live")))]
async fn register_key(
    State(partners): State<Partners>,
    who: Allowed<RegisterKey>,
    Json(body): Json<RegisterKeyBody>,
) -> Result<(StatusCode, Json<RegisteredKeyReply>), Problem> {
    let (key, ends_at) = partners.register_key(&who, &body.jwk, &body.label, body.last_day).await?;
    let (client_id, issuer) = (who.agent.party.relying_party_id, partners.token_issuer().to_owned());
    Ok((StatusCode::CREATED, Json(RegisteredKeyReply::new(&key, client_id, issuer, ends_at))))
}

/// Revoke a key: every node refuses it within a second. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/partner/keys/{id}", tag = "Partner", security(("teller" = [])),
    params(("id" = Uuid, Path, description = "The key")),
    responses((status = 204, description = "It opens nothing any more"),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `not_found`")))]
async fn revoke_key(
    State(partners): State<Partners>,
    who: Allowed<RevokeKey>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    partners.revoke_key(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A page of the organisation's people.
#[derive(Debug, Serialize, ToSchema)]
struct EmployeesReply {
    /// By their user names.
    items: Vec<EmployeeItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// Somebody of the organisation who logs in.
#[derive(Debug, Serialize, ToSchema)]
struct EmployeeItem {
    /// Who.
    employee_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// Whether they are an administrator, whom only the administration disables.
    administrator: bool,
    /// Whether they may log in.
    active: bool,
    /// When they logged in last; null where they never did.
    #[schema(value_type = Option<String>, format = DateTime)]
    logged_in_at: Option<Timestamp>,
}

impl From<Member> for EmployeeItem {
    fn from(row: Member) -> Self {
        Self {
            employee_id: row.staff_id,
            username: row.username,
            full_name: row.full_name,
            administrator: row.role == Role::PartyAdministrator,
            active: row.state == crate::staff::model::AccountState::Active,
            logged_in_at: row.logged_in_at,
        }
    }
}

/// The organisation's people who log in, by their user names.
#[utoipa::path(get, path = "/v1/partner/employees", tag = "Partner", security(("teller" = [])), params(PageQuery),
    responses((status = 200, description = "A page", body = EmployeesReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `malformed_request`")))]
async fn employees(
    State(partners): State<Partners>,
    who: Allowed<ReadParty>,
    Query(query): Query<PageQuery>,
) -> Result<Json<EmployeesReply>, Problem> {
    let page = partners.people(&who, query.cursor.as_deref(), query.limit()).await?;
    let Page { items, next } = page.map(EmployeeItem::from);
    Ok(Json(EmployeesReply { items, next }))
}

/// Disable an employee at once: running sessions end. Repeating it changes nothing.
#[utoipa::path(post, path = "/v1/partner/employees/{id}/disable", tag = "Partner", security(("teller" = [])),
    params(("id" = Uuid, Path, description = "The employee")),
    responses((status = 204, description = "The employee may not log in"),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `not_found`")))]
async fn disable_employee(
    State(partners): State<Partners>,
    who: Allowed<DisableEmployee>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    partners.disable(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let a disabled employee log in again, with password and authenticator as before. Repeating it changes nothing.
#[utoipa::path(post, path = "/v1/partner/employees/{id}/enable", tag = "Partner", security(("teller" = [])),
    params(("id" = Uuid, Path, description = "The employee")),
    responses((status = 204, description = "The employee may log in"),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `not_found`")))]
async fn enable_employee(
    State(partners): State<Partners>,
    who: Allowed<EnableEmployee>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    partners.enable(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which month is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UsageQuery {
    /// The month as `YYYY-MM`; this one, where it is left out. Figures are kept for two years.
    #[serde(default)]
    #[param(example = "2026-11")]
    month: Option<String>,
}

/// The organisation's questions of a month. They are counts: of nobody.
#[derive(Debug, Serialize, ToSchema)]
struct UsageReply {
    /// The month.
    #[schema(example = "2026-11")]
    month: String,
    /// Of the whole month: the valid ones first.
    total: Vec<UsageItem>,
    /// Day by day, the days without questions left out.
    days: Vec<UsageDay>,
}

/// Questions of a day.
#[derive(Debug, Serialize, ToSchema)]
struct UsageDay {
    /// The day, in Jakarta.
    day: Date,
    /// By what became of them.
    items: Vec<UsageItem>,
}

/// Questions that ended in one way.
#[derive(Debug, Serialize, ToSchema)]
struct UsageItem {
    /// Whether the QR was good, was not, or the question itself was refused.
    kind: Kind,
    /// `valid`, the `reason`, or the `code` of the error.
    #[schema(example = "expired")]
    outcome: String,
    /// The same as a sentence; null for `valid`.
    text: Option<&'static str>,
    /// How many.
    #[schema(example = 12)]
    questions: i64,
}

impl UsageItem {
    fn all(counted: &[Counted], language: Language) -> Vec<Self> {
        let items = totals(counted).into_iter();
        items
            .map(|(kind, outcome, questions)| Self { text: text(&outcome, language), kind, outcome, questions })
            .collect()
    }
}

fn text(outcome: &str, language: Language) -> Option<&'static str> {
    let reason = Reason::from_name(outcome).map(Reason::message);
    let code = || Code::ALL.iter().find(|code| code.as_str() == outcome).map(|code| code.title());
    Some(reason.or_else(code)?.in_language(language))
}

/// How many questions were put in a month, by day and by what became of them. A question of the last seconds may be missing.
#[utoipa::path(get, path = "/v1/partner/usage", tag = "Partner", security(("teller" = [])), params(UsageQuery),
    responses((status = 200, description = "The month", body = UsageReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `malformed_request`")))]
async fn usage(
    State(partners): State<Partners>,
    who: Allowed<ReadParty>,
    Lang(language): Lang,
    Query(query): Query<UsageQuery>,
) -> Result<Json<UsageReply>, Problem> {
    let (month, counted) = partners.usage(&who, query.month.as_deref()).await?;
    let days = counted.chunk_by(|one, next| one.day == next.day);
    let days =
        days.filter_map(|day| Some(UsageDay { day: day_of(day.first()?.day)?, items: UsageItem::all(day, language) }));
    let (total, days) = (UsageItem::all(&counted, language), days.collect());
    Ok(Json(UsageReply { month: month.to_string(), total, days }))
}
