//! Holders who come to the counter without their phones.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::act::{
    AskWalkIn, GrantWalkIn, PhotographWalkIn, PrepareWalkIn, PrintWalkInCopy, ReadWalkIns, RefuseWalkIn, ViewWalkIn,
    ViewWalkInPicture,
};
use super::super::walk_in::{WaitingWalkIn, WalkInView, WalkIns};
use super::who::{self, HelperBody, HelperReply};
use crate::clock::Timestamp;
use crate::error::Language;
use crate::holder::CredentialState;
use crate::register::Date;
use crate::registration::selfie;
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::walk_in::model::{Claim, Kind, State as WalkInState, WalkIn};
use crate::web::intake::{self, Intake};
use crate::web::{ClientAddress, Json, Lang, Path, Problem, Query};

/// What the handlers share.
#[derive(Clone)]
pub(super) struct Shared {
    walk_ins: WalkIns,
    intake: Intake,
}

impl Shared {
    pub(super) fn new(walk_ins: WalkIns) -> Self {
        Self { walk_ins, intake: Intake::default() }
    }
}

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(walk_ins_waiting, prepare_walk_in))
        .routes(routes!(view_walk_in))
        .routes(routes!(walk_in_photo, put_walk_in_photo))
        .routes(routes!(walk_in_portrait))
        .routes(routes!(ask_walk_in))
        .routes(routes!(grant_walk_in))
        .routes(routes!(refuse_walk_in))
        .routes(routes!(walk_in_copy))
}

/// Who came, as the officer types it, and what they want.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WalkInBody {
    /// What they want.
    kind: Kind,
    /// 16 digits.
    #[schema(value_type = String, example = "3171015708900001")]
    nik: Redacted<String>,
    /// The name.
    #[schema(value_type = String, example = "Siti Nurhalizah")]
    full_name: Redacted<String>,
    /// The birth date, `YYYY-MM-DD`.
    #[schema(value_type = String, example = "1990-08-17")]
    birth_date: Redacted<String>,
    /// Who helps them, if anybody does.
    #[serde(default)]
    helper: Option<HelperBody>,
}

/// The holder's word.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WalkInAskBody {
    /// `version` of the request as it was on the screen.
    version: String,
    /// Whether the holder heard what follows from it, and wants it.
    wanted: bool,
    /// Who heard that beside the officer, where the holder cannot read: a name.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Aminah")]
    witness: Option<Redacted<String>>,
}

/// A decision on a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WalkInGrantBody {
    /// `version` of the request as it was on the screen.
    version: String,
}

/// Why it is refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WalkInRefusalBody {
    /// `version` of the request as it was on the screen.
    version: String,
    /// 5–500 characters.
    #[schema(value_type = String, example = "Wajah pada foto bukan pemilik identitas")]
    reason: Redacted<String>,
}

/// A holder who came without their phone.
#[derive(Debug, Serialize, ToSchema)]
struct WalkInReply {
    /// The request.
    walk_in_id: Uuid,
    /// Changes with every step; each decision names it.
    version: String,
    /// What is asked for.
    kind: Kind,
    /// Where it stands.
    state: WalkInState,
    /// The name, as the register has it; null once the data are erased.
    #[schema(value_type = Option<String>)]
    full_name: Option<Redacted<String>>,
    /// The NIK, of which only the ends are shown.
    #[schema(value_type = Option<String>, example = "3171********0001")]
    nik: Option<Redacted<String>>,
    /// The birth date.
    #[schema(value_type = Option<String>, format = Date)]
    birth_date: Option<Date>,
    /// The state of the digital KTP.
    card: CredentialState,
    /// Whether it is on a phone.
    on_phone: bool,
    /// Who helps.
    helper: Option<HelperReply>,
    /// Who heard that the holder wants it.
    #[schema(value_type = Option<String>)]
    witness: Option<Redacted<String>>,
    /// Whether the photo was taken.
    has_photo: bool,
    /// Until when the copy can be printed; null of what is no copy, or was not granted.
    #[schema(value_type = Option<String>, format = DateTime)]
    print_until: Option<Timestamp>,
    /// Log-in name of who asks.
    asked_by: String,
    /// When the request lapses.
    #[schema(value_type = String, format = DateTime)]
    lapses_at: Timestamp,
    /// Why it was refused.
    #[schema(value_type = Option<String>)]
    refusal: Option<Redacted<String>>,
    /// Whether who looks asks: then somebody else has to grant it.
    own: bool,
    /// Whether who looks may grant it now.
    may_grant: bool,
}

