//! Officer endpoints. Sessions are `__Host-` cookies; cross-site requests are refused by the layer around these routes.

mod sessions;
mod views;

use axum::Extension;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::desk::Checks;
use super::service::{OfficerSession, Service};
use crate::clock::Timestamp;
use crate::error::{Code, Refusal};
use crate::page::{self, Page};
use crate::registration::State as RegistrationState;
use crate::registration::http::TokenReply;
use crate::registration::model::{CheckResult, CheckState, Difference, DifferenceField};
use crate::registration::release::Release;
use crate::registration::review::{Line, View};
use crate::secret::Redacted;
use crate::web::extract::object;
use crate::web::{Json, Lang, Path, Problem, Query, cookie, token_reply};

/// All routes of this room.
pub fn routes(service: Service) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(sessions::routes())
        .routes(routes!(scan))
        .routes(routes!(counter_token))
        .routes(routes!(matches))
        .routes(routes!(figures))
        .routes(routes!(queue))
        .routes(routes!(view))
        .merge(views::routes())
        .routes(routes!(selfie))
        .routes(routes!(portrait))
        .routes(routes!(confirm_match))
        .routes(routes!(approve))
        .routes(routes!(return_for_correction))
        .routes(routes!(reject))
        .routes(routes!(ask_release, release_asked))
        .routes(routes!(grant_release))
        .layer(Extension(service.clone()))
        .with_state(service)
}

/// A logged-in officer, from the session cookie.
#[derive(Clone, Debug)]
pub struct OfficerCaller(pub OfficerSession);

impl<S: Send + Sync> FromRequestParts<S> for OfficerCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let token = cookie::read(&parts.headers, cookie::OFFICER).ok_or(Code::SessionEnded)?;
        let service = parts.extensions.get::<Service>().cloned().ok_or(Code::Internal)?;
        Ok(Self(service.session(&token).await?))
    }
}

/// A scanned QR.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScanBody {
    /// Text of the QR.
    #[schema(value_type = String)]
    token: Redacted<String>,
}

/// What the resident wrote.
#[derive(Debug, Serialize, ToSchema)]
struct SubmittedReply {
    /// NIK.
    #[schema(value_type = String)]
    nik: Redacted<String>,
    /// Name.
    #[schema(value_type = String)]
    full_name: Redacted<String>,
    /// Birth date.
    birth_date: String,
    /// E-mail, to be read out to the resident.
    #[schema(value_type = String)]
    email: Redacted<String>,
    /// Phone number.
    #[schema(value_type = String)]
    phone: Redacted<String>,
}

/// What the register says: the elements of the KTP-el with their official values.
#[derive(Debug, Serialize, ToSchema)]
struct RegisterReply {
    /// NIK.
    #[schema(value_type = String)]
    nik: Redacted<String>,
    /// Nama.
    #[schema(value_type = String)]
    full_name: Redacted<String>,
    /// Tempat lahir.
    birth_place: String,
    /// Tanggal lahir.
    birth_date: String,
    /// Jenis kelamin.
    sex: String,
    /// Gol. darah.
    blood_type: String,
    /// Alamat.
    #[schema(value_type = String)]
    address: Redacted<String>,
    /// RT/RW.
    rt_rw: String,
    /// Kel/Desa.
    village: String,
    /// Kecamatan.
    district: String,
    /// Kabupaten/Kota.
    regency: String,
    /// Provinsi.
    province: String,
    /// Agama.
    religion: String,
    /// Status perkawinan.
    marital_status: String,
    /// Pekerjaan.
    occupation: String,
    /// Kewarganegaraan.
    nationality: String,
    /// Berlaku hingga.
    valid_until: String,
}

