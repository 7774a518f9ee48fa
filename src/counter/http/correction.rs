//! Correction cases at the counter.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{
    AskCorrection, GrantCorrection, OpenCorrection, PassOnCorrection, ReadCorrections, RefuseCorrection,
    SendBackCorrection, TakeCorrection, ViewCorrection, ViewCorrectionPicture,
};
use super::super::correction::{CorrectionLine, CorrectionView, Corrections};
use crate::clock::Timestamp;
use crate::correction::http::CorrectionReply;
use crate::correction::model::{Field, Kind, State as CorrectionState};
use crate::error::{FieldError, Language, Refusal};
use crate::register::{Date, Nik};
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Lang, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Corrections> {
    OpenApiRouter::new()
        .routes(routes!(office_corrections, take_correction))
        .routes(routes!(open_counter_correction))
        .routes(routes!(view_correction))
        .routes(routes!(correction_portrait))
        .routes(routes!(pass_on_correction))
        .routes(routes!(ask_correction))
        .routes(routes!(grant_correction))
        .routes(routes!(send_back_correction))
        .routes(routes!(refuse_correction))
}

/// A case to be opened for the resident before the officer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OpenCorrectionBody {
    /// `version` of the registration that was on the screen.
    version: String,
    /// What kind of mistake it is. `typing_error` gives the registration back to type again.
    kind: Kind,
    /// Which elements differ, of those that the kind has. The resident reads these names, never the register's values.
    #[serde(default)]
    fields: Vec<Field>,
    /// 5–500 characters that the resident reads. Do not write what the register says.
    #[schema(value_type = String, example = "Bawa akta kelahiran dengan ejaan yang benar")]
    reason: Redacted<String>,
}

/// The case that a resident names.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TakeBody {
    /// 16 digits.
    #[schema(value_type = String, example = "3171015708900001")]
    nik: Redacted<String>,
    /// The reference in the resident's app.
    #[schema(example = "7F3A-09C2")]
    reference: String,
}

/// A step of a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StepBody {
    /// `version` of the case that was on the screen.
    version: String,
}

/// A step of a case, with words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WordsBody {
    /// `version` of the case that was on the screen.
    version: String,
    /// 5–500 characters that the resident reads. Do not write what the register says.
    #[schema(value_type = String, example = "Akta kelahiran belum dibawa")]
    reason: Redacted<String>,
}

/// A case as an officer sees it.
#[derive(Debug, Serialize, ToSchema)]
struct OfficeCorrectionReply {
    /// What its resident reads.
    case: CorrectionReply,
    /// The registration that it holds up.
    registration_id: Option<Uuid>,
    /// The NIK.
    #[schema(value_type = String)]
    nik: Redacted<String>,
    /// The name that is right, in the resident's word, where the case is about it.
    #[schema(value_type = Option<String>)]
    full_name: Option<Redacted<String>>,
    /// The birth date that is right, in the resident's word.
    #[schema(value_type = Option<String>, format = Date)]
    birth_date: Option<Date>,
    /// The name that the register had when the case was opened. For the officer's eyes only.
    #[schema(value_type = Option<String>)]
    registered_name: Option<Redacted<String>>,
    /// The birth date that it had.
    #[schema(value_type = Option<String>, format = Date)]
    registered_birth_date: Option<Date>,
    /// Log-in name of who asked for a second person, while that waits.
    asked_by: Option<String>,
    /// Whether `GET …/portrait` has a picture.
    has_portrait: bool,
    /// Whether this officer may pass it on alone.
    may_pass_on: bool,
    /// Whether this officer may ask a second person.
    may_ask: bool,
    /// Whether this officer may pass on what a colleague asked for.
    may_grant: bool,
}

impl OfficeCorrectionReply {
    fn new(view: CorrectionView, language: Language) -> Self {
        let CorrectionView { seen, asked_by, may_pass_on, may_ask, may_grant } = view;
        Self {
            registration_id: seen.view.case.registration_id,
            case: CorrectionReply::new(seen.view, language),
            nik: seen.nik,
            full_name: seen.full_name,
            birth_date: seen.birth_date,
            registered_name: seen.registered_name,
            registered_birth_date: seen.registered_birth_date,
            asked_by,
            has_portrait: seen.has_portrait,
            may_pass_on,
            may_ask,
            may_grant,
        }
    }
}

