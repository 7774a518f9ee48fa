//! Endpoints of a relying party's webhook, for its administrators.

use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::model::{Fault, State as Standing};
use super::service::{View, Webhooks};
use crate::clock::Timestamp;
use crate::error::Code;
use crate::partner::act::{ReadParty, RemoveWebhook, SetWebhook, VerifyWebhook};
use crate::staff::http::Entrance;
use crate::staff::{Allowed, Staff};
use crate::web::{Json, Problem, cookie};

/// All routes of this room, for the people of `staff`.
pub fn routes(webhooks: Webhooks, staff: Staff) -> OpenApiRouter {
    let entrance = Entrance { staff, session_cookie: cookie::EMPLOYEE, browser_cookie: cookie::EMPLOYEE_BROWSER };
    OpenApiRouter::new()
        .routes(routes!(webhook, set_webhook, remove_webhook))
        .routes(routes!(verify_webhook))
        .with_state(webhooks)
        .layer(Extension(entrance))
}

/// The organisation's webhook.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookReply {
    /// Where it is.
    #[schema(example = "https://bank.example/ikd")]
    url: String,
    /// How it stands.
    state: Standing,
    /// When the address was set.
    #[schema(value_type = String, format = DateTime)]
    set_at: Timestamp,
    /// When something arrived last; null where nothing did.
    #[schema(value_type = Option<String>, format = DateTime)]
    delivered_at: Option<Timestamp>,
    /// Since when nothing arrives; null where the last message did.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Timestamp>,
    /// Why the last try failed.
    fault: Option<Fault>,
    /// Messages that wait: 1,000 stands for more, too.
    waiting: i64,
}

impl From<View> for WebhookReply {
    fn from(view: View) -> Self {
        Self {
            url: view.url,
            state: view.row.state,
            set_at: view.row.set_at,
            delivered_at: view.row.delivered_at,
            failing_since: view.row.failing_since,
            fault: view.row.fault,
            waiting: view.waiting,
        }
    }
}

/// The organisation's webhook, and whether what is sent arrives.
#[utoipa::path(get, path = "/v1/partner/webhook", tag = "Partner", security(("teller" = [])),
    responses((status = 200, description = "The webhook", body = WebhookReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `not_found` where there is none")))]
async fn webhook(State(webhooks): State<Webhooks>, who: Allowed<ReadParty>) -> Result<Json<WebhookReply>, Problem> {
    let view = webhooks.own(&who).await?.ok_or(Code::NotFound)?;
    Ok(Json(view.into()))
}

/// Where the webhook is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookBody {
    /// An https address with a domain name, without a log-in and a fragment.
    #[schema(example = "https://bank.example/ikd")]
    url: String,
}

/// What a webhook's messages are signed with.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookSecretReply {
    /// Where it is.
    url: String,
    /// The secret, shown this once: `whsec_` and 32 bytes in base64, as the libraries of Standard Webhooks take it.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")]
    secret: String,
}

/// Set where the webhook is
///
/// Messages are signed as Standard Webhooks 1.0 says: `webhook-id`, `webhook-timestamp` and `webhook-signature` (`v1`, HMAC-SHA-256).
/// Nothing is sent before `POST /v1/partner/webhook/verification` succeeded. Then `verification.annulled` is sent for each entry of
/// `GET /v1/annulled-verifications`, with the same members in `data`. Answer 2xx within 10 seconds; redirects are not followed. What does
/// not arrive is sent again, ever more rarely, for five days; then the webhook is stopped and a mail says so, and the list has
/// everything. A message may come twice: `webhook-id` says so. Repeating this makes a new secret and forgets what waited.
#[utoipa::path(put, path = "/v1/partner/webhook", tag = "Partner", security(("teller" = [])), request_body = WebhookBody,
    responses((status = 200, description = "Set; it has to be verified", body = WebhookSecretReply),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `invalid_field`")))]
async fn set_webhook(
    State(webhooks): State<Webhooks>,
    who: Allowed<SetWebhook>,
    Json(body): Json<WebhookBody>,
) -> Result<Json<WebhookSecretReply>, Problem> {
    let target = webhooks.set(&who, &body.url).await?;
    Ok(Json(WebhookSecretReply { url: target.url.expose().clone(), secret: target.shown_secret() }))
}

/// Remove the webhook. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/partner/webhook", tag = "Partner", security(("teller" = [])),
    responses((status = 204, description = "There is none"),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`")))]
async fn remove_webhook(State(webhooks): State<Webhooks>, who: Allowed<RemoveWebhook>) -> Result<StatusCode, Problem> {
    webhooks.remove(&who).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have the webhook verified
///
/// A signed message `endpoint.verification` is sent there, and `data.challenge` of it has to come back within 10 seconds, as
/// `{"challenge": …}`. Ten times an hour. Repeating it after a success changes nothing.
#[utoipa::path(post, path = "/v1/partner/webhook/verification", tag = "Partner", security(("teller" = [])),
    responses((status = 204, description = "It answered: what happens is sent there"),
        (status = "4XX", description = "`session_ended`, `password_required`, `forbidden`, `not_found`, `webhook_unanswered`, `too_many`, `wrong_state`")))]
async fn verify_webhook(State(webhooks): State<Webhooks>, who: Allowed<VerifyWebhook>) -> Result<StatusCode, Problem> {
    webhooks.verify(&who).await?;
    Ok(StatusCode::NO_CONTENT)
}
