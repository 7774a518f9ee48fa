//! The routes of holders' cases, and a case as its resident reads it.

use axum::Extension;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::cards::{Cards, Said};
use super::model::{Actor, Field, Kind, Opener, State as CorrectionState};
use super::view::View;
use crate::clock::Timestamp;
use crate::device::http::Device;
use crate::error::{Code, Language};
use crate::life::model::reference;
use crate::secret::Redacted;
use crate::wallet::http::Resident;
use crate::web::{Json, Lang, Path, Problem};

/// All routes of this room.
pub fn routes(cards: Cards) -> OpenApiRouter {
    let wallet = Extension(cards.wallet.clone());
    OpenApiRouter::new()
        .routes(routes!(own_corrections, open_correction))
        .routes(routes!(phone_corrections, object_to_changes))
        .routes(routes!(withdraw_correction))
        .routes(routes!(withdraw_phone_correction))
        .with_state(cards)
        .layer(wallet)
}

/// The route that everybody reads.
pub fn open_routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(correction_kinds))
}

/// A kind of case, and what it asks of whom.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectionGuide {
    /// The kind.
    kind: Kind,
    /// What it is called.
    title: &'static str,
    /// What is to be done.
    act: &'static str,
    /// The service at the office that does it.
    service: &'static str,
    /// Who has to act.
    actor: Actor,
    /// What the resident brings.
    documents: Vec<&'static str>,
    /// Working days that it is expected to take once the documents are there; no promise.
    working_days: i64,
    /// Elements that a case of this kind can be about; empty where none is to be named.
    fields: &'static [Field],
    /// Whether whoever registers can open it in the app.
    for_registrants: bool,
    /// Whether a holder can open it in the app.
    for_holders: bool,
}

impl CorrectionGuide {
    fn new(kind: Kind, language: Language) -> Self {
        let guide = kind.guide();
        Self {
            kind,
            title: guide.title.in_language(language),
            act: guide.act.in_language(language),
            service: guide.service.in_language(language),
            actor: guide.actor,
            documents: guide.documents.iter().map(|document| document.in_language(language)).collect(),
            working_days: guide.working_days,
            fields: kind.fields(),
            for_registrants: kind.may_be_opened_by(Opener::Registrant),
            for_holders: kind.may_be_opened_by(Opener::Holder),
        }
    }
}

/// A correction case as its resident reads it: what the register says stands nowhere in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectionReply {
    /// Its id.
    correction_id: Uuid,
    /// The number by which people speak of it.
    #[schema(example = "7F3A-09C2")]
    reference: String,
    /// Where it stands.
    state: CorrectionState,
    /// Changes with every step.
    version: String,
    /// The kind, and what it asks of whom.
    guide: CorrectionGuide,
    /// The elements that it is about.
    fields: Vec<Field>,
    /// The office that has it; null while any office can take it.
    office: Option<String>,
    /// An officer's words.
    #[schema(value_type = Option<String>)]
    words: Option<Redacted<String>>,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// When the present step is expected to be done.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    /// When it lapses unless the register agrees before.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// Whether the resident may go on with the register's spelling of the name, if they agree to it.
    may_agree_to_spelling: bool,
    /// Whether it can be taken back by who opened it.
    may_withdraw: bool,
    /// Whether they agreed.
    spelling_agreed: bool,
}

impl CorrectionReply {
    /// In the language of the reader.
    pub fn new(view: View, language: Language) -> Self {
        let View { case, state, fields, office, words, may_agree, .. } = view;
        Self {
            correction_id: case.correction_id,
            reference: reference(case.correction_id),
            state,
            version: case.version(),
            guide: CorrectionGuide::new(case.kind, language),
            fields,
            office,
            words,
            opened_at: case.opened_at,
            due_at: case.due_at,
            expires_at: case.expires_at,
            ended_at: case.ended_at,
            may_agree_to_spelling: may_agree,
            may_withdraw: state.is_live() && case.opener != Opener::Officer,
            spelling_agreed: case.spelling_agreed_at.is_some(),
        }
    }
}

/// All kinds.
#[derive(Debug, Serialize, ToSchema)]
struct CorrectionKindsReply {
    /// What each asks of whom.
    items: Vec<CorrectionGuide>,
}

/// Cases.
#[derive(Debug, Serialize, ToSchema)]
struct CorrectionsReply {
    /// Newest first.
    items: Vec<CorrectionReply>,
}

impl CorrectionsReply {
    fn new(views: Vec<View>, language: Language) -> Self {
        Self { items: views.into_iter().map(|view| CorrectionReply::new(view, language)).collect() }
    }
}

/// What is wrong on the card.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CorrectionBody {
    /// What kind of mistake it is.
    kind: Kind,
    /// Which elements are wrong, of those that the kind has.
    #[serde(default)]
    fields: Vec<Field>,
    /// With `full_name` among them: how it should be.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "SITI RAHMAWATI")]
    full_name: Option<Redacted<String>>,
    /// With `birth_date` among them: how it should be, `YYYY-MM-DD`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "1990-08-17")]
    birth_date: Option<Redacted<String>>,
}

/// The PIN, where the digital KTP waits for the holder's word.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ObjectionBody {
    /// Challenge of `POST /v1/challenges`.
    #[serde(default)]
    challenge: Option<String>,
    /// Its signature by the PIN key, as for unlocking.
    #[serde(default)]
    signature: Option<String>,
}