/// The cases that live at the office.
#[derive(Debug, Serialize, ToSchema)]
struct OfficeCorrectionsReply {
    /// Longest unchanged first.
    items: Vec<CorrectionLineReply>,
}

/// One of them. Names no resident.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CorrectionLine)]
struct CorrectionLineReply {
    /// The case.
    correction_id: Uuid,
    /// The number by which people speak of it.
    #[schema(example = "7F3A-09C2")]
    reference: String,
    /// Its kind.
    kind: Kind,
    /// The kind for people.
    title: &'static str,
    /// Where it stands.
    state: CorrectionState,
    /// Whether it waits for a second person.
    waits_for_second_person: bool,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
    /// When the present step is expected to be done.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    /// When it lapses.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// The correction cases that live at this office, at most 100.
#[utoipa::path(get, path = "/v1/officer/corrections", tag = "Counter", security(("officer" = [])),
    responses((status = 200, description = "The cases", body = OfficeCorrectionsReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn office_corrections(
    State(corrections): State<Corrections>,
    officer: Allowed<ReadCorrections>,
    Lang(language): Lang,
) -> Result<Json<OfficeCorrectionsReply>, Problem> {
    let item = |line: CorrectionLine| {
        let CorrectionLine { correction_id, reference, kind, state, waits_for_second_person, .. } = line;
        let title = kind.guide().title.in_language(language);
        let CorrectionLine { changed_at, due_at, expires_at, .. } = line;
        CorrectionLineReply {
            correction_id,
            reference,
            kind,
            title,
            state,
            waits_for_second_person,
            changed_at,
            due_at,
            expires_at,
        }
    };
    Ok(Json(OfficeCorrectionsReply { items: corrections.list(&officer).await?.into_iter().map(item).collect() }))
}

/// Take the case that the resident before you names by its reference and NIK: from now on it is this office's. Repeated, it is the same.
#[utoipa::path(post, path = "/v1/officer/corrections", tag = "Counter", security(("officer" = [])), request_body = TakeBody,
    responses((status = 200, description = "The case", body = OfficeCorrectionReply),
        (status = "4XX", description = "`invalid_field`, `not_found`, `wrong_state` when another office passed it on, `too_many`, `forbidden`")))]
async fn take_correction(
    State(corrections): State<Corrections>,
    officer: Allowed<TakeCorrection>,
    Lang(language): Lang,
    Json(body): Json<TakeBody>,
) -> Result<Json<OfficeCorrectionReply>, Problem> {
    let nik = Nik::parse(body.nik.expose())
        .map_err(|error| Refusal::fields(vec![FieldError { field: "nik".into(), message: error.text() }]))?;
    let view = corrections.take(&officer, &nik, &body.reference).await?;
    Ok(Json(OfficeCorrectionReply::new(view, language)))
}

/// Open a correction case for the resident of a registration who is before you. A case that they had opened makes way for it. The
/// resident reads which elements differ, what to bring and your words; never what the register says.
#[utoipa::path(post, path = "/v1/officer/registrations/{id}/correction", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")), request_body = OpenCorrectionBody,
    responses((status = 201, description = "Opened", body = OfficeCorrectionReply),
        (status = "4XX", description = "`invalid_field`, `not_found`, `scan_required`, `wrong_state` when nothing differs, `too_many`, `forbidden`")))]
async fn open_counter_correction(
    State(corrections): State<Corrections>,
    officer: Allowed<OpenCorrection>,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
    Json(body): Json<OpenCorrectionBody>,
) -> Result<(StatusCode, Json<OfficeCorrectionReply>), Problem> {
    let OpenCorrectionBody { version, kind, fields, reason } = body;
    let view = corrections.open(&officer, (id, &version), (kind, fields), reason.expose()).await?;
    Ok((StatusCode::CREATED, Json(OfficeCorrectionReply::new(view, language))))
}

/// A case of this office.
#[utoipa::path(get, path = "/v1/officer/corrections/{id}", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The case")),
    responses((status = 200, description = "The case", body = OfficeCorrectionReply),
        (status = "4XX", description = "`not_found`, `forbidden`")))]
async fn view_correction(
    State(corrections): State<Corrections>,
    officer: Allowed<ViewCorrection>,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
) -> Result<Json<OfficeCorrectionReply>, Problem> {
    Ok(Json(OfficeCorrectionReply::new(corrections.view(&officer, id).await?, language)))
}

