//! Officers' log-ins, sessions and passwords.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::model::Role;
use super::super::service::{OfficerSession, Service};
use super::OfficerCaller;
use crate::clock::Timestamp;
use crate::error::Code;
use crate::login::Client;
use crate::login::http::{PasswordBody, SessionsReply};
use crate::login::known::TICKET_DAYS;
use crate::secret::Redacted;
use crate::web::{ClientAddress, Json, Path, Problem, cookie};

pub(super) fn routes() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(log_in, own_sessions, end_other_sessions))
        .routes(routes!(current, log_out))
        .routes(routes!(resume))
        .routes(routes!(end_session))
        .routes(routes!(change_password))
}

/// Log-in of an officer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LogInBody {
    /// Log-in name.
    #[schema(example = "siti.rahma")]
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
// The wallet has a reply of this name too, and the API's description one place for each name.
#[schema(as = OfficerSessionReply)]
struct SessionReply {
    /// The officer.
    officer_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// What the officer may do.
    role: Role,
    /// Name of the office.
    office: String,
    /// When the session ends in any case.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When this person logged in before; null at the first time.
    #[schema(value_type = Option<String>, format = DateTime)]
    previous_log_in: Option<Timestamp>,
    /// Log-ins that failed between then and this one.
    failed_log_ins: i64,
}

impl From<OfficerSession> for SessionReply {
    fn from(session: OfficerSession) -> Self {
        Self {
            officer_id: session.officer_id,
            username: session.username,
            full_name: session.full_name,
            role: session.role,
            office: session.office_name,
            expires_at: session.expires_at,
            previous_log_in: session.previous_log_in,
            failed_log_ins: session.failed_log_ins,
        }
    }
}

/// Log in. A second cookie makes the browser known: strangers' failures do not count against it. The session is a cookie; it asks for the password again after 30 idle minutes and ends after 12 hours.
#[utoipa::path(post, path = "/v1/officer/sessions", tag = "Counter", request_body = LogInBody,
    responses((status = 201, description = "Logged in; `Set-Cookie` carries the session", body = SessionReply),
        (status = "4XX", description = "`login_failed`, `too_many`")))]
async fn log_in(
    State(service): State<Service>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Json(body): Json<LogInBody>,
) -> Result<Response, Problem> {
    let client = Client { address, browser: cookie::read(&headers, cookie::OFFICER_BROWSER) };
    let new = service.log_in(&body.username, body.password, body.totp.expose(), client).await?;
    let cookies = AppendHeaders([
        (SET_COOKIE, cookie::set(cookie::OFFICER, new.token.expose())),
        (SET_COOKIE, cookie::keep(cookie::OFFICER_BROWSER, new.browser.expose(), TICKET_DAYS)),
    ]);
    Ok((StatusCode::CREATED, cookies, Json(SessionReply::from(new.session))).into_response())
}

/// Who is logged in.
#[utoipa::path(get, path = "/v1/officer/sessions/current", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The session", body = SessionReply),
        (status = "4XX", description = "`session_ended`, `password_required`")))]
async fn current(OfficerCaller(officer): OfficerCaller) -> Json<SessionReply> {
    Json(officer.into())
}

/// Log out. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/officer/sessions/current", tag = "Counter", security(("officer" = [])),
    responses((status = 204, description = "Logged out")))]
async fn log_out(State(service): State<Service>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(token) = cookie::read(&headers, cookie::OFFICER) {
        service.log_out(&token).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie::clear(cookie::OFFICER))]).into_response())
}

/// The password alone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResumeBody {
    /// Password.
    #[schema(value_type = String, format = Password)]
    password: Redacted<String>,
}

/// Continue a session that was idle for 30 minutes, with the password alone. `Set-Cookie` carries its new value; the old one has
/// ended.
#[utoipa::path(post, path = "/v1/officer/sessions/current/resume", tag = "Counter", security(("officer" = [])),
    request_body = ResumeBody,
    responses((status = 200, description = "Continued", body = SessionReply),
        (status = "4XX", description = "`login_failed`, `session_ended`, `too_many`")))]
async fn resume(
    State(service): State<Service>,
    headers: HeaderMap,
    Json(body): Json<ResumeBody>,
) -> Result<Response, Problem> {
    Ok(renewed(service.resume(&token(&headers)?, body.password).await?))
}

/// Change the own password. All other sessions end; this one goes on under a new cookie.
#[utoipa::path(post, path = "/v1/officer/password", tag = "Counter", security(("officer" = [])),
    request_body = PasswordBody,
    responses((status = 200, description = "Changed; `Set-Cookie` carries the session", body = SessionReply),
        (status = "4XX", description = "`login_failed`, `invalid_field`, `session_ended`, `password_required`, `too_many`")))]
async fn change_password(
    State(service): State<Service>,
    _: OfficerCaller,
    headers: HeaderMap,
    Json(body): Json<PasswordBody>,
) -> Result<Response, Problem> {
    let token = token(&headers)?;
    let changed = service.change_password(&token, body.password, body.totp.expose(), &body.new_password).await?;
    Ok(renewed(changed))
}

/// Where this officer is logged in.
#[utoipa::path(get, path = "/v1/officer/sessions", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The sessions", body = SessionsReply),
        (status = "4XX", description = "`session_ended`, `password_required`")))]
async fn own_sessions(
    State(service): State<Service>,
    _: OfficerCaller,
    headers: HeaderMap,
) -> Result<Json<SessionsReply>, Problem> {
    Ok(Json(service.own_sessions(&token(&headers)?).await?.into()))
}

/// Log out everywhere but here.
#[utoipa::path(delete, path = "/v1/officer/sessions", tag = "Counter", security(("officer" = [])),
    responses((status = 204, description = "The other sessions have ended"),
        (status = "4XX", description = "`session_ended`, `password_required`")))]
async fn end_other_sessions(
    State(service): State<Service>,
    _: OfficerCaller,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    service.end_sessions(&token(&headers)?, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of the own sessions.
#[utoipa::path(delete, path = "/v1/officer/sessions/{id}", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The session")),
    responses((status = 204, description = "It has ended"),
        (status = "4XX", description = "`session_ended`, `password_required`, `not_found`")))]
async fn end_session(
    State(service): State<Service>,
    _: OfficerCaller,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    service.end_sessions(&token(&headers)?, Some(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn token(headers: &HeaderMap) -> Result<String, Problem> {
    Ok(cookie::read(headers, cookie::OFFICER).ok_or(Code::SessionEnded)?)
}

fn renewed((token, session): (Redacted<String>, OfficerSession)) -> Response {
    let cookie = cookie::set(cookie::OFFICER, token.expose());
    ([(SET_COOKIE, cookie)], Json(SessionReply::from(session))).into_response()
}