impl From<WalkInView> for WalkInReply {
    fn from(view: WalkInView) -> Self {
        let WalkInView { seen, asked_by, own, may_grant } = view;
        let walk_in = seen.walk_in;
        Self {
            walk_in_id: walk_in.walk_in_id,
            version: walk_in.version(),
            kind: walk_in.kind,
            state: seen.state,
            full_name: seen.full_name,
            nik: seen.nik,
            birth_date: seen.birth_date,
            card: seen.card,
            on_phone: seen.on_phone,
            helper: seen.said.helper.map(|helper| HelperReply::of(helper, seen.helper_people)),
            witness: seen.said.witness,
            has_photo: seen.has_photo,
            print_until: walk_in.print_until(),
            asked_by,
            lapses_at: walk_in.lapses_at,
            refusal: seen.said.refusal,
            own,
            may_grant,
        }
    }
}

/// What waits for a second person.
#[derive(Debug, Serialize, ToSchema)]
struct WalkInsReply {
    /// Longest waiting first.
    items: Vec<WaitingWalkInReply>,
    /// What this officer prepared and is not done with, newest first: it waits, or its copy can still be printed.
    mine: Vec<OwnWalkIn>,
}

/// A request of one's own.
#[derive(Debug, Serialize, ToSchema)]
struct OwnWalkIn {
    /// The request.
    walk_in_id: Uuid,
    /// What is asked for.
    kind: Kind,
    /// Where it stands.
    state: WalkInState,
    /// When it was prepared.
    #[schema(value_type = String, format = DateTime)]
    prepared_at: Timestamp,
    /// When it lapses.
    #[schema(value_type = String, format = DateTime)]
    lapses_at: Timestamp,
    /// Until when the copy can be printed.
    #[schema(value_type = Option<String>, format = DateTime)]
    print_until: Option<Timestamp>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaitingWalkIn)]
struct WaitingWalkInReply {
    /// The request.
    walk_in_id: Uuid,
    /// What is asked for.
    kind: Kind,
    /// Log-in name of who asked.
    asked_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// When it lapses.
    #[schema(value_type = String, format = DateTime)]
    lapses_at: Timestamp,
    /// Whether who looks asked: then somebody else has to grant it.
    own: bool,
}

/// In which language a copy is wanted.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CopyLanguage {
    /// Indonesian.
    Id,
    /// English.
    En,
}

impl From<CopyLanguage> for Language {
    fn from(language: CopyLanguage) -> Self {
        match language {
            CopyLanguage::Id => Self::Indonesian,
            CopyLanguage::En => Self::English,
        }
    }
}

/// How a copy is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CopyQuery {
    /// The language; left out for that of `Accept-Language`.
    #[serde(default)]
    #[param(inline)]
    language: Option<CopyLanguage>,
}

/// What the next step has to name.
#[derive(Debug, Serialize, ToSchema)]
struct WalkInVersion {
    /// The request's `version` now.
    version: String,
}

/// Prepare what a holder wants who stands at the counter without their phone: that the digital KTP end, that the consent be withdrawn, or a
/// copy of the own data on paper. Then the photo is taken, and it is asked for. It lapses after 30 minutes.
#[utoipa::path(post, path = "/v1/officer/walk-ins", tag = "Walk-ins", security(("officer" = [])),
    request_body = WalkInBody,
    responses((status = 201, description = "Prepared", body = WalkInReply),
        (status = "4XX", description = "`not_found` where NIK, name and birth date are not those of a digital KTP; `invalid_field`, `wrong_state`, `too_many`, `forbidden`")))]