/// The register's portrait of the holder whose case it is, as JPEG.
#[utoipa::path(get, path = "/v1/officer/corrections/{id}/portrait", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The case")),
    responses((status = 200, description = "JPEG", body = Vec<u8>, content_type = "image/jpeg"),
        (status = "4XX", description = "`not_found`, also for a case of whoever only registers; `forbidden`")))]
async fn correction_portrait(
    State(corrections): State<Corrections>,
    officer: Allowed<ViewCorrectionPicture>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "image/jpeg")], corrections.portrait(&officer, id).await?).into_response())
}

/// The documents are there: pass the case on, to be put right in the register. `duplicate_nik` and `wrong_death` take two people.
#[utoipa::path(post, path = "/v1/officer/corrections/{id}/passing", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The case")), request_body = StepBody,
    responses((status = 200, description = "Passed on", body = OfficeCorrectionReply),
        (status = "4XX", description = "`not_found`, `wrong_state`, `forbidden`")))]
async fn pass_on_correction(
    State(corrections): State<Corrections>,
    officer: Allowed<PassOnCorrection>,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
    Json(body): Json<StepBody>,
) -> Result<Json<OfficeCorrectionReply>, Problem> {
    Ok(Json(OfficeCorrectionReply::new(corrections.pass_on(&officer, id, &body.version).await?, language)))
}

/// Ask a second person of this office to pass the case on. The request waits for seven days.
#[utoipa::path(post, path = "/v1/officer/corrections/{id}/request", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The case")), request_body = StepBody,
    responses((status = 200, description = "Asked", body = OfficeCorrectionReply),
        (status = "4XX", description = "`not_found`, `wrong_state` for a kind that takes one person, `forbidden`")))]
async fn ask_correction(
    State(corrections): State<Corrections>,
    officer: Allowed<AskCorrection>,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
    Json(body): Json<StepBody>,
) -> Result<Json<OfficeCorrectionReply>, Problem> {
    Ok(Json(OfficeCorrectionReply::new(corrections.ask(&officer, id, &body.version).await?, language)))
}

/// Pass on what a colleague of this office asked for.
#[utoipa::path(post, path = "/v1/officer/corrections/{id}/request/grant", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The case")), request_body = StepBody,
    responses((status = 200, description = "Passed on", body = OfficeCorrectionReply),
        (status = "4XX", description = "`forbidden` for the own request, `not_found`, `wrong_state`")))]
async fn grant_correction(
    State(corrections): State<Corrections>,
    officer: Allowed<GrantCorrection>,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
    Json(body): Json<StepBody>,
) -> Result<Json<OfficeCorrectionReply>, Problem> {
    Ok(Json(OfficeCorrectionReply::new(corrections.grant(&officer, id, &body.version).await?, language)))
}

/// Something is missing: send the case back to its resident. What was asked of a second person is over.
#[utoipa::path(post, path = "/v1/officer/corrections/{id}/return", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The case")), request_body = WordsBody,
    responses((status = 200, description = "Sent back", body = OfficeCorrectionReply),
        (status = "4XX", description = "`invalid_field`, `not_found`, `wrong_state`, `forbidden`")))]
async fn send_back_correction(
    State(corrections): State<Corrections>,
    officer: Allowed<SendBackCorrection>,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
    Json(body): Json<WordsBody>,
) -> Result<Json<OfficeCorrectionReply>, Problem> {
    let view = corrections.send_back(&officer, (id, &body.version), body.reason.expose()).await?;
    Ok(Json(OfficeCorrectionReply::new(view, language)))
}

/// Refuse the case; its resident reads why, and can open another.
#[utoipa::path(post, path = "/v1/officer/corrections/{id}/refusal", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The case")), request_body = WordsBody,
    responses((status = 204, description = "Refused"),
        (status = "4XX", description = "`invalid_field`, `not_found`, `wrong_state`, `forbidden`")))]
async fn refuse_correction(
    State(corrections): State<Corrections>,
    officer: Allowed<RefuseCorrection>,
    Path(id): Path<Uuid>,
    Json(body): Json<WordsBody>,
) -> Result<StatusCode, Problem> {
    corrections.refuse(&officer, (id, &body.version), body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}
