//! Resident endpoints of a registration.

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::model::{Amendment, DifferenceField, Draft, Next, State as RegistrationState};
use super::service::Service;
use super::submission::{Status, Submissions};
use super::visit::CounterVisits;
use super::{selfie, terms};
use crate::captcha::CaptchaGate;
use crate::clock::Timestamp;
use crate::correction::http::CorrectionReply;
use crate::correction::model::{Field, Kind};
use crate::device::http::Device;
use crate::error::{Language, Refusal};
use crate::mail::MailState;
use crate::register::Date;
use crate::secret::Redacted;
use crate::web::extract::object;
use crate::web::intake::{self, Intake};
use crate::web::token_reply::{TokenReply, issued_reply};
use crate::web::{ClientAddress, Json, Lang, Path, Problem};

#[derive(Clone)]
struct Deps {
    submissions: Submissions,
    visits: CounterVisits,
    gate: CaptchaGate,
    intake: Intake,
}

/// All routes of this room.
pub fn routes(service: Service, gate: CaptchaGate) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(read_terms))
        .routes(routes!(register))
        .routes(routes!(status, amend, cancel))
        .merge(OpenApiRouter::new().routes(routes!(put_selfie)).layer(DefaultBodyLimit::max(selfie::MAX_BYTES)))
        .routes(routes!(activation_token))
        .routes(routes!(counter_scan))
        .routes(routes!(open_registration_correction, withdraw_registration_correction))
        .routes(routes!(agree_to_spelling))
        .with_state(Deps { submissions: service.submissions, visits: service.visits, gate, intake: Intake::default() })
}

/// The terms that must be accepted to register.
#[derive(Debug, Serialize, ToSchema)]
struct TermsReply {
    /// Send it back as `terms.version`.
    #[schema(example = "2026-11")]
    version: &'static str,
    /// Plain text in the language asked for.
    text: &'static str,
    /// `id` or `en`.
    language: Language,
}

/// The current terms, in the language of `Accept-Language`.
#[utoipa::path(get, path = "/v1/terms", tag = "Registration",
    responses((status = 200, description = "The terms", body = TermsReply)))]
async fn read_terms(Lang(language): Lang) -> Json<TermsReply> {
    Json(TermsReply { version: terms::VERSION, text: terms::text(language), language })
}

/// A registration.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegisterBody {
    /// 16 digits.
    #[schema(value_type = String, example = "3171015708900001")]
    nik: Redacted<String>,
    /// As on the KTP-el.
    #[schema(value_type = String, example = "SITI RAHMA")]
    full_name: Redacted<String>,
    /// `YYYY-MM-DD`.
    #[schema(value_type = String, example = "1990-08-17")]
    birth_date: Redacted<String>,
    /// Where the activation code goes. Left out with `no_email`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "siti@example.id")]
    email: Redacted<String>,
    /// That the resident has no e-mail address: then no code is sent, and two people of an office approve.
    #[serde(default)]
    no_email: bool,
    /// With or without country code.
    #[schema(value_type = String, example = "0812 3456 7890")]
    phone: Redacted<String>,
    /// Consent.
    #[serde(deserialize_with = "object")]
    terms: TermsBody,
    /// Language of mails: `id` (default) or `en`.
    #[serde(default)]
    locale: Language,
    /// Solution of a captcha, where one was asked for.
    #[serde(default)]
    captcha: Option<String>,
}

/// Consent to the terms.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TermsBody {
    /// Version that was shown.
    #[schema(example = "2026-11")]
    version: String,
    /// Must be true.
    accepted: bool,
}

