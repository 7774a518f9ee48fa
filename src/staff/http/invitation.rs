//! People of the staff over HTTP: what is behind the link of an invitation, and the shapes in which an office and the national
//! administration read and ask about people.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::Language;
use crate::page::Page;
use crate::register::Date;
use crate::secret::Redacted;
use crate::staff::accounts::Listed;
use crate::staff::invitation::accept::Shown;
use crate::staff::invitation::service::Waiting;
use crate::staff::invitation::{Acceptance, Kind, Newcomer, State as Progress};
use crate::staff::model::{Realm, Role};
use crate::web::extract::page_limit;
use crate::web::{ClientAddress, Json, Problem};

/// The routes behind links.
pub fn routes(acceptance: Acceptance) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(open_invitation)).routes(routes!(accept_invitation)).with_state(acceptance)
}

/// The link of an invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvitationBody {
    /// What stands behind `#` in the link.
    #[schema(value_type = String)]
    link: Redacted<String>,
}

/// The link of an invitation, with what its owner chose.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AcceptanceBody {
    /// What stands behind `#` in the link.
    #[schema(value_type = String)]
    link: Redacted<String>,
    /// The new password: 12 characters at least, not one that is guessed easily.
    #[schema(value_type = String, format = Password)]
    password: Redacted<String>,
    /// Six digits that the authenticator app shows.
    #[schema(value_type = String, example = "123456")]
    totp: Redacted<String>,
}

/// What an invitation is for.
#[derive(Debug, Serialize, ToSchema)]
struct InvitationReply {
    /// `join`, or `renew` for new secrets.
    kind: Kind,
    /// Full name.
    full_name: String,
    /// Log-in name.
    username: String,
    /// What the person is to be: a role, or `party_administrator` for who looks after what is a relying party's.
    #[schema(example = "head")]
    role: &'static str,
    /// Name of the office; null elsewhere.
    office: Option<String>,
    /// Name of the relying party; null elsewhere. Without either it is the national administration.
    party: Option<String>,
    /// The authenticator secret, to be typed.
    #[schema(value_type = String)]
    totp_secret: Redacted<String>,
    /// The same as an `otpauth` address, to be scanned.
    #[schema(value_type = String)]
    totp_address: Redacted<String>,
    /// Whether the role logs in with a passkey: it is added right after the first log-in.
    needs_passkey: bool,
    /// Until when the link counts.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// An account that can be used now.
#[derive(Debug, Serialize, ToSchema)]
struct AcceptedReply {
    /// The page at which one logs in with it.
    #[schema(example = "/petugas")]
    page: &'static str,
}

/// See what an invitation is for, and the authenticator secret to take over. The link can be opened again until it is used.
#[utoipa::path(post, path = "/v1/invitations/open", tag = "Staff", request_body = InvitationBody,
    responses((status = 200, description = "What it is for", body = InvitationReply),
        (status = "4XX", description = "`invitation_over`")))]
async fn open_invitation(
    State(acceptance): State<Acceptance>,
    Json(body): Json<InvitationBody>,
) -> Result<Json<InvitationReply>, Problem> {
    let Shown { kind, office, party, person, totp, needs_passkey, expires_at } =
        acceptance.open(body.link.expose()).await?;
    Ok(Json(InvitationReply {
        kind,
        full_name: person.full_name,
        username: person.username,
        role: person.role.as_str(),
        office,
        party,
        totp_secret: totp.secret,
        totp_address: totp.address,
        needs_passkey,
        expires_at,
    }))
}

/// Set the own password and authenticator. The link is used up.
#[utoipa::path(post, path = "/v1/invitations/accept", tag = "Staff", request_body = AcceptanceBody,
    responses((status = 200, description = "The account can be used", body = AcceptedReply),
        (status = "4XX", description = "`invitation_over`, `invalid_field` for a weak password or a wrong code"),
        (status = 503, description = "`overloaded`: nothing was done")))]
async fn accept_invitation(
    State(acceptance): State<Acceptance>,
    ClientAddress(address): ClientAddress,
    Json(body): Json<AcceptanceBody>,
) -> Result<Json<AcceptedReply>, Problem> {
    let realm = acceptance.accept(address, body.link.expose(), &body.password, body.totp.expose()).await?;
    let page = match realm {
        Realm::Office => "/petugas",
        Realm::RelyingParty => "/verifikasi",
        Realm::National => "/admin",
    };
    Ok(Json(AcceptedReply { page }))
}

/// Whose people, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    /// Code of an office. Left out: the own one, and for the national administration its own people.
    #[serde(default)]
    #[param(example = "JKT-01")]
    pub office: Option<String>,
    /// `next` of the page before; left out for the newest.
    #[serde(default)]
    pub cursor: Option<String>,
    /// At most so many people, 1 to 100.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
}

