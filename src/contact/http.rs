//! The phone's routes of a change of address.

use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::model::{COOLING_SECONDS, FORMER_SECONDS, NEW_PHONE_SECONDS, State as ChangeState, UNSETTLED_SECONDS};
use super::service::{Ask, Contacts, Pending, View};
use crate::clock::{DAY, HOUR, Timestamp};
use crate::secret::Redacted;
use crate::wallet;
use crate::wallet::http::Resident;
use crate::web::{Json, Problem};

/// All routes of this room; `wallet` knows who has unlocked.
pub fn routes(contacts: Contacts, wallet: wallet::Service) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(contact, ask_contact_change, stop_contact_change))
        .routes(routes!(confirm_contact))
        .with_state(contacts)
        .layer(Extension(wallet))
}

/// Where the holder is told what happens.
#[derive(Debug, Serialize, ToSchema)]
struct ContactReply {
    /// The address, of which two letters are shown; null for a holder who has none.
    #[schema(value_type = Option<String>, example = "r***@g***")]
    email: Option<Redacted<String>>,
    /// From when this phone may ask for another one; null when it may now.
    #[schema(value_type = Option<String>, format = DateTime)]
    opens_at: Option<Timestamp>,
    /// How long what takes.
    rules: ContactRules,
    /// A change that is under way.
    pending: Option<PendingReply>,
}

/// How long a change of address takes, and what it holds up. At a counter, by two people, the first does not apply.
#[derive(Debug, Serialize, ToSchema)]
struct ContactRules {
    /// Hours after its code in which a change can be stopped; then the new address counts.
    #[schema(example = 24)]
    cooling_hours: i64,
    /// Hours after that in which the digital KTP does not move to another phone, gets no new PIN at a counter and gives no copy of own data.
    #[schema(example = 72)]
    settling_hours: i64,
    /// Hours after a digital KTP came to a phone in which no address is changed from there.
    #[schema(example = 24)]
    new_phone_hours: i64,
    /// Days for which the address before is told what happens.
    #[schema(example = 7)]
    former_days: i64,
}

const RULES: ContactRules = ContactRules {
    cooling_hours: COOLING_SECONDS / HOUR,
    settling_hours: UNSETTLED_SECONDS / HOUR,
    new_phone_hours: NEW_PHONE_SECONDS / HOUR,
    former_days: FORMER_SECONDS / DAY,
};

/// A change of address that is under way.
#[derive(Debug, Serialize, ToSchema)]
struct PendingReply {
    /// The new address, of which two letters are shown.
    #[schema(value_type = String, example = "r***@g***")]
    email: Redacted<String>,
    /// `code_sent` or `cooling`.
    state: ChangeState,
    /// When the code stops counting, while it is waited for.
    #[schema(value_type = Option<String>, format = DateTime)]
    code_expires_at: Option<Timestamp>,
    /// Tries left, while the code is waited for.
    tries_left: Option<i64>,
    /// When the new address counts, once the code was entered.
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_at: Option<Timestamp>,
}

impl From<View> for ContactReply {
    fn from(View { email, opens_at, pending }: View) -> Self {
        Self { email, opens_at, rules: RULES, pending: pending.map(PendingReply::from) }
    }
}

impl From<Pending> for PendingReply {
    fn from(pending: Pending) -> Self {
        let Pending { email, state, code_expires_at, tries_left, effective_at } = pending;
        Self { email, state, code_expires_at, tries_left, effective_at }
    }
}

/// Another address, with a proof of the PIN.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactBody {
    /// The new address.
    #[schema(value_type = String, example = "rina@example.id")]
    email: Redacted<String>,
    /// A challenge from `POST /v1/challenges`.
    challenge: String,
    /// Signature of `"ikd-pin-v1/change"` ‖ 0x00 ‖ challenge ‖ device thumbprint, base64url without padding.
    signature: String,
}

/// The code that went to the new address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactCodeBody {
    /// Six digits.
    #[schema(value_type = String, example = "012345")]
    code: Redacted<String>,
}

/// Where the holder is told what happens, whether that is about to change, and how long a change takes.
#[utoipa::path(get, path = "/v1/me/contact", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    responses((status = 200, description = "The address, mostly hidden", body = ContactReply),
        (status = "4XX", description = "`session_ended`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn contact(State(contacts): State<Contacts>, resident: Resident) -> Result<Json<ContactReply>, Problem> {
    Ok(Json(contacts.view(&resident.device, &resident.session).await?.into()))
}

/// Ask for another address, with the PIN. A code goes to it; the present address is told at once and can block. Asked again for the
/// same address, the same code is sent again.
#[utoipa::path(post, path = "/v1/me/contact", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    request_body = ContactBody,
    responses((status = 202, description = "The code is on its way", body = ContactReply),
        (status = "4XX", description = "`invalid_field`; `pin_wrong`, `pin_wait`, `pin_blocked`, `challenge_invalid`; `wrong_state` within 24 hours of a new phone and while another change cools; `too_many`, `session_ended`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn ask_contact_change(
    State(contacts): State<Contacts>,
    resident: Resident,
    Json(body): Json<ContactBody>,
) -> Result<(StatusCode, Json<ContactReply>), Problem> {
    let ContactBody { email, challenge, signature } = body;
    let ask = Ask { email, challenge, signature };
    let view = contacts.ask(&resident.device, &resident.session, &ask).await?;
    Ok((StatusCode::ACCEPTED, Json(view.into())))
}

/// Enter the code: the new address counts 24 hours later, unless it is stopped. Repeated it says so again.
#[utoipa::path(post, path = "/v1/me/contact/code", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    request_body = ContactCodeBody,
    responses((status = 200, description = "The new address counts at `effective_at`", body = ContactReply),
        (status = "4XX", description = "`code_wrong`, `code_expired`, `invalid_field`, `wrong_state` when no code is waited for, `session_ended`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn confirm_contact(
    State(contacts): State<Contacts>,
    resident: Resident,
    Json(body): Json<ContactCodeBody>,
) -> Result<Json<ContactReply>, Problem> {
    Ok(Json(contacts.confirm(&resident.session, body.code.expose()).await?.into()))
}

/// Stop a change that is under way. Nothing to stop is a success.
#[utoipa::path(delete, path = "/v1/me/contact", tag = "Wallet", security(("dpop" = [], "access_token" = [])),
    responses((status = 204, description = "The address stays"),
        (status = "4XX", description = "`session_ended`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn stop_contact_change(State(contacts): State<Contacts>, resident: Resident) -> Result<StatusCode, Problem> {
    contacts.stop(&resident.session).await?;
    Ok(StatusCode::NO_CONTENT)
}