/// A registration as its own device sees it.
#[derive(Debug, Serialize, ToSchema)]
struct StatusReply {
    /// Its id.
    registration_id: Uuid,
    /// Where it stands.
    state: RegistrationState,
    /// What to do next.
    next: Next,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The officer's words on a return or rejection.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<Redacted<String>>,
    /// What the officer asks to be corrected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    corrections: Vec<DifferenceField>,
    /// Where the code goes, mostly hidden; missing for who has no e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "s***i@example.id")]
    email_hint: Option<Redacted<String>>,
    /// How far the mail with the code is, in `code_sent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<MailState>,
    /// With `held`: when the mail goes out by itself. With `not_sent`: from when it can be asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    mail_at: Option<Timestamp>,
    /// Until when the code counts, once it was handed to the mail server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    code_expires_at: Option<Timestamp>,
    /// Whether somebody else of the office has to agree, and is asked: that an older digital KTP makes way, or to the approval of who
    /// has no e-mail address. The resident waits.
    awaits_second_person: bool,
    /// For who was received at an office today and waits for an officer: their number.
    #[serde(skip_serializing_if = "Option::is_none")]
    turn: Option<TurnReply>,
    /// With a birth date of less than 17 years ago: the day from which on a digital KTP is given. Recording at an office is possible
    /// before; who is or was married is told at the counter, by the register's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2027-03-03")]
    eligible_from: Option<Date>,
    /// The newest correction case; what the register says stands nowhere in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    correction: Option<CorrectionReply>,
}

/// A resident's place among those who wait to be called.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueueTurn)]
struct TurnReply {
    /// The number, the office's own, from 1 each day.
    number: i64,
    /// When an officer called them; null before.
    #[schema(value_type = Option<String>, format = DateTime)]
    called_at: Option<Timestamp>,
}

impl StatusReply {
    fn new(status: Status, language: Language) -> Self {
        Self {
            registration_id: status.registration_id,
            state: status.state,
            next: status.next,
            expires_at: status.expires_at,
            reason: status.reason,
            corrections: status.corrections,
            email_hint: status.email_hint,
            mail: status.mail,
            mail_at: status.mail_at,
            code_expires_at: status.code_expires_at,
            awaits_second_person: status.awaits_second_person,
            turn: status.turn.map(|turn| TurnReply { number: turn.number, called_at: turn.called_at }),
            eligible_from: status.eligible_from,
            correction: status.correction.map(|view| CorrectionReply::new(view, language)),
        }
    }
}

/// Begin a registration. The answer is the same whether the NIK is known, unknown, mismatching or already active:
/// the register is asked later, and only the officer sees what it says. Repeating the request gives the same registration.
#[utoipa::path(post, path = "/v1/registrations", tag = "Registration", security(("dpop" = [])),
    request_body = RegisterBody,
    responses((status = 201, description = "Registered", body = StatusReply),
        (status = "4XX", description = "`invalid_field`, `captcha_required`, `captcha_invalid`, `wrong_state`, `too_many`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn register(
    State(deps): State<Deps>,
    device: Device,
    ClientAddress(address): ClientAddress,
    Lang(language): Lang,
    Json(body): Json<RegisterBody>,
) -> Result<Response, Problem> {
    let draft = Draft {
        nik: body.nik.into_inner(),
        full_name: body.full_name.into_inner(),
        birth_date: body.birth_date.into_inner(),
        email: body.email.into_inner(),
        no_email: body.no_email,
        phone: body.phone.into_inner(),
    };
    deps.gate.pass(address, body.captcha.as_deref()).await?;
    let status = deps
        .submissions
        .register(&device.thumbprint, &draft, &body.terms.version, body.terms.accepted, body.locale)
        .await?;
    Ok((StatusCode::CREATED, Json(StatusReply::new(status, language))).into_response())
}

/// State, next step, deadline, and what the officer said.
#[utoipa::path(get, path = "/v1/registrations/{id}", tag = "Registration", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "The registration", body = StatusReply),
        (status = "4XX", description = "`not_found` also for any other device's registration")))]
async fn status(
    State(deps): State<Deps>,
    device: Device,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
) -> Result<Json<StatusReply>, Problem> {
    Ok(Json(StatusReply::new(deps.submissions.status(&device.thumbprint, id).await?, language)))
}

