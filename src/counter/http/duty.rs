//! Where one is on duty, and the photos by which colleagues are recognised.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{BeginDuty, EndDuty, ReadDuty, ReadStaffPhotos, ShowDutyQr, TakeStaffPhoto, ViewStaffPhoto};
use super::super::duty::{Duties, DutyView};
use crate::clock::Timestamp;
use crate::duty::http::PositionBody;
use crate::duty::model::{Position, QR_SECONDS, RENEW_SECONDS};
use crate::outreach::ports::Whereabouts;
use crate::registration::selfie;
use crate::secret::Redacted;
use crate::staff::{Allowed, Role};
use crate::web::intake::{self, Intake};
use crate::web::{ClientAddress, Json, Path, Problem};

/// What the handlers share.
#[derive(Clone)]
pub(super) struct Shared {
    duties: Duties,
    intake: Intake,
}

impl Shared {
    pub(super) fn new(duties: Duties) -> Self {
        Self { duties, intake: Intake::default() }
    }
}

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(own_duty, begin_duty, end_duty))
        .routes(routes!(duty_token))
        .routes(routes!(staff_photos))
        .routes(routes!(staff_photo, put_staff_photo))
}

/// Where somebody is on duty, and until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DutyBody {
    /// The session of outreach; left out for the office.
    #[serde(default)]
    outreach_id: Option<Uuid>,
    /// Until when: today, 12 hours from now at most.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// Where that is, if whoever checks is to be told whether they are near. Kept until the duty is forgotten.
    #[serde(default)]
    position: Option<PositionBody>,
}

/// What one is on duty for.
#[derive(Debug, Serialize, ToSchema)]
struct DutyReply {
    /// Whether there is a photo of oneself: without it nobody is on duty.
    has_photo: bool,
    /// What one is on duty for; null when one is not.
    duty: Option<OnDutyReply>,
    /// The open session of outreach on whose roster one is; null without one.
    session: Option<DutySession>,
    /// Whether whom one scans now is counted in that session.
    works_in_session: bool,
    /// Until when a duty that begins now can last.
    #[schema(value_type = String, format = DateTime)]
    latest_end: Timestamp,
}

/// A duty.
#[derive(Debug, Serialize, ToSchema)]
struct OnDutyReply {
    /// The session; null at the office.
    outreach_id: Option<Uuid>,
    /// The code for the poster, good until the end.
    #[schema(value_type = String, example = "7KQ-2M9")]
    code: Redacted<String>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    began_at: Timestamp,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// Whether a position was given.
    has_position: bool,
}

