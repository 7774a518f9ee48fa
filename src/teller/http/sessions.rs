//! Tellers' log-ins, sessions and passwords.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::model::TellerSession;
use super::super::service::Service;
use super::{PurposeReply, TellerCaller};
use crate::clock::Timestamp;
use crate::error::{Code, Language};
use crate::login::Client;
use crate::login::http::{PasswordBody, SessionsReply};
use crate::login::known::TICKET_DAYS;
use crate::secret::Redacted;
use crate::web::{ClientAddress, Json, Lang, Path, Problem, cookie};

pub(super) fn routes() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(log_in, teller_sessions, end_other_teller_sessions))
        .routes(routes!(current, log_out))
        .routes(routes!(resume))
        .routes(routes!(end_teller_session))
        .routes(routes!(change_teller_password))
}

/// Log-in of a teller.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TellerLogInBody {
    /// Log-in name.
    #[schema(example = "dewi.teller")]
    username: String,
    /// Password.
    #[schema(value_type = String, format = Password)]
    password: Redacted<String>,
    /// Six digits of the authenticator app.
    #[schema(value_type = String, example = "123456")]
    totp: Redacted<String>,
}

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
struct TellerSessionReply {
    /// The employee.
    employee_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// The organisation as which checks are made.
    relying_party: String,
    /// What it may check for.
    purposes: Vec<PurposeReply>,
    /// When the session ends in any case.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When this person logged in before; null at the first time.
    #[schema(value_type = Option<String>, format = DateTime)]
    previous_log_in: Option<Timestamp>,
    /// Log-ins that failed between then and this one.
    failed_log_ins: i64,
}

impl TellerSessionReply {
    fn new(session: TellerSession, language: Language) -> Self {
        let purpose = |purpose: &crate::verification::Purpose| PurposeReply {
            code: purpose.code.clone(),
            text: purpose.text(language).to_owned(),
        };
        Self {
            employee_id: session.employee_id,
            username: session.username,
            full_name: session.full_name,
            relying_party: session.party.name.clone(),
            purposes: session.party.purposes.iter().map(purpose).collect(),
            expires_at: session.expires_at,
            previous_log_in: session.previous_log_in,
            failed_log_ins: session.failed_log_ins,
        }
    }
}

/// Log in as an employee of a relying party. A second cookie makes the browser known: strangers' failures do not count against
/// it. The session is a cookie; it asks for the password again after 30 idle minutes
/// and ends after 12 hours.
#[utoipa::path(post, path = "/v1/teller/sessions", tag = "Teller", request_body = TellerLogInBody,
    responses((status = 201, description = "Logged in; `Set-Cookie` carries the session", body = TellerSessionReply),
        (status = "4XX", description = "`login_failed`, `too_many`")))]
async fn log_in(
    State(service): State<Service>,
    ClientAddress(address): ClientAddress,
    Lang(language): Lang,
    headers: HeaderMap,
    Json(body): Json<TellerLogInBody>,
) -> Result<Response, Problem> {
    let client = Client { address, browser: cookie::read(&headers, cookie::TELLER_BROWSER) };
    let new = service.log_in(&body.username, body.password, body.totp.expose(), client).await?;
    let cookies = AppendHeaders([
        (SET_COOKIE, cookie::set(cookie::TELLER, new.token.expose())),
        (SET_COOKIE, cookie::keep(cookie::TELLER_BROWSER, new.browser.expose(), TICKET_DAYS)),
    ]);
    let reply = TellerSessionReply::new(new.session, language);
    Ok((StatusCode::CREATED, cookies, Json(reply)).into_response())
}

/// Which teller is logged in.
#[utoipa::path(get, path = "/v1/teller/sessions/current", tag = "Teller", security(("teller" = [])),
    responses((status = 200, description = "The session", body = TellerSessionReply),
        (status = "4XX", description = "`session_ended`, `password_required`")))]
async fn current(TellerCaller(teller): TellerCaller, Lang(language): Lang) -> Json<TellerSessionReply> {
    Json(TellerSessionReply::new(teller, language))
}