/// What may be changed. `full_name` and `birth_date` only in `needs_correction`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AmendBody {
    /// A new e-mail address; a code that was sent is void and a new one goes to the new address.
    #[schema(value_type = Option<String>)]
    email: Option<Redacted<String>>,
    /// That there is no e-mail address; only before the approval.
    #[serde(default)]
    no_email: bool,
    /// A new phone number.
    #[schema(value_type = Option<String>)]
    phone: Option<Redacted<String>>,
    /// The corrected name.
    #[schema(value_type = Option<String>)]
    full_name: Option<Redacted<String>>,
    /// The corrected birth date.
    #[schema(value_type = Option<String>)]
    birth_date: Option<Redacted<String>>,
}

/// Change e-mail or phone until `needs_pin`; correct what the officer returned.
#[utoipa::path(patch, path = "/v1/registrations/{id}", tag = "Registration", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = AmendBody,
    responses((status = 200, description = "Changed", body = StatusReply),
        (status = "4XX", description = "`invalid_field`, `wrong_state`, `not_found`, `too_many`")))]
async fn amend(
    State(deps): State<Deps>,
    device: Device,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
    Json(body): Json<AmendBody>,
) -> Result<Json<StatusReply>, Problem> {
    let changes = Amendment {
        email: body.email.map(Redacted::into_inner),
        no_email: body.no_email,
        phone: body.phone.map(Redacted::into_inner),
        full_name: body.full_name.map(Redacted::into_inner),
        birth_date: body.birth_date.map(Redacted::into_inner),
    };
    Ok(Json(StatusReply::new(deps.submissions.amend(&device.thumbprint, id, &changes).await?, language)))
}

/// End the registration. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/registrations/{id}", tag = "Registration", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "Cancelled", body = StatusReply),
        (status = "4XX", description = "`wrong_state` once active, rejected or expired; `not_found`")))]
async fn cancel(
    State(deps): State<Deps>,
    device: Device,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
) -> Result<Json<StatusReply>, Problem> {
    Ok(Json(StatusReply::new(deps.submissions.cancel(&device.thumbprint, id).await?, language)))
}

/// Upload the selfie: JPEG or PNG, at most 5 MiB and 4096 pixels a side. It is encoded anew; metadata is dropped.
#[utoipa::path(put, path = "/v1/registrations/{id}/selfie", tag = "Registration", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png")), description = "JPEG or PNG"),
    responses((status = 200, description = "Taken; a later upload replaces it", body = StatusReply),
        (status = "4XX", description = "`picture_unusable`, `too_large`, `unsupported_media_type`, `wrong_state`, `not_found`, `too_many`")))]
async fn put_selfie(
    State(deps): State<Deps>,
    device: Device,
    address: ClientAddress,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
    request: Request,
) -> Result<Json<StatusReply>, Problem> {
    // The third is no registered name, but what some phones write; what it is, its bytes tell.
    intake::announced(request.headers(), &["image/jpeg", "image/png", "image/jpg"], selfie::MAX_BYTES)?;
    deps.submissions.awaits_selfie(&device.thumbprint, id).await?;
    let (bytes, _held) = deps.intake.read(address, request.into_body(), selfie::MAX_BYTES).await?;
    let status = deps.submissions.put_selfie(&device.thumbprint, id, address.0, bytes.to_vec()).await?;
    Ok(Json(StatusReply::new(status, language)))
}

/// The activation QR to show at the counter; with `Accept: image/svg+xml` or `image/png` its picture.
#[utoipa::path(post, path = "/v1/registrations/{id}/activation-token", tag = "Registration", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "The QR", content((TokenReply = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = "4XX", description = "`wrong_state` unless it awaits an officer; `not_found`")))]
async fn activation_token(
    State(deps): State<Deps>,
    device: Device,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let issued = deps.submissions.activation_token(&device.thumbprint, id).await?;
    issued_reply(&headers, issued)
}

/// The counter QR that the resident scanned.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CounterScanBody {
    /// Text of the QR.
    #[schema(value_type = String)]
    token: Redacted<String>,
}

/// The number to read out.
#[derive(Debug, Serialize, ToSchema)]
struct MatchReply {
    /// Two digits that the resident reads out to the officer.
    #[schema(example = 47)]
    match_number: i64,
}

