//! Printed cards at the counter.

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
    AskCard, GrantCard, KeepCard, PhotographForCard, PrepareCard, PrintCard, ReadCards, RefuseCard, ViewCard,
    ViewCardPicture, VoidCard,
};
use super::super::card::{CardView, Cards, WaitingCard};
use super::who::{self, HelperBody, HelperReply, Who};
use crate::card::desk::Draft;
use crate::card::model::{Card, Standing, State as CardState, VoidReason};
use crate::clock::Timestamp;
use crate::holder::{CredentialState, Reason};
use crate::life::model::reference;
use crate::register::Date;
use crate::registration::{selfie, terms};
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::extract::page_limit;
use crate::web::intake::{self, Intake};
use crate::web::{ClientAddress, Json, Path, Problem, Query};

/// What the handlers share.
#[derive(Clone)]
pub(super) struct Shared {
    cards: Cards,
    intake: Intake,
}

impl Shared {
    pub(super) fn new(cards: Cards) -> Self {
        Self { cards, intake: Intake::default() }
    }
}

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(issued_cards, prepare_card))
        .routes(routes!(cards_waiting))
        .routes(routes!(view_card))
        .routes(routes!(card_photo, put_card_photo))
        .routes(routes!(card_portrait))
        .routes(routes!(ask_card))
        .routes(routes!(grant_card))
        .routes(routes!(refuse_card))
        .routes(routes!(card_sheet))
        .routes(routes!(void_card))
        .routes(routes!(keep_card))
}

/// What the resident says at the counter; the officer types it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CardBody {
    /// 16 digits.
    #[schema(value_type = String, example = "3171015708900001")]
    nik: Redacted<String>,
    /// The name.
    #[schema(value_type = String, example = "Siti Nurhalizah")]
    full_name: Redacted<String>,
    /// The birth date, `YYYY-MM-DD`.
    #[schema(value_type = String, example = "1990-08-17")]
    birth_date: Redacted<String>,
    /// Who helps the resident, if anybody does.
    #[serde(default)]
    helper: Option<HelperBody>,
}

/// A step on a card.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CardVersionBody {
    /// `version` of the card as it was on the screen.
    version: String,
}

/// The resident agreed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CardAskBody {
    /// `version` of the card as it was on the screen.
    version: String,
    /// Version of the terms that were read out.
    terms_version: String,
    /// Whether the resident heard or read back the data and agrees to the terms.
    agreed: bool,
    /// Who heard that beside the officer, where the resident cannot read: a name.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Aminah")]
    witness: Option<Redacted<String>>,
}

/// Why it is refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CardRefusalBody {
    /// `version` of the card as it was on the screen.
    version: String,
    /// 5–500 characters.
    #[schema(value_type = String, example = "Wajah pada foto bukan pemilik identitas")]
    reason: Redacted<String>,
}

/// Why a card is voided at the counter.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CardEnd {
    /// It was lost or stolen.
    Lost,
    /// Its holder gives it back; who has no phone ends the digital KTP with it, and the data are erased within a day.
    Returned,
}

/// A card that is voided.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CardVoidBody {
    /// `version` of the card as it was on the screen.
    version: String,
    /// Why.
    reason: CardEnd,
}

/// Whether a card stays good beside a phone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CardKeepBody {
    /// `version` of the card as it was on the screen.
    version: String,
    /// Whether it stays good when its holder activates a phone. Without this it is void then.
    keeps: bool,
}