/// Log a teller out. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/teller/sessions/current", tag = "Teller", security(("teller" = [])),
    responses((status = 204, description = "Logged out")))]
async fn log_out(State(service): State<Service>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(token) = cookie::read(&headers, cookie::TELLER) {
        service.log_out(&token).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie::clear(cookie::TELLER))]).into_response())
}

/// The teller's password alone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TellerResumeBody {
    /// Password.
    #[schema(value_type = String, format = Password)]
    password: Redacted<String>,
}

/// Continue a teller's session that was idle for 30 minutes, with the password alone. `Set-Cookie` carries its new value; the
/// old one has ended.
#[utoipa::path(post, path = "/v1/teller/sessions/current/resume", tag = "Teller", security(("teller" = [])),
    request_body = TellerResumeBody,
    responses((status = 200, description = "Continued", body = TellerSessionReply),
        (status = "4XX", description = "`login_failed`, `session_ended`, `too_many`")))]
async fn resume(
    State(service): State<Service>,
    Lang(language): Lang,
    headers: HeaderMap,
    Json(body): Json<TellerResumeBody>,
) -> Result<Response, Problem> {
    Ok(renewed(service.resume(&token(&headers)?, body.password).await?, language))
}

/// Change a teller's own password. All other sessions end; this one goes on under a new cookie.
#[utoipa::path(post, path = "/v1/teller/password", tag = "Teller", security(("teller" = [])),
    request_body = PasswordBody,
    responses((status = 200, description = "Changed; `Set-Cookie` carries the session", body = TellerSessionReply),
        (status = "4XX", description = "`login_failed`, `invalid_field`, `session_ended`, `password_required`, `too_many`")))]
async fn change_teller_password(
    State(service): State<Service>,
    _: TellerCaller,
    Lang(language): Lang,
    headers: HeaderMap,
    Json(body): Json<PasswordBody>,
) -> Result<Response, Problem> {
    let token = token(&headers)?;
    let changed = service.change_password(&token, body.password, body.totp.expose(), &body.new_password).await?;
    Ok(renewed(changed, language))
}

/// Where this teller is logged in.
#[utoipa::path(get, path = "/v1/teller/sessions", tag = "Teller", security(("teller" = [])),
    responses((status = 200, description = "The sessions", body = SessionsReply),
        (status = "4XX", description = "`session_ended`, `password_required`")))]
async fn teller_sessions(
    State(service): State<Service>,
    _: TellerCaller,
    headers: HeaderMap,
) -> Result<Json<SessionsReply>, Problem> {
    Ok(Json(service.own_sessions(&token(&headers)?).await?.into()))
}

/// Log a teller out everywhere but here.
#[utoipa::path(delete, path = "/v1/teller/sessions", tag = "Teller", security(("teller" = [])),
    responses((status = 204, description = "The other sessions have ended"),
        (status = "4XX", description = "`session_ended`, `password_required`")))]
async fn end_other_teller_sessions(
    State(service): State<Service>,
    _: TellerCaller,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    service.end_sessions(&token(&headers)?, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of a teller's own sessions.
#[utoipa::path(delete, path = "/v1/teller/sessions/{id}", tag = "Teller", security(("teller" = [])),
    params(("id" = Uuid, Path, description = "The session")),
    responses((status = 204, description = "It has ended"),
        (status = "4XX", description = "`session_ended`, `password_required`, `not_found`")))]
async fn end_teller_session(
    State(service): State<Service>,
    _: TellerCaller,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    service.end_sessions(&token(&headers)?, Some(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn token(headers: &HeaderMap) -> Result<String, Problem> {
    Ok(cookie::read(headers, cookie::TELLER).ok_or(Code::SessionEnded)?)
}

fn renewed((token, session): (Redacted<String>, TellerSession), language: Language) -> Response {
    let cookie = cookie::set(cookie::TELLER, token.expose());
    ([(SET_COOKIE, cookie)], Json(TellerSessionReply::new(session, language))).into_response()
}