/// The other direction: the resident scans the officer's QR, gets a number and reads it out; the officer types it.
#[utoipa::path(post, path = "/v1/registrations/{id}/counter-scan", tag = "Registration", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = CounterScanBody,
    responses((status = 202, description = "Waits for the officer", body = MatchReply),
        (status = "4XX", description = "`invalid_field`, `qr_expired`, `wrong_state`, `not_found`, `too_many`")))]
async fn counter_scan(
    State(deps): State<Deps>,
    ClientAddress(address): ClientAddress,
    device: Device,
    Path(id): Path<Uuid>,
    Json(body): Json<CounterScanBody>,
) -> Result<Response, Problem> {
    let match_number = deps.visits.counter_scan(&device.thumbprint, id, body.token.expose(), address).await?;
    Ok((StatusCode::ACCEPTED, Json(MatchReply { match_number })).into_response())
}

/// What may be wrong in the register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegistrationCorrectionBody {
    /// What kind of mistake it is. Who mistyped registers again from the same device; no case is needed.
    kind: Kind,
    /// Which elements are wrong, of those that the kind has.
    #[serde(default)]
    fields: Vec<Field>,
}

/// The register may have something else than you: open a correction case. It says what to bring and where, keeps the registration for 90
/// days, and closes by itself when the register comes to agree. The answer is the same whatever the register says. While a case lives,
/// this gives the same one.
#[utoipa::path(post, path = "/v1/registrations/{id}/correction", tag = "Corrections", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = RegistrationCorrectionBody,
    responses((status = 201, description = "Opened", body = StatusReply),
        (status = "4XX", description = "`invalid_field`, `too_many` after three for one NIK in 30 days, `wrong_state` once approved, `not_found`")))]
async fn open_registration_correction(
    State(deps): State<Deps>,
    device: Device,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
    Json(body): Json<RegistrationCorrectionBody>,
) -> Result<(StatusCode, Json<StatusReply>), Problem> {
    let status = deps.submissions.open_correction(&device.thumbprint, id, body.kind, &body.fields).await?;
    Ok((StatusCode::CREATED, Json(StatusReply::new(status, language))))
}

/// Take back the case that you opened: the registration goes on without it. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/registrations/{id}/correction", tag = "Corrections", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "Taken back", body = StatusReply),
        (status = "4XX", description = "`not_found` without a case, `wrong_state` when an office opened it or it has ended")))]
async fn withdraw_registration_correction(
    State(deps): State<Deps>,
    device: Device,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
) -> Result<Json<StatusReply>, Problem> {
    let status = deps.submissions.withdraw_correction(&device.thumbprint, id).await?;
    Ok(Json(StatusReply::new(status, language)))
}

/// Consent to the register's spelling.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SpellingBody {
    /// `version` of the case that was on the screen.
    version: String,
    /// Must be true: the digital KTP will show the name exactly as the register has it.
    agreed: bool,
}

/// Agree that the digital KTP shows the name as the register spells it: the officer then approves without waiting for the correction.
/// Only where the case is about the name alone and an office has taken it. Repeating it changes nothing.
#[utoipa::path(post, path = "/v1/registrations/{id}/correction/spelling", tag = "Corrections", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = SpellingBody,
    responses((status = 200, description = "Agreed", body = StatusReply),
        (status = "4XX", description = "`invalid_field` without consent, `wrong_state`, `not_found`")))]
async fn agree_to_spelling(
    State(deps): State<Deps>,
    device: Device,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
    Json(body): Json<SpellingBody>,
) -> Result<Json<StatusReply>, Problem> {
    if !body.agreed {
        return Err(Refusal::field(
            "agreed",
            "Centang persetujuan bila Anda menerima ejaan database kependudukan; bila tidak, tunggu pembetulan.",
            "Tick your consent if you accept the register's spelling; otherwise wait for the correction.",
        )
        .into());
    }
    let status = deps.submissions.agree_to_spelling(&device.thumbprint, id, &body.version).await?;
    Ok(Json(StatusReply::new(status, language)))
}