/// A card as somebody of its office sees it.
#[derive(Debug, Serialize, ToSchema)]
struct PrintedCardReply {
    /// The card.
    card_id: Uuid,
    /// By which people speak of it; it is printed on the card.
    #[schema(example = "7F3A-09C2")]
    reference: String,
    /// Changes with every step; each decision names it.
    version: String,
    /// Where the request stands.
    state: CardState,
    /// Whether the card counts; null until it was granted.
    standing: Option<Standing>,
    /// Until when it counts.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Why it was voided at a counter.
    void_reason: Option<VoidReason>,
    /// Whether it stays good when its holder activates a phone.
    keeps: bool,
    /// Until when whoever looks can print it: who asked for it and who granted it.
    #[schema(value_type = Option<String>, format = DateTime)]
    print_until: Option<Timestamp>,
    /// The name, as the resident says it.
    #[schema(value_type = String)]
    full_name: Redacted<String>,
    /// The name, as the register has it; null once what was compared is deleted.
    #[schema(value_type = Option<String>)]
    registered_name: Option<Redacted<String>>,
    /// The NIK: all of it for who asks and who may grant, while the request waits; its ends for everybody else.
    #[schema(value_type = String)]
    nik: Redacted<String>,
    /// The birth date.
    #[schema(value_type = String, format = Date)]
    birth_date: Date,
    /// Who helps.
    helper: Option<HelperReply>,
    /// Who heard that the resident agrees.
    #[schema(value_type = Option<String>)]
    witness: Option<Redacted<String>>,
    /// Whether the photo was taken.
    has_photo: bool,
    /// Whether there is a portrait to compare with.
    has_portrait: bool,
    /// How the digital KTP of this person stands; null where there is none.
    card: Option<CredentialState>,
    /// Why it is not active.
    stopped: Option<Reason>,
    /// Whether it is on a phone.
    on_phone: bool,
    /// How many other cards of this person count now: granting this one voids them.
    good_cards: usize,
    /// Log-in name of who asks.
    asked_by: String,
    /// When the request lapses.
    #[schema(value_type = String, format = DateTime)]
    lapses_at: Timestamp,
    /// Version of the terms to read out.
    terms_version: &'static str,
    /// Why it was refused.
    #[schema(value_type = Option<String>)]
    refusal: Option<Redacted<String>>,
    /// Whether who looks asks: then somebody else has to grant it.
    own: bool,
    /// Whether who looks may grant it now.
    may_grant: bool,
}

impl From<CardView> for PrintedCardReply {
    fn from(view: CardView) -> Self {
        let CardView { seen, asked_by, own, may_grant, shows_nik, prints } = view;
        let (card, said) = (seen.card, seen.said);
        let (credential, stopped) = seen.credential.unzip();
        Self {
            card_id: card.card_id,
            reference: reference(card.card_id),
            version: card.version(),
            state: seen.state,
            standing: seen.standing,
            expires_at: card.issued.map(|issued| issued.expires_at),
            void_reason: card.issued.and_then(|issued| issued.voided).map(|(_, reason)| reason),
            keeps: card.issued.is_some_and(|issued| issued.keeps),
            print_until: print_until(&card).filter(|_| prints),
            full_name: said.full_name,
            registered_name: seen.registered_name,
            nik: Redacted(if shows_nik { said.nik.as_str().to_owned() } else { said.nik.masked() }),
            birth_date: said.birth_date,
            helper: said.helper.map(|helper| HelperReply::of(helper, seen.helper_people)),
            witness: said.witness,
            has_photo: seen.has_photo,
            has_portrait: seen.has_portrait,
            card: credential,
            stopped: stopped.flatten().map(|status| status.reason),
            on_phone: seen.on_phone,
            good_cards: seen.good_cards,
            asked_by,
            lapses_at: card.lapses_at,
            terms_version: terms::VERSION,
            refusal: said.refusal,
            own,
            may_grant,
        }
    }
}

fn print_until(card: &Card) -> Option<Timestamp> {
    let granted = card.ended_at.filter(|_| card.issued.is_some());
    granted.map(|granted| granted.plus_seconds(crate::card::model::PRINT_SECONDS))
}

/// What waits for a second person.
#[derive(Debug, Serialize, ToSchema)]
struct CardsWaitingReply {
    /// Longest waiting first.
    items: Vec<WaitingCardReply>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaitingCard)]