/// All kinds of correction cases: what each asks of whom, what to bring, how long it takes. The same for everybody.
#[utoipa::path(get, path = "/v1/correction-kinds", tag = "Corrections",
    responses((status = 200, description = "The kinds", body = CorrectionKindsReply)))]
async fn correction_kinds(Lang(language): Lang) -> Json<CorrectionKindsReply> {
    Json(CorrectionKindsReply { items: Kind::ALL.iter().map(|kind| CorrectionGuide::new(*kind, language)).collect() })
}

/// The holder's correction cases, the newest 50.
#[utoipa::path(get, path = "/v1/me/corrections", tag = "Corrections", security(("dpop" = [], "access_token" = [])),
    responses((status = 200, description = "The cases", body = CorrectionsReply),
        (status = "4XX", description = "`session_ended`, `dpop_invalid`, `use_dpop_nonce`")))]
async fn own_corrections(
    State(cards): State<Cards>,
    resident: Resident,
    Lang(language): Lang,
) -> Result<Json<CorrectionsReply>, Problem> {
    Ok(Json(CorrectionsReply::new(cards.list(&resident.session).await?, language)))
}

/// Data on the card are wrong. While a case of this kind lives, this gives the same one. It closes by itself when the register agrees.
#[utoipa::path(post, path = "/v1/me/corrections", tag = "Corrections", security(("dpop" = [], "access_token" = [])),
    request_body = CorrectionBody,
    responses((status = 201, description = "Opened", body = CorrectionReply),
        (status = "4XX", description = "`invalid_field`, `wrong_state` when the register says that already, `too_many`, `session_ended`")))]
async fn open_correction(
    State(cards): State<Cards>,
    resident: Resident,
    Lang(language): Lang,
    Json(body): Json<CorrectionBody>,
) -> Result<(StatusCode, Json<CorrectionReply>), Problem> {
    let CorrectionBody { kind, fields, full_name, birth_date } = body;
    let view = cards.open(&resident.session, &Said { kind, fields, full_name, birth_date }).await?;
    Ok((StatusCode::CREATED, Json(CorrectionReply::new(view, language))))
}

/// The cases that were opened on this phone while the register had stopped its digital KTP, or changed who its holder is.
#[utoipa::path(get, path = "/v1/corrections", tag = "Corrections", security(("dpop" = [])),
    responses((status = 200, description = "The cases", body = CorrectionsReply),
        (status = "4XX", description = "`not_found` for a device without a digital KTP")))]
async fn phone_corrections(
    State(cards): State<Cards>,
    device: Device,
    Lang(language): Lang,
) -> Result<Json<CorrectionsReply>, Problem> {
    Ok(Json(CorrectionsReply::new(cards.of_phone(&device.thumbprint).await?, language)))
}

/// "These are not my data", with the PIN, of what the register changed (`register_changed`); or "I am alive", without it, of a digital
/// KTP that the register stopped (`register_deceased`). While such a case lives, this gives the same one.
#[utoipa::path(post, path = "/v1/corrections", tag = "Corrections", security(("dpop" = [])), request_body = ObjectionBody,
    responses((status = 201, description = "Opened", body = CorrectionReply),
        (status = "4XX", description = "`not_found`, `wrong_state` for any other digital KTP; `pin_wrong`, `pin_wait`, `pin_blocked`, `challenge_invalid`, `too_many`")))]
async fn object_to_changes(
    State(cards): State<Cards>,
    device: Device,
    Lang(language): Lang,
    Json(body): Json<ObjectionBody>,
) -> Result<(StatusCode, Json<CorrectionReply>), Problem> {
    let view = match (body.challenge, body.signature) {
        (Some(challenge), Some(signature)) => cards.object(&device.thumbprint, &challenge, &signature).await?,
        (None, None) => cards.lives(&device.thumbprint).await?,
        _ => return Err(Code::ChallengeInvalid.into()),
    };
    Ok((StatusCode::CREATED, Json(CorrectionReply::new(view, language))))
}

/// Take back a case that you opened: the office does not go on with it. Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/me/corrections/{id}", tag = "Corrections", security(("dpop" = [], "access_token" = [])),
    params(("id" = Uuid, Path, description = "The case")),
    responses((status = 200, description = "Taken back", body = CorrectionReply),
        (status = "4XX", description = "`not_found`, `wrong_state` when an office opened it or it has ended, `session_ended`")))]
async fn withdraw_correction(
    State(cards): State<Cards>,
    resident: Resident,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
) -> Result<Json<CorrectionReply>, Problem> {
    let view = cards.withdraw(&resident.session, id).await?;
    Ok(Json(CorrectionReply::new(view, language)))
}

/// Take back "I am alive" of a digital KTP that the register stopped. It needs no PIN, as opening it needs none; it can be opened again.
/// Repeating it changes nothing.
#[utoipa::path(delete, path = "/v1/corrections/{id}", tag = "Corrections", security(("dpop" = [])),
    params(("id" = Uuid, Path, description = "The case")),
    responses((status = 200, description = "Taken back", body = CorrectionReply),
        (status = "4XX", description = "`not_found`, also for a case that needs the PIN; `wrong_state` when it has ended")))]
async fn withdraw_phone_correction(
    State(cards): State<Cards>,
    device: Device,
    Lang(language): Lang,
    Path(id): Path<Uuid>,
) -> Result<Json<CorrectionReply>, Problem> {
    let view = cards.withdraw_of_phone(&device.thumbprint, id).await?;
    Ok(Json(CorrectionReply::new(view, language)))
}