async fn prepare_walk_in(
    State(Shared { walk_ins, .. }): State<Shared>,
    officer: Allowed<PrepareWalkIn>,
    Json(body): Json<WalkInBody>,
) -> Result<(StatusCode, Json<WalkInReply>), Problem> {
    let who = who::read((&body.nik, &body.full_name, &body.birth_date), body.helper)?;
    let claim = Claim { full_name: Redacted(who.full_name), birth_date: who.birth_date };
    let prepared = walk_ins.prepare(&officer, (&who.nik, &claim), body.kind, who.helper.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(prepared.into())))
}

/// What waits for a second person of this office, and what one prepared oneself. Names no resident.
#[utoipa::path(get, path = "/v1/officer/walk-ins", tag = "Walk-ins", security(("officer" = [])),
    responses((status = 200, description = "The requests", body = WalkInsReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn walk_ins_waiting(
    State(Shared { walk_ins, .. }): State<Shared>,
    officer: Allowed<ReadWalkIns>,
) -> Result<Json<WalkInsReply>, Problem> {
    let item = |one: WaitingWalkIn| {
        let WaitingWalkIn { walk_in_id, kind, asked_by, asked_at, lapses_at, own } = one;
        WaitingWalkInReply { walk_in_id, kind, asked_by, asked_at, lapses_at, own }
    };
    let items = walk_ins.waiting(&officer).await?.into_iter().map(item).collect();
    let own = |one: WalkIn| OwnWalkIn {
        walk_in_id: one.walk_in_id,
        kind: one.kind,
        state: one.written,
        prepared_at: one.prepared_at,
        lapses_at: one.lapses_at,
        print_until: one.print_until(),
    };
    let mine = walk_ins.mine(&officer).await?.into_iter().map(own).collect();
    Ok(Json(WalkInsReply { items, mine }))
}

/// A request of this office.
#[utoipa::path(get, path = "/v1/officer/walk-ins/{id}", tag = "Walk-ins", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request")),
    responses((status = 200, description = "The request", body = WalkInReply),
        (status = "4XX", description = "`not_found`, `forbidden`")))]
async fn view_walk_in(
    State(Shared { walk_ins, .. }): State<Shared>,
    officer: Allowed<ViewWalkIn>,
    Path(id): Path<Uuid>,
) -> Result<Json<WalkInReply>, Problem> {
    Ok(Json(walk_ins.view(&officer, id).await?.into()))
}

/// Add the photo that the counter's camera took: JPEG or PNG, at most 5 MiB and 4096 pixels a side. A later one replaces it.
#[utoipa::path(put, path = "/v1/officer/walk-ins/{id}/photo", tag = "Walk-ins", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request")),
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png")), description = "JPEG or PNG"),
    responses((status = 200, description = "The `version` for the next step", body = WalkInVersion),
        (status = "4XX", description = "`picture_unusable`, `too_large`, `unsupported_media_type`, `forbidden` for a colleague's, `wrong_state`, `not_found`, `too_many`")))]
async fn put_walk_in_photo(
    State(Shared { walk_ins, intake: reader }): State<Shared>,
    officer: Allowed<PhotographWalkIn>,
    address: ClientAddress,
    Path(id): Path<Uuid>,
    request: Request,
) -> Result<Json<WalkInVersion>, Problem> {
    intake::announced(request.headers(), &["image/jpeg", "image/png"], selfie::MAX_BYTES)?;
    walk_ins.awaits_photo(&officer, id).await?;
    let (bytes, _held) = reader.read(address, request.into_body(), selfie::MAX_BYTES).await?;
    let version = walk_ins.photograph(&officer, id, address.0, bytes.to_vec()).await?;
    Ok(Json(WalkInVersion { version }))
}

/// The photo that was taken at the counter.
#[utoipa::path(get, path = "/v1/officer/walk-ins/{id}/photo", tag = "Walk-ins", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request")),
    responses((status = 200, description = "The photo", body = [u8], content_type = "image/jpeg"),
        (status = "4XX", description = "`not_found`, `forbidden`")))]
async fn walk_in_photo(
    State(Shared { walk_ins, .. }): State<Shared>,
    officer: Allowed<ViewWalkInPicture>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "image/jpeg")], walk_ins.picture(&officer, id, true).await?).into_response())
}

