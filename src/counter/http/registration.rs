//! One registration, with everything that an officer compares.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{ViewPicture, ViewRegistration};
use super::super::view::Views;
use crate::clock::Timestamp;
use crate::correction::http::CorrectionReply;
use crate::registration::State as RegistrationState;
use crate::registration::model::{CheckResult, CheckState, Difference, RequestKind};
use crate::registration::review::View;
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Lang, Path, Problem};

pub(super) fn routes() -> OpenApiRouter<Views> {
    OpenApiRouter::new().routes(routes!(view)).routes(routes!(selfie)).routes(routes!(portrait))
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
    /// E-mail, to be read out to the resident; null for who has none: then a second person has to agree.
    #[schema(value_type = Option<String>)]
    email: Option<Redacted<String>>,
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
pub(super) struct RegistrationReply {
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
    /// What a second person is asked to agree to, while that waits: `GET …/release` says by whom and why.
    second_person: Option<RequestKind>,
    /// When it was scanned last.
    #[schema(value_type = Option<String>, format = DateTime)]
    scanned_at: Option<Timestamp>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Note or reason of the last decision.
    #[schema(value_type = Option<String>)]
    last_words: Option<Redacted<String>>,
    /// The newest correction case, as its resident reads it.
    correction: Option<CorrectionReply>,
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
            second_person: view.second_person,
            scanned_at: view.scanned_at,
            created_at: view.created_at,
            last_words,
            correction: view.correction.map(|correction| CorrectionReply::new(correction, view.language)),
        }
    }
}

/// One registration: submitted and registered data, every difference, what may be done. For the officer who scanned it in the
/// last 30 minutes, a supervisor who is to grant a release, and who opened it with a reason (`POST …/views`).
#[utoipa::path(get, path = "/v1/officer/registrations/{id}", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "The registration", body = RegistrationReply),
        (status = "4XX", description = "`not_found` unless scanned at this office, `reason_required`")))]
async fn view(
    State(views): State<Views>,
    officer: Allowed<ViewRegistration>,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
) -> Result<Json<RegistrationReply>, Problem> {
    Ok(Json(views.view(&officer, id, language).await?.into()))
}

/// The selfie, as JPEG.
#[utoipa::path(get, path = "/v1/officer/registrations/{id}/selfie", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "JPEG", body = Vec<u8>, content_type = "image/jpeg"),
        (status = "4XX", description = "`not_found`, `reason_required`")))]
async fn selfie(
    State(views): State<Views>,
    officer: Allowed<ViewPicture>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "image/jpeg")], views.selfie(&officer, id).await?).into_response())
}

/// The register's portrait, as JPEG.
#[utoipa::path(get, path = "/v1/officer/registrations/{id}/portrait", tag = "Counter", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "JPEG", body = Vec<u8>, content_type = "image/jpeg"),
        (status = "4XX", description = "`not_found`, `reason_required`")))]
async fn portrait(
    State(views): State<Views>,
    officer: Allowed<ViewPicture>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "image/jpeg")], views.portrait(&officer, id).await?).into_response())
}