struct WaitingCardReply {
    /// The card to be.
    card_id: Uuid,
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

/// Which of a list is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CardsQuery {
    /// `next` of the page before; left out for the newest.
    #[serde(default)]
    cursor: Option<String>,
    /// At most so many, 1 to 100.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
}

/// Cards that this office issued.
#[derive(Debug, Serialize, ToSchema)]
struct CardsReply {
    /// Newest first.
    items: Vec<IssuedCard>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// A card that was issued. It names no resident.
#[derive(Debug, Serialize, ToSchema)]
struct IssuedCard {
    /// The card.
    card_id: Uuid,
    /// By which people speak of it.
    #[schema(example = "7F3A-09C2")]
    reference: String,
    /// When it was granted.
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
    /// Until when it counts.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Whether it counts now.
    standing: Option<Standing>,
}

/// Prepare a card for a resident without a phone who stands at the counter: the register is asked at once. Then the photo is taken, and the
/// card asked for. It lapses after 30 minutes.
#[utoipa::path(post, path = "/v1/officer/cards", tag = "Printed cards", security(("officer" = [])),
    request_body = CardBody,
    responses((status = 201, description = "Prepared", body = PrintedCardReply),
        (status = "4XX", description = "`invalid_field`, also for what the register has otherwise; `wrong_state`, `too_many`, `forbidden`"),
        (status = 503, description = "`unavailable` while the register does not answer")))]
async fn prepare_card(
    State(Shared { cards, .. }): State<Shared>,
    officer: Allowed<PrepareCard>,
    Json(body): Json<CardBody>,
) -> Result<(StatusCode, Json<PrintedCardReply>), Problem> {
    let Who { nik, full_name, birth_date, helper } =
        who::read((&body.nik, &body.full_name, &body.birth_date), body.helper)?;
    let draft = Draft::new(nik, full_name, birth_date, helper);
    Ok((StatusCode::CREATED, Json(cards.prepare(&officer, draft).await?.into())))
}

/// Cards that this office issued, and whether each still counts. Names no resident.
#[utoipa::path(get, path = "/v1/officer/cards", tag = "Printed cards", security(("officer" = [])), params(CardsQuery),
    responses((status = 200, description = "A page of the list", body = CardsReply),
        (status = "4XX", description = "`malformed_request`, `forbidden`, `session_ended`")))]
async fn issued_cards(
    State(Shared { cards, .. }): State<Shared>,
    officer: Allowed<ReadCards>,
    Query(query): Query<CardsQuery>,
) -> Result<Json<CardsReply>, Problem> {
    let page = cards.issued(&officer, query.cursor.as_deref(), query.limit.unwrap_or(20)).await?;
    let item = |(card, standing): (Card, Option<Standing>)| IssuedCard {
        card_id: card.card_id,
        reference: reference(card.card_id),
        issued_at: card.ended_at.unwrap_or(card.prepared_at),
        expires_at: card.issued.map(|issued| issued.expires_at),
        standing,
    };
    let page = page.map(item);
    Ok(Json(CardsReply { items: page.items, next: page.next }))
}

/// What waits for a second person of this office. Names no resident.
#[utoipa::path(get, path = "/v1/officer/cards/waiting", tag = "Printed cards", security(("officer" = [])),
    responses((status = 200, description = "The requests", body = CardsWaitingReply),
        (status = "4XX", description = "`forbidden`, `session_ended`")))]
async fn cards_waiting(
    State(Shared { cards, .. }): State<Shared>,
    officer: Allowed<ReadCards>,
) -> Result<Json<CardsWaitingReply>, Problem> {
    let item = |one: WaitingCard| {
        let WaitingCard { card_id, asked_by, asked_at, lapses_at, own } = one;
        WaitingCardReply { card_id, asked_by, asked_at, lapses_at, own }
    };
    let items = cards.waiting(&officer).await?.into_iter().map(item).collect();
    Ok(Json(CardsWaitingReply { items }))
}