/// A session of outreach that one works in.
#[derive(Debug, Serialize, ToSchema)]
struct DutySession {
    /// The session.
    outreach_id: Uuid,
    /// The place; null of a visit at home.
    #[schema(value_type = Option<String>)]
    place: Option<Redacted<String>>,
    /// Village, district and regency.
    village: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

impl From<DutyView> for DutyReply {
    fn from(view: DutyView) -> Self {
        let DutyView { has_photo, on_duty, session, works_in_session, latest_end } = view;
        let duty = on_duty.map(|one| OnDutyReply {
            outreach_id: one.duty.outreach_id,
            code: one.code.grouped(),
            began_at: one.duty.began_at,
            ends_at: one.duty.ends_at,
            has_position: one.has_position,
        });
        let session = session.map(|Whereabouts { outreach, place, village }| DutySession {
            outreach_id: outreach.outreach_id,
            place,
            village,
            ends_at: outreach.ends_at,
        });
        Self { has_photo, duty, session, works_in_session, latest_end }
    }
}

/// A QR of the moment.
#[derive(Debug, Serialize, ToSchema)]
struct DutyTokenReply {
    /// The address that the QR holds.
    #[schema(value_type = String)]
    address: Redacted<String>,
    /// Seconds until it is worth nothing.
    expires_in: i64,
    /// Seconds until the screen takes the next one.
    renew_in: i64,
}

/// The people of the office who can be on duty.
#[derive(Debug, Serialize, ToSchema)]
struct StaffPhotosReply {
    /// By name.
    items: Vec<StaffPhotoItem>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
struct StaffPhotoItem {
    /// Who.
    staff_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// What they are.
    role: Role,
    /// When the photo was taken; null without one.
    #[schema(value_type = Option<String>, format = DateTime)]
    taken_at: Option<Timestamp>,
    /// Log-in name of who took it.
    taken_by: Option<String>,
}

/// What one is on duty for, and in which session of outreach one works.
#[utoipa::path(get, path = "/v1/officer/duty", tag = "Officer proof", security(("officer" = [])),
    responses((status = 200, description = "The duty", body = DutyReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn own_duty(
    State(Shared { duties, .. }): State<Shared>,
    officer: Allowed<ReadDuty>,
) -> Result<Json<DutyReply>, Problem> {
    Ok(Json(duties.view(&officer).await?.into()))
}

/// Be on duty from now on, at the office or in an open session on whose roster one is. Gives a new code of the day; what one was on duty for
/// before ends, and its code with it.
#[utoipa::path(post, path = "/v1/officer/duty", tag = "Officer proof", security(("officer" = [])), request_body = DutyBody,
    responses((status = 201, description = "On duty", body = DutyReply),
        (status = "4XX", description = "`invalid_field`; `wrong_state` without a photo, or when the session is not open; `forbidden`")))]
async fn begin_duty(
    State(Shared { duties, .. }): State<Shared>,
    officer: Allowed<BeginDuty>,
    Json(body): Json<DutyBody>,
) -> Result<(StatusCode, Json<DutyReply>), Problem> {
    let DutyBody { outreach_id, until, position } = body;
    let view = duties.begin(&officer, outreach_id, (until, position.map(Position::from))).await?;
    Ok((StatusCode::CREATED, Json(view.into())))
}

/// Be on duty no longer: codes and QRs of it count no more. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/officer/duty", tag = "Officer proof", security(("officer" = [])),
    responses((status = 204, description = "Not on duty"),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn end_duty(
    State(Shared { duties, .. }): State<Shared>,
    officer: Allowed<EndDuty>,
) -> Result<StatusCode, Problem> {
    duties.end(&officer).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The address for a QR on one's screen, which shows anybody that one is on duty here. It counts for five minutes.
#[utoipa::path(post, path = "/v1/officer/duty/token", tag = "Officer proof", security(("officer" = [])),
    responses((status = 200, description = "The address", body = DutyTokenReply),
        (status = "4XX", description = "`wrong_state` for who is not on duty, `forbidden`")))]
async fn duty_token(
    State(Shared { duties, .. }): State<Shared>,
    officer: Allowed<ShowDutyQr>,
) -> Result<Json<DutyTokenReply>, Problem> {
    let address = duties.address(&officer).await?;
    Ok(Json(DutyTokenReply { address, expires_in: QR_SECONDS, renew_in: RENEW_SECONDS }))
}

/// The people of the office who can be on duty, and of whom there are photos.
#[utoipa::path(get, path = "/v1/officer/staff-photos", tag = "Officer proof", security(("officer" = [])),
    responses((status = 200, description = "The people", body = StaffPhotosReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn staff_photos(
    State(Shared { duties, .. }): State<Shared>,
    officer: Allowed<ReadStaffPhotos>,
) -> Result<Json<StaffPhotosReply>, Problem> {
    let people = duties.photographed(&officer).await?;
    let item = |(one, taken_by): (crate::duty::desk::Photographed, Option<String>)| StaffPhotoItem {
        staff_id: one.person.staff_id,
        username: one.person.username,
        full_name: one.person.full_name,
        role: one.person.roles.own,
        taken_at: one.taken.map(|(_, at)| at),
        taken_by,
    };
    Ok(Json(StaffPhotosReply { items: people.into_iter().map(item).collect() }))
}

/// The photo of a colleague.
#[utoipa::path(get, path = "/v1/officer/staff-photos/{id}", tag = "Officer proof", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The colleague")),
    responses((status = 200, description = "The photo", body = [u8], content_type = "image/jpeg"),
        (status = "4XX", description = "`not_found`, `forbidden`")))]
async fn staff_photo(
    State(Shared { duties, .. }): State<Shared>,
    officer: Allowed<ViewStaffPhoto>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "image/jpeg")], duties.photo(&officer, id).await?).into_response())
}

/// Take the photo of a colleague: JPEG or PNG, at most 5 MiB and 4096 pixels a side. A later one replaces it. Nobody takes their own.
#[utoipa::path(put, path = "/v1/officer/staff-photos/{id}", tag = "Officer proof", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The colleague")),
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png")), description = "JPEG or PNG"),
    responses((status = 204, description = "It was taken"),
        (status = "4XX", description = "`picture_unusable`, `too_large`, `unsupported_media_type`, `forbidden` of oneself, `not_found`, `too_many`")))]
async fn put_staff_photo(
    State(Shared { duties, intake: reader }): State<Shared>,
    officer: Allowed<TakeStaffPhoto>,
    address: ClientAddress,
    Path(id): Path<Uuid>,
    request: Request,
) -> Result<StatusCode, Problem> {
    intake::announced(request.headers(), &["image/jpeg", "image/png"], selfie::MAX_BYTES)?;
    duties.check_subject(&officer, id).await?;
    let (bytes, _held) = reader.read(address, request.into_body(), selfie::MAX_BYTES).await?;
    duties.photograph(&officer, id, address.0, bytes.to_vec()).await?;
    Ok(StatusCode::NO_CONTENT)
}