/// The holder's portrait, while a second person is to compare it.
#[utoipa::path(get, path = "/v1/officer/walk-ins/{id}/portrait", tag = "Walk-ins", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request")),
    responses((status = 200, description = "The portrait", body = [u8], content_type = "image/jpeg"),
        (status = "4XX", description = "`not_found`, `forbidden`")))]
async fn walk_in_portrait(
    State(Shared { walk_ins, .. }): State<Shared>,
    officer: Allowed<ViewWalkInPicture>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "image/jpeg")], walk_ins.picture(&officer, id, false).await?).into_response())
}

/// Ask for it: the holder heard what follows, and wants it. A supervisor of the same office, another person, grants it.
#[utoipa::path(post, path = "/v1/officer/walk-ins/{id}/ask", tag = "Walk-ins", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request")), request_body = WalkInAskBody,
    responses((status = 204, description = "Asked for"),
        (status = "4XX", description = "`invalid_field` unless the holder wants it, `forbidden` for a colleague's, `wrong_state`, `not_found`")))]
async fn ask_walk_in(
    State(Shared { walk_ins, .. }): State<Shared>,
    officer: Allowed<AskWalkIn>,
    Path(id): Path<Uuid>,
    Json(body): Json<WalkInAskBody>,
) -> Result<StatusCode, Problem> {
    let witness = who::witness(body.witness)?;
    walk_ins.ask(&officer, (id, &body.version), (body.wanted, witness)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Grant what a colleague asked for, after comparing the photo with the portrait: the digital KTP has ended when the answer comes, or the
/// copy may be printed. Supervisors only.
#[utoipa::path(post, path = "/v1/officer/walk-ins/{id}/grant", tag = "Walk-ins", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request")), request_body = WalkInGrantBody,
    responses((status = 204, description = "Granted"),
        (status = "4XX", description = "`forbidden` for the own request, `not_found`, `wrong_state`")))]
async fn grant_walk_in(
    State(Shared { walk_ins, .. }): State<Shared>,
    officer: Allowed<GrantWalkIn>,
    Path(id): Path<Uuid>,
    Json(body): Json<WalkInGrantBody>,
) -> Result<StatusCode, Problem> {
    walk_ins.grant(&officer, id, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse it, or take the own request back.
#[utoipa::path(post, path = "/v1/officer/walk-ins/{id}/refuse", tag = "Walk-ins", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request")), request_body = WalkInRefusalBody,
    responses((status = 204, description = "Refused"),
        (status = "4XX", description = "`invalid_field`, `forbidden`, `not_found`, `wrong_state`")))]
async fn refuse_walk_in(
    State(Shared { walk_ins, .. }): State<Shared>,
    officer: Allowed<RefuseWalkIn>,
    Path(id): Path<Uuid>,
    Json(body): Json<WalkInRefusalBody>,
) -> Result<StatusCode, Problem> {
    walk_ins.refuse(&officer, id, &body.version, body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The copy of the own data to print and hand over, for an hour after the grant, in the language that is asked for, else of `Accept-Language`.
#[utoipa::path(get, path = "/v1/officer/walk-ins/{id}/copy", tag = "Walk-ins", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The request"), CopyQuery),
    responses((status = 200, description = "The copy, PDF/UA-1, A4", body = [u8], content_type = "application/pdf"),
        (status = "4XX", description = "`not_found`, `wrong_state` of what is no copy or can be printed no more, `too_many`, `forbidden`"),
        (status = 503, description = "`overloaded`: too many copies are being made")))]
async fn walk_in_copy(
    State(Shared { walk_ins, .. }): State<Shared>,
    officer: Allowed<PrintWalkInCopy>,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
    Query(query): Query<CopyQuery>,
) -> Result<Response, Problem> {
    let language = query.language.map_or(language, Language::from);
    let copy = walk_ins.print(&officer, id, language).await?;
    let headers = [(CONTENT_TYPE, "application/pdf"), (CONTENT_DISPOSITION, "inline; filename=\"salinan-data.pdf\"")];
    Ok((headers, copy).into_response())
}