/// A registration as an officer of its office sees it.
#[derive(Debug, Serialize, ToSchema)]
struct RegistrationReply {
    /// Its id.
    registration_id: Uuid,
    /// Where it stands.
    state: RegistrationState,
    /// What the resident wrote.
    submitted: SubmittedReply,
    /// What the register says; null until it has answered or when it does not know the NIK.
    register: Option<RegisterReply>,
    /// How far the data check is.
    check_state: CheckState,
    /// What the register's answer means; null until it has answered.
    check_result: Option<CheckResult>,
    /// Changes with whatever an officer compares (data, selfie, the register's answer). An approval carries it.
    version: String,
    /// Every difference, explained.
    differences: Vec<Difference>,
    /// Peculiarities of the NIK.
    warnings: Vec<&'static str>,
    /// Whether `GET …/selfie` has a picture.
    has_selfie: bool,
    /// Whether `GET …/portrait` has a picture.
    has_portrait: bool,
    /// Whether this resident already has an active digital KTP.
    already_active: bool,
    /// Whether this officer may decide now; otherwise scan first.
    may_decide: bool,
    /// When it was scanned last.
    #[schema(value_type = Option<String>, format = DateTime)]
    scanned_at: Option<Timestamp>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Note or reason of the last decision.
    #[schema(value_type = Option<String>)]
    last_words: Option<Redacted<String>>,
}

impl From<View> for RegistrationReply {
    fn from(view: View) -> Self {
        let last_words = view
            .decision
            .map(|decision| if decision.reason.expose().is_empty() { decision.note } else { decision.reason });
        Self {
            registration_id: view.registration_id,
            state: view.state,
            submitted: SubmittedReply {
                nik: Redacted(view.submitted.nik.as_str().to_owned()),
                full_name: view.submitted.full_name,
                birth_date: view.submitted.birth_date.to_string(),
                email: view.submitted.email,
                phone: view.submitted.phone,
            },
            register: view.record.map(|record| RegisterReply {
                nik: Redacted(record.nik.as_str().to_owned()),
                blood_type: record.blood_type_label().to_owned(),
                rt_rw: record.rt_rw(),
                valid_until: record.valid_until_label(),
                full_name: Redacted(record.full_name),
                birth_place: record.birth_place,
                birth_date: record.birth_date.to_string(),
                sex: record.sex.label().id.to_owned(),
                address: Redacted(record.address),
                village: record.village,
                district: record.district,
                regency: record.regency,
                province: record.province,
                religion: record.religion.label().id.to_owned(),
                marital_status: record.marital_status.label().id.to_owned(),
                occupation: record.occupation,
                nationality: record.nationality.code().to_owned(),
            }),
            check_state: view.check_state,
            check_result: view.check_result,
            version: view.version,
            differences: view.differences,
            warnings: view.warnings,
            has_selfie: view.has_selfie,
            has_portrait: view.has_portrait,
            already_active: view.already_active,
            may_decide: view.may_decide,
            scanned_at: view.scanned_at,
            created_at: view.created_at,
            last_words,
        }
    }
}

/// Scan a resident's activation QR. The same officer may scan the same QR again; anybody else needs a new one.
#[utoipa::path(post, path = "/v1/officer/scans", tag = "Counter", security(("officer" = [])), request_body = ScanBody,
    responses((status = 200, description = "The registration", body = RegistrationReply),
        (status = "4XX", description = "`invalid_field`, `qr_expired`, `qr_used`, `wrong_state`")))]
async fn scan(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
    Lang(language): Lang,
    Json(body): Json<ScanBody>,
) -> Result<Json<RegistrationReply>, Problem> {
    Ok(Json(service.scan(&officer, body.token.expose(), language).await?.into()))
}

/// A QR for the officer's screen, for any number of phones; with `Accept: image/svg+xml` or `image/png` its picture.
#[utoipa::path(post, path = "/v1/officer/counter-tokens", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The QR", content((TokenReply = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn counter_token(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let issued = service.counter_token(&officer).await?;
    let token = issued.token.clone();
    token_reply(&headers, StatusCode::OK, &token, TokenReply::from(issued))
}