impl PeopleQuery {
    /// People of the page at most.
    pub fn limit(&self) -> i64 {
        self.limit.unwrap_or(20)
    }
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StaffReply)]
pub struct PeopleReply {
    /// Who was added last comes first.
    items: Vec<PersonItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// Somebody who works there, or did.
#[derive(Debug, Serialize, ToSchema)]
struct PersonItem {
    /// Their id.
    staff_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// What they are.
    role: Role,
    /// As whom they act besides; null when they do not.
    acting_role: Option<Role>,
    /// `active`, `paused` while their rights rest, `ended` when their time is over, `disabled`.
    #[schema(example = "active")]
    standing: &'static str,
    /// The last day of their time; null where it has no end.
    #[schema(value_type = Option<String>, format = Date)]
    last_day: Option<Date>,
}

impl From<Page<Listed>> for PeopleReply {
    fn from(page: Page<Listed>) -> Self {
        let Page { items, next } = page.map(|listed| PersonItem {
            standing: listed.standing,
            staff_id: listed.person.staff_id,
            username: listed.person.username,
            full_name: listed.person.full_name,
            role: listed.person.role,
            acting_role: listed.acting.map(|(role, _)| role),
            last_day: listed.ends_at.map(|end| Date::in_jakarta(end.plus_seconds(-1))),
        });
        Self { items, next }
    }
}

/// A page of requests that wait for a second person.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffRequestsReply {
    /// The newest first.
    items: Vec<StaffRequestItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

/// What is asked about somebody.
#[derive(Debug, Serialize, ToSchema)]
struct StaffRequestItem {
    /// Its id.
    request_id: Uuid,
    /// What is asked.
    kind: Kind,
    /// Log-in name of the person.
    username: String,
    /// Full name.
    full_name: String,
    /// What they are, or are to be.
    role: Role,
    /// Name of the office; null for the national administration.
    office: Option<String>,
    /// The last day of their time, where it was said.
    #[schema(value_type = Option<String>, format = Date)]
    last_day: Option<Date>,
    /// Log-in name of who asked.
    asked_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// Whether that was who reads this: somebody else has to grant it.
    own: bool,
}

impl From<Page<Waiting>> for StaffRequestsReply {
    fn from(page: Page<Waiting>) -> Self {
        let Page { items, next } = page.map(|Waiting { request, office, asked_by, is_own }| StaffRequestItem {
            request_id: request.invitation_id,
            kind: request.kind,
            username: request.username,
            full_name: request.full_name,
            role: request.role,
            office,
            last_day: request.ends_at.map(|end| Date::in_jakarta(end.plus_seconds(-1))),
            asked_by,
            asked_at: request.asked_at,
            own: is_own,
        });
        Self { items, next }
    }
}

/// Who is to join.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinBody {
    /// Code of the office. Left out: the own one, and for the national administration its own people.
    #[serde(default)]
    #[schema(example = "JKT-01")]
    office: Option<String>,
    /// Log-in name: 3–40 lower-case letters, digits, dots, hyphens.
    #[schema(example = "siti.rahma")]
    username: String,
    /// Full name.
    #[schema(value_type = String, example = "Siti Rahmawati")]
    full_name: Redacted<String>,
    /// Official address; the link goes there.
    #[schema(value_type = String, format = Email)]
    email: Redacted<String>,
    /// Language of the message.
    #[serde(default)]
    language: Language,
    /// What the person is to be.
    role: Role,
    /// Code of the province, two digits: of whoever is to be of one, and of nobody else.
    #[serde(default)]
    #[schema(example = "13")]
    region: Option<String>,
    /// The last day, YYYY-MM-DD; an assistant needs one. Without one the time ends in half a year, unless it is confirmed.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    last_day: Option<Date>,
}

impl JoinBody {
    /// As the domain takes it.
    pub fn newcomer(&self) -> Newcomer<'_> {
        Newcomer {
            office: self.office.as_deref(),
            username: &self.username,
            full_name: self.full_name.expose(),
            email: self.email.expose(),
            language: self.language,
            role: self.role,
            region: self.region.as_deref(),
            last_day: self.last_day,
        }
    }
}

/// Where somebody's new link goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalBody {
    /// Official address.
    #[schema(value_type = String, format = Email)]
    pub email: Redacted<String>,
    /// Language of the message.
    #[serde(default)]
    pub language: Language,
}

/// What became of a request.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffRequestReply {
    /// `asked` while it waits for a second person, `sent` when the link is on its way, `done`.
    pub state: Progress,
}

/// Until when somebody's time goes on.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfirmedReply {
    /// The last day, unless it is confirmed again.
    #[schema(value_type = String, format = Date)]
    pub last_day: Date,
}