/// A card of this office.
#[utoipa::path(get, path = "/v1/officer/cards/{id}", tag = "Printed cards", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The card")),
    responses((status = 200, description = "The card", body = PrintedCardReply),
        (status = "4XX", description = "`not_found`, `forbidden`")))]
async fn view_card(
    State(Shared { cards, .. }): State<Shared>,
    officer: Allowed<ViewCard>,
    Path(id): Path<Uuid>,
) -> Result<Json<PrintedCardReply>, Problem> {
    Ok(Json(cards.view(&officer, id).await?.into()))
}

/// Add the photo that the counter's camera took: JPEG or PNG, at most 5 MiB and 4096 pixels a side. A later one replaces it.
#[utoipa::path(put, path = "/v1/officer/cards/{id}/photo", tag = "Printed cards", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The card")),
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png")), description = "JPEG or PNG"),
    responses((status = 200, description = "The `version` for the next step", body = CardVersion),
        (status = "4XX", description = "`picture_unusable`, `too_large`, `unsupported_media_type`, `forbidden` for a colleague's, `wrong_state`, `not_found`, `too_many`")))]
async fn put_card_photo(
    State(Shared { cards, intake: reader }): State<Shared>,
    officer: Allowed<PhotographForCard>,
    address: ClientAddress,
    Path(id): Path<Uuid>,
    request: Request,
) -> Result<Json<CardVersion>, Problem> {
    intake::announced(request.headers(), &["image/jpeg", "image/png"], selfie::MAX_BYTES)?;
    cards.awaits_photo(&officer, id).await?;
    let (bytes, _held) = reader.read(address, request.into_body(), selfie::MAX_BYTES).await?;
    let version = cards.photograph(&officer, id, address.0, bytes.to_vec()).await?;
    Ok(Json(CardVersion { version }))
}

/// What the next step has to name.
#[derive(Debug, Serialize, ToSchema)]
struct CardVersion {
    /// The card's `version` now.
    version: String,
}

/// The photo that was taken at the counter.
#[utoipa::path(get, path = "/v1/officer/cards/{id}/photo", tag = "Printed cards", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The card")),
    responses((status = 200, description = "The photo", body = [u8], content_type = "image/jpeg"),
        (status = "4XX", description = "`not_found`, `forbidden`")))]
async fn card_photo(
    State(Shared { cards, .. }): State<Shared>,
    officer: Allowed<ViewCardPicture>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "image/jpeg")], cards.picture(&officer, id, true).await?).into_response())
}

/// The register's portrait.
#[utoipa::path(get, path = "/v1/officer/cards/{id}/portrait", tag = "Printed cards", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The card")),
    responses((status = 200, description = "The portrait", body = [u8], content_type = "image/jpeg"),
        (status = "4XX", description = "`not_found`, `forbidden`")))]
async fn card_portrait(
    State(Shared { cards, .. }): State<Shared>,
    officer: Allowed<ViewCardPicture>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "image/jpeg")], cards.picture(&officer, id, false).await?).into_response())
}

/// Ask for the card: the resident heard or read back the data, and agrees. A supervisor of the same office, another person, grants it.
#[utoipa::path(post, path = "/v1/officer/cards/{id}/ask", tag = "Printed cards", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The card")), request_body = CardAskBody,
    responses((status = 204, description = "Asked for"),
        (status = "4XX", description = "`invalid_field` without consent, `forbidden` for a colleague's, `wrong_state`, `not_found`")))]