/// Residents who wait for their number to be confirmed.
#[derive(Debug, Serialize, ToSchema)]
struct MatchesReply {
    /// Newest first, 30 at most.
    items: Vec<MatchItem>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct MatchItem {
    /// The registration.
    registration_id: Uuid,
    /// Initials of the name as submitted, to find the resident's line. The number is on the resident's screen alone.
    #[schema(value_type = String, example = "S. R.")]
    initials: Redacted<String>,
    /// When the resident scanned.
    #[schema(value_type = String, format = DateTime)]
    scanned_at: Timestamp,
}

/// Residents who scanned this officer's QR in the last five minutes and whose number is not confirmed yet.
#[utoipa::path(get, path = "/v1/officer/matches", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "Who waits", body = MatchesReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn matches(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
) -> Result<Json<MatchesReply>, Problem> {
    let items = service
        .matches(&officer)
        .await?
        .into_iter()
        .map(|item| MatchItem {
            registration_id: item.registration_id,
            initials: item.initials,
            scanned_at: item.scanned_at,
        })
        .collect();
    Ok(Json(MatchesReply { items }))
}

/// Today's figures.
#[derive(Debug, Serialize, ToSchema)]
struct FiguresReply {
    /// Midnight in Jakarta, from which is counted.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Per state in which registrations of this office that changed today stand now; states without any are left out.
    items: Vec<FigureItem>,
}

/// One state.
#[derive(Debug, Serialize, ToSchema)]
struct FigureItem {
    /// The state.
    state: RegistrationState,
    /// Registrations of the office.
    office: i64,
    /// Those of them that this officer decided today.
    mine: i64,
}

/// Today's figures of this officer and the office.
#[utoipa::path(get, path = "/v1/officer/figures", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The figures", body = FiguresReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn figures(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
) -> Result<Json<FiguresReply>, Problem> {
    let (since, figures) = service.figures(&officer).await?;
    let items = figures
        .into_iter()
        .map(|figure| FigureItem { state: figure.state, office: figure.office, mine: figure.mine })
        .collect();
    Ok(Json(FiguresReply { since, items }))
}

/// The number that the resident reads out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MatchBody {
    /// Two digits.
    #[schema(example = 47)]
    match_number: i64,
}

/// Confirm the number that the resident reads out; it counts as this officer's scan. After three wrong ones it is void, and the
/// resident scans the counter QR again.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/match", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = MatchBody,
    responses((status = 200, description = "The registration", body = RegistrationReply),
        (status = "4XX", description = "`invalid_field` with `tries_left`, `not_found`, `wrong_state`, `too_many`")))]
async fn confirm_match(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
    Json(body): Json<MatchBody>,
) -> Result<Json<RegistrationReply>, Problem> {
    Ok(Json(service.confirm_match(&officer, id, body.match_number, language).await?.into()))
}

/// Which part of the queue.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct QueueQuery {
    /// State; `awaiting_officer` when left out.
    state: Option<RegistrationState>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1–100; 50 when left out.
    limit: Option<i64>,
}

/// A page of a queue.
#[derive(Debug, Serialize, ToSchema)]
struct QueueReply {
    /// Longest waiting first.
    items: Vec<QueueItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// One line of a queue.
#[derive(Debug, Serialize, ToSchema)]
struct QueueItem {
    /// The registration.
    registration_id: Uuid,
    /// Where it stands.
    state: RegistrationState,
    /// Initials of the name as submitted.
    #[schema(value_type = String, example = "S. R.")]
    initials: Redacted<String>,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When it was scanned last.
    #[schema(value_type = Option<String>, format = DateTime)]
    scanned_at: Option<Timestamp>,
}

/// Registrations that were scanned at this officer's office, by state. It names nobody.
#[utoipa::path(get, path = "/v1/officer/registrations", tag = "Counter", security(("officer" = [])), params(QueueQuery),
    responses((status = 200, description = "A page", body = QueueReply),
        (status = "4XX", description = "`malformed_request`, `forbidden`")))]
async fn queue(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
    Query(query): Query<QueueQuery>,
) -> Result<Json<QueueReply>, Problem> {
    let limit = query.limit.unwrap_or(50).clamp(1, 100);
    let after = page::after(query.cursor.as_deref(), (Timestamp::default(), Uuid::nil()))?;
    let state = query.state.unwrap_or(RegistrationState::AwaitingOfficer);
    let lines = service.queue(&officer, state, after, limit + 1).await?;
    let page = Page::new(lines, limit, |line| (line.updated_at, line.registration_id));
    let Page { items, next } = page.map(|Line { registration_id, state, initials, updated_at, scanned_at }| {
        QueueItem { registration_id, state, initials, updated_at, scanned_at }
    });
    Ok(Json(QueueReply { items, next }))
}

