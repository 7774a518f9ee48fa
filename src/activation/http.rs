//! The routes of activation.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::enrolment::Enrolled;
use super::service::Service;
use crate::activation_code::model::MailStatus;
use crate::clock::Timestamp;
use crate::device::http::{Device, PinRequest};
use crate::mail::MailState;
use crate::registration::model::{Next, State as RegistrationState};
use crate::secret::Redacted;
use crate::web::{Json, Path, Problem};

/// The code from the e-mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeRequest {
    /// Six digits; spaces and dashes are forgiven.
    #[schema(value_type = String, example = "123 456")]
    code: Redacted<String>,
    /// The solution of a challenge from `POST /v1/captcha`, as the ALTCHA widget encodes it (base64 of JSON).
    #[serde(default)]
    captcha: Option<String>,
}

/// Where the registration stands now.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgressReply {
    /// The registration.
    registration_id: Uuid,
    /// Its state.
    state: RegistrationState,
    /// What the resident does next.
    next: Next,
}

impl ProgressReply {
    const fn new(registration_id: Uuid, state: RegistrationState) -> Self {
        Self { registration_id, state, next: state.next() }
    }
}

/// The mail is on its way, or waits for its turn.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResendReply {
    /// `queued` or `held`; `GET /v1/registrations/{id}` says when it was sent.
    mail: MailState,
    /// With `held`: when it goes out by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    mail_at: Option<Timestamp>,
}

/// Enters the activation code. Five tries; repeated with the right code it succeeds again.
#[utoipa::path(post, path = "/v1/registrations/{id}/activation-code", tag = "Activation", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = CodeRequest,
    responses(
        (status = 200, description = "The code was right", body = ProgressReply),
        (status = "4XX", description = "Refused"),
    ))]
async fn enter_code(
    State(service): State<Service>,
    device: Device,
    Path(id): Path<Uuid>,
    Json(body): Json<CodeRequest>,
) -> Result<Json<ProgressReply>, Problem> {
    let state = service.codes.enter(&device.thumbprint, id, &body.code, body.captcha.as_deref()).await?;
    Ok(Json(ProgressReply::new(id, state)))
}

/// Sends the living code again, or a new one when it has expired or its tries are used up (at most 3 a day).
#[utoipa::path(post, path = "/v1/registrations/{id}/activation-code/resend", tag = "Activation", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses(
        (status = 202, description = "The mail is on its way", body = ResendReply),
        (status = "4XX", description = "Refused"),
    ))]
async fn resend_code(
    State(service): State<Service>,
    device: Device,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<ResendReply>), Problem> {
    let MailStatus { mail, at: mail_at } = service.codes.resend(&device.thumbprint, id).await?;
    Ok((StatusCode::ACCEPTED, Json(ResendReply { mail, mail_at })))
}

/// Sets the PIN: the digital KTP becomes active on this device. Repeated with the same key it succeeds again.
#[utoipa::path(post, path = "/v1/registrations/{id}/pin", tag = "Activation", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = PinRequest,
    responses(
        (status = 201, description = "Active", body = ProgressReply),
        (status = 200, description = "Was active already, by the same request", body = ProgressReply),
        (status = "4XX", description = "Refused"),
    ))]
async fn set_pin(
    State(service): State<Service>,
    device: Device,
    Path(id): Path<Uuid>,
    Json(body): Json<PinRequest>,
) -> Result<(StatusCode, Json<ProgressReply>), Problem> {
    let status = match service.enrolments.enrol(&device.thumbprint, id, &body.into()).await? {
        Enrolled::Now => StatusCode::CREATED,
        Enrolled::Before => StatusCode::OK,
    };
    Ok((status, Json(ProgressReply::new(id, RegistrationState::Active))))
}

/// The routes of this room. They need a [`crate::device::Guard`] among the request's extensions.
pub fn routes(service: Service) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(enter_code))
        .routes(routes!(resend_code))
        .routes(routes!(set_pin))
        .with_state(service)
}