async fn ask_card(
    State(Shared { cards, .. }): State<Shared>,
    officer: Allowed<AskCard>,
    Path(id): Path<Uuid>,
    Json(body): Json<CardAskBody>,
) -> Result<StatusCode, Problem> {
    let witness = who::witness(body.witness)?;
    cards.ask(&officer, (id, &body.version), (&body.terms_version, body.agreed), witness).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Grant what a colleague asked for, after comparing the photo with the portrait: the card counts when the answer comes, and earlier ones
/// of this resident do not. Supervisors only.
#[utoipa::path(post, path = "/v1/officer/cards/{id}/grant", tag = "Printed cards", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The card")), request_body = CardVersionBody,
    responses((status = 204, description = "Granted"),
        (status = "4XX", description = "`forbidden` for the own request, `not_found`, `wrong_state`"),
        (status = 503, description = "`unavailable` on a service without keys for cards")))]
async fn grant_card(
    State(Shared { cards, .. }): State<Shared>,
    officer: Allowed<GrantCard>,
    Path(id): Path<Uuid>,
    Json(body): Json<CardVersionBody>,
) -> Result<StatusCode, Problem> {
    cards.grant(&officer, id, &body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse it, or take the own request back.
#[utoipa::path(post, path = "/v1/officer/cards/{id}/refuse", tag = "Printed cards", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The card")), request_body = CardRefusalBody,
    responses((status = 204, description = "Refused"),
        (status = "4XX", description = "`invalid_field`, `forbidden`, `not_found`, `wrong_state`")))]
async fn refuse_card(
    State(Shared { cards, .. }): State<Shared>,
    officer: Allowed<RefuseCard>,
    Path(id): Path<Uuid>,
    Json(body): Json<CardRefusalBody>,
) -> Result<StatusCode, Problem> {
    cards.refuse(&officer, id, &body.version, body.reason.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The sheet to print, for an hour after the grant: the card to cut, the slip with the block code, and a copy in large type.
#[utoipa::path(get, path = "/v1/officer/cards/{id}/sheet", tag = "Printed cards", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The card")),
    responses((status = 200, description = "The sheet, A4", body = [u8], content_type = "application/pdf"),
        (status = "4XX", description = "`not_found`, `wrong_state` once it can be printed no more, `forbidden`")))]
async fn card_sheet(
    State(Shared { cards, .. }): State<Shared>,
    officer: Allowed<PrintCard>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let sheet = cards.print(&officer, id).await?;
    let headers = [(CONTENT_TYPE, "application/pdf"), (CONTENT_DISPOSITION, "inline; filename=\"kartu.pdf\"")];
    Ok((headers, sheet).into_response())
}

/// Void a card of this office.
#[utoipa::path(post, path = "/v1/officer/cards/{id}/void", tag = "Printed cards", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The card")), request_body = CardVoidBody,
    responses((status = 204, description = "It does not count any more"),
        (status = "4XX", description = "`not_found`, `wrong_state`, `forbidden`")))]
async fn void_card(
    State(Shared { cards, .. }): State<Shared>,
    officer: Allowed<VoidCard>,
    Path(id): Path<Uuid>,
    Json(body): Json<CardVoidBody>,
) -> Result<StatusCode, Problem> {
    let reason = match body.reason {
        CardEnd::Lost => VoidReason::Lost,
        CardEnd::Returned => VoidReason::Returned,
    };
    cards.void(&officer, (id, &body.version), reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Note that a card stays good when its holder activates a phone, or that it does not.
#[utoipa::path(post, path = "/v1/officer/cards/{id}/keep", tag = "Printed cards", security(("officer" = [])),
    params(("id" = Uuid, Path, description = "The card")), request_body = CardKeepBody,
    responses((status = 204, description = "Noted"),
        (status = "4XX", description = "`not_found`, `wrong_state` unless it counts, `forbidden`")))]
async fn keep_card(
    State(Shared { cards, .. }): State<Shared>,
    officer: Allowed<KeepCard>,
    Path(id): Path<Uuid>,
    Json(body): Json<CardKeepBody>,
) -> Result<StatusCode, Problem> {
    cards.keep(&officer, (id, &body.version), body.keeps).await?;
    Ok(StatusCode::NO_CONTENT)
}