/// One registration: submitted and registered data, every difference, what may be done. For the officer who scanned it in the
/// last 30 minutes, a supervisor who is to grant a release, and who opened it with a reason (`POST …/views`).
#[utoipa::path(get, path = "/v1/officer/registrations/{id}", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "The registration", body = RegistrationReply),
        (status = "4XX", description = "`not_found` unless scanned at this office, `reason_required`")))]
async fn view(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
) -> Result<Json<RegistrationReply>, Problem> {
    Ok(Json(service.view(&officer, id, language).await?.into()))
}

/// The selfie, as JPEG.
#[utoipa::path(get, path = "/v1/officer/registrations/{id}/selfie", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "JPEG", body = Vec<u8>, content_type = "image/jpeg"),
        (status = "4XX", description = "`not_found`, `reason_required`")))]
async fn selfie(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "image/jpeg")], service.selfie(&officer, id).await?).into_response())
}

/// The register's portrait, as JPEG.
#[utoipa::path(get, path = "/v1/officer/registrations/{id}/portrait", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "JPEG", body = Vec<u8>, content_type = "image/jpeg"),
        (status = "4XX", description = "`not_found`, `reason_required`")))]
async fn portrait(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "image/jpeg")], service.portrait(&officer, id).await?).into_response())
}

/// Approval.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApprovalBody {
    /// `version` of the registration as it was on the officer's screen: what changed since is not approved unseen.
    version: String,
    /// What the officer checked; all three are needed.
    #[serde(deserialize_with = "object")]
    checks: ChecksBody,
    /// A note for colleagues.
    #[serde(default)]
    #[schema(value_type = String)]
    note: Redacted<String>,
}

/// What the officer checked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChecksBody {
    /// The face is that of the selfie and the register's portrait.
    face: bool,
    /// The KTP-el or another document was seen.
    document: bool,
    /// Submitted and registered data were compared.
    data: bool,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
struct DecisionReply {
    /// The registration.
    registration_id: Uuid,
    /// Where it stands now.
    state: RegistrationState,
}

/// Approve: the activation code is mailed to the resident; the officer never sees it. While the register is down the
/// approval waits and completes by itself on an exact match.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/approval", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = ApprovalBody,
    responses((status = 200, description = "Approved", body = DecisionReply),
        (status = "4XX", description = "`scan_required`, `already_active`, `wrong_state`, `invalid_field`, `not_found`, `forbidden`")))]
async fn approve(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
    Path(id): Path<Uuid>,
    Json(body): Json<ApprovalBody>,
) -> Result<Json<DecisionReply>, Problem> {
    let checks = Checks { face: body.checks.face, document: body.checks.document, data: body.checks.data };
    let state = service.approve(&officer, id, &body.version, checks, body.note.expose()).await?;
    Ok(Json(DecisionReply { registration_id: id, state }))
}

/// Where a registration goes back to.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReturnTo {
    /// A new selfie.
    Selfie,
    /// Corrected data.
    Data,
}

/// Return to the resident.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReturnBody {
    /// `version` of the registration as it was on the officer's screen.
    version: String,
    /// What is to be done again.
    to: ReturnTo,
    /// What the resident reads: 5–500 characters.
    #[schema(value_type = String)]
    reason: Redacted<String>,
    /// Which differences the resident may know of; others are not mentioned.
    #[serde(default)]
    release: Vec<DifferenceField>,
}

/// Return a registration to the resident, naming only what the officer releases.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/return", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = ReturnBody,
    responses((status = 200, description = "Returned", body = DecisionReply),
        (status = "4XX", description = "`scan_required`, `wrong_state`, `invalid_field`, `not_found`, `forbidden`")))]
async fn return_for_correction(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
    Path(id): Path<Uuid>,
    Json(body): Json<ReturnBody>,
) -> Result<Json<DecisionReply>, Problem> {
    let to = match body.to {
        ReturnTo::Selfie if !body.release.is_empty() => {
            return Err(Refusal::field(
                "release",
                "Perbedaan data hanya dapat dibuka bila dikembalikan ke data.",
                "Differences can be released only when returning to data.",
            )
            .into());
        }
        ReturnTo::Selfie => RegistrationState::NeedsSelfie,
        ReturnTo::Data => RegistrationState::NeedsCorrection,
    };
    let state =
        service.return_for_correction(&officer, (id, &body.version), to, body.reason.expose(), body.release).await?;
    Ok(Json(DecisionReply { registration_id: id, state }))
}

/// Refuse for good.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RejectionBody {
    /// `version` of the registration as it was on the officer's screen.
    version: String,
    /// What the resident reads: 5–500 characters.
    #[schema(value_type = String)]
    reason: Redacted<String>,
    /// A note for colleagues.
    #[serde(default)]
    #[schema(value_type = String)]
    note: Redacted<String>,
}

/// Refuse a registration with a reason.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/rejection", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = RejectionBody,
    responses((status = 200, description = "Rejected", body = DecisionReply),
        (status = "4XX", description = "`scan_required`, `wrong_state`, `invalid_field`, `not_found`, `forbidden`")))]
async fn reject(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
    Path(id): Path<Uuid>,
    Json(body): Json<RejectionBody>,
) -> Result<Json<DecisionReply>, Problem> {
    let state = service.reject(&officer, (id, &body.version), body.reason.expose(), body.note.expose()).await?;
    Ok(Json(DecisionReply { registration_id: id, state }))
}

/// Why a digital KTP shall make way.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReleaseBody {
    /// `version` of the registration as it was on the officer's screen: what changes after that ends the request.
    version: String,
    /// What the supervisor reads: 5–500 characters.
    #[schema(value_type = String, example = "Ponsel hilang; wajah dan KTP-el cocok")]
    reason: Redacted<String>,
}

/// A request that waits for a supervisor.
#[derive(Debug, Serialize, ToSchema)]
struct ReleaseReply {
    /// The officer who asked.
    asked_by: Uuid,
    /// The version that was asked for; the grant carries it.
    version: String,
    /// When; it counts for 30 minutes.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// Why.
    #[schema(value_type = String)]
    reason: Redacted<String>,
}

/// Ask that the resident's digital KTP (a lost phone, a blocked KTP) make way for this registration. A supervisor of the same
/// office, another person, grants it; then approve as usual.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/release", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = ReleaseBody,
    responses((status = 204, description = "Asked for"),
        (status = "4XX", description = "`scan_required`, `wrong_state`, `invalid_field`, `not_found`, `forbidden`")))]
async fn ask_release(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
    Path(id): Path<Uuid>,
    Json(body): Json<ReleaseBody>,
) -> Result<StatusCode, Problem> {
    service.ask_release(&officer, id, &body.version, body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was asked for, while it waits.
#[utoipa::path(get, path = "/v1/officer/registrations/{id}/release", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "It waits", body = ReleaseReply),
        (status = "4XX", description = "`not_found`, `forbidden`")))]
async fn release_asked(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
    Path(id): Path<Uuid>,
) -> Result<Json<ReleaseReply>, Problem> {
    let release = service.release_asked(&officer, id).await?;
    let Release { asked_by, asked_at, reason, version } = release;
    Ok(Json(ReleaseReply { asked_by, version, asked_at, reason }))
}

/// What is granted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GrantBody {
    /// `version` of the request.
    version: String,
}

/// Grant what a colleague asked for: the old digital KTP ends at once. Supervisors only.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/release/grant", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = GrantBody,
    responses((status = 204, description = "The old digital KTP has ended"),
        (status = "4XX", description = "`forbidden`, `not_found`, `wrong_state`")))]
async fn grant_release(
    State(service): State<Service>,
    OfficerCaller(officer): OfficerCaller,
    Path(id): Path<Uuid>,
    Json(body): Json<GrantBody>,
) -> Result<StatusCode, Problem> {
    service.grant_release(&officer, id, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}
