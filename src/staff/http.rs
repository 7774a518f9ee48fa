//! Logging in over HTTP: one factory of routes for all realms, and who a request is from.
//!
//! Sessions are `__Host-` cookies; cross-site requests are refused by the layer around these routes.

pub mod invitation;
mod passkey;
mod secrets;
mod session_routes;
mod staff_routes;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use passkey::{
    PasskeyAnswer, PasskeyBody, PasskeyItem, PasskeyLogInBody, PasskeyQuestionReply, PasskeysReply, ProofBody,
};
pub use secrets::{OwnSecretsBody, ToChooseReply};
pub(crate) use session_routes::session_routes;
pub(crate) use staff_routes::staff_routes;

use super::own_password::Present;
use super::permission::{Act, Allowed};
use super::proof::Client;
use super::service::Staff;
use super::sessions::{Session, StaffSession};
use crate::clock::Timestamp;
use crate::error::{Code, Language};
use crate::login::known_browser::TICKET_DAYS;
use crate::secret::Redacted;
use crate::web::{ClientAddress, Json, Problem, cookie};

/// Where the people of one realm come in: who they are, and the cookies by which they are known. Routes have it as their state and
/// as an extension, for the extractors.
#[derive(Clone)]
pub struct Entrance {
    /// The people.
    pub staff: Staff,
    /// Name of the cookie that holds the session.
    pub session_cookie: &'static str,
    /// Name of the cookie that makes a browser known.
    pub browser_cookie: &'static str,
}

/// Somebody who is logged in, with secrets of their own, whatever they may do.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The cookie's value.
    pub token: Redacted<String>,
    /// Whose it is.
    pub session: StaffSession,
}

impl<S: Send + Sync> FromRequestParts<S> for LoggedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let entrance = parts.extensions.get::<Entrance>().cloned().ok_or(Code::Internal)?;
        let token = entrance.token(&parts.headers)?;
        let session = entrance.staff.sessions.current(token.expose()).await?;
        Ok(Self { token, session })
    }
}

/// Somebody who is logged in, also where they have not chosen secrets of their own yet: for who one is, and for choosing them.
#[derive(Clone, Debug)]
pub struct Arrived(pub LoggedIn);

impl<S: Send + Sync> FromRequestParts<S> for Arrived {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let entrance = parts.extensions.get::<Entrance>().cloned().ok_or(Code::Internal)?;
        let token = entrance.token(&parts.headers)?;
        let session = entrance.staff.sessions.arrived(token.expose()).await?;
        Ok(Self(LoggedIn { token, session }))
    }
}

/// A request whose handler takes this needs the permission of `A`. Its refusal is about the `id` in the path, where there is one.
impl<S: Send + Sync, A: Act> FromRequestParts<S> for Allowed<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let LoggedIn { session, .. } = LoggedIn::from_request_parts(parts, state).await?;
        let entrance = parts.extensions.get::<Entrance>().cloned().ok_or(Code::Internal)?;
        let path = RawPathParams::from_request_parts(parts, state).await.ok();
        let named = path.iter().flatten().find(|(name, _)| *name == "id").map(|(_, id)| id.to_owned());
        let subject = named.and_then(|id| Uuid::try_parse(&id).ok());
        Ok(entrance.staff.allow(session, subject).await?)
    }
}

/// What a person is told of the own session.
pub trait SessionReply: Serialize {
    /// Of a session of this realm.
    ///
    /// # Errors
    /// `session_ended` for one of another realm.
    fn of(session: StaffSession, language: Language) -> Result<Self, Problem>
    where
        Self: Sized;
}

impl Entrance {
    fn token(&self, headers: &HeaderMap) -> Result<Redacted<String>, Problem> {
        Ok(Redacted(cookie::read(headers, self.session_cookie).ok_or(Code::SessionEnded)?))
    }

    /// Answers a log-in.
    ///
    /// # Errors
    /// As [`Staff::log_in`].
    pub async fn log_in<R: SessionReply>(
        &self,
        (ClientAddress(address), headers): (ClientAddress, &HeaderMap),
        body: LogInBody,
        language: Language,
    ) -> Result<Response, Problem> {
        let client = Client { address, browser: cookie::read(headers, self.browser_cookie) };
        let second = passkey::Seconds::of(body.totp, body.passkey);
        let new = self.staff.log_in(&body.username, body.password, second.one()?, client).await?;
        // The browser forgets the session that it had; nobody else goes on with it (ASVS 7.2.4).
        if let Some(before) = cookie::read(headers, self.session_cookie) {
            self.staff.sessions.log_out(&before).await?;
        }
        let cookies = AppendHeaders([
            (SET_COOKIE, cookie::set(self.session_cookie, new.token.expose())),
            (SET_COOKIE, cookie::keep(self.browser_cookie, new.browser.expose(), TICKET_DAYS)),
        ]);
        Ok((StatusCode::CREATED, cookies, Json(R::of(new.session, language)?)).into_response())
    }

    /// Answers a log-out, also of somebody who is not logged in.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn log_out(&self, headers: &HeaderMap) -> Result<Response, Problem> {
        if let Some(token) = cookie::read(headers, self.session_cookie) {
            self.staff.sessions.log_out(&token).await?;
        }
        Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie::clear(self.session_cookie))]).into_response())
    }

    /// Answers that an idle session is to go on.
    ///
    /// # Errors
    /// As [`Sessions::resume`](super::Sessions::resume).
    pub async fn resume<R: SessionReply>(
        &self,
        headers: &HeaderMap,
        body: OwnPasswordBody,
        language: Language,
    ) -> Result<Response, Problem> {
        let token = self.token(headers)?;
        let (next, session) = self.staff.sessions.resume(token.expose(), body.password).await?;
        self.renewed::<R>(&next, session, language)
    }

    /// Answers that the own password is to be another.
    ///
    /// # Errors
    /// As [`OwnPassword::change`](super::own_password::OwnPassword::change).
    pub async fn change_password<R: SessionReply>(
        &self,
        LoggedIn { token, session }: LoggedIn,
        body: PasswordBody,
        language: Language,
    ) -> Result<Response, Problem> {
        let second = passkey::Seconds::of(body.totp, body.passkey);
        let present = Present { password: body.password, second: second.one()? };
        let who = (token.expose().as_str(), &session);
        let next = self.staff.own_password.change(who, present, &body.new_password).await?;
        self.renewed::<R>(&next, session, language)
    }

    /// Answers where a person is logged in.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_sessions(&self, who: LoggedIn) -> Result<Json<SessionsReply>, Problem> {
        let sessions = self.staff.sessions.list(who.token.expose(), &who.session.person).await?;
        Ok(Json(sessions.into()))
    }

    /// Answers that one of the own sessions, or all others, are to end.
    ///
    /// # Errors
    /// As [`Sessions::end`](super::Sessions::end).
    pub async fn end_sessions(
        &self,
        who: LoggedIn,
        which: Option<Uuid>,
        body: OwnPasswordBody,
    ) -> Result<StatusCode, Problem> {
        self.staff.sessions.end(who.token.expose(), &who.session.person, which, body.password).await?;
        Ok(StatusCode::NO_CONTENT)
    }

    fn renewed<R: SessionReply>(
        &self,
        token: &Redacted<String>,
        session: StaffSession,
        language: Language,
    ) -> Result<Response, Problem> {
        let cookie = cookie::set(self.session_cookie, token.expose());
        Ok(([(SET_COOKIE, cookie)], Json(R::of(session, language)?)).into_response())
    }
}

/// Log-in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogInBody {
    /// Log-in name.
    #[schema(example = "siti.rahma")]
    username: String,
    /// Password.
    #[schema(value_type = String, format = Password)]
    password: Redacted<String>,
    /// Six digits of the authenticator app.
    #[schema(value_type = Option<String>, example = "123456")]
    totp: Option<Redacted<String>>,
    /// A passkey's answer in its place.
    passkey: Option<PasskeyAnswer>,
}

/// The password alone, of whoever has a session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnPasswordBody {
    /// Password.
    #[schema(value_type = String, format = Password)]
    password: Redacted<String>,
}

/// A new password for one's own account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    password: Redacted<String>,
    /// Six digits of the authenticator app.
    #[schema(value_type = Option<String>, example = "123456")]
    totp: Option<Redacted<String>>,
    /// A passkey's answer in its place.
    passkey: Option<PasskeyAnswer>,
    /// The new password: 12 characters at least, not one that is guessed easily.
    #[schema(value_type = String, format = Password)]
    new_password: Redacted<String>,
}

/// Where one is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionsReply {
    /// The last used first.
    items: Vec<SessionItem>,
}

/// One session of one's own.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionItem {
    /// Its id, to end it by.
    session_id: Uuid,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    began_at: Timestamp,
    /// When it was used last, to a minute.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// When it ends in any case.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

impl From<Vec<Session>> for SessionsReply {
    fn from(sessions: Vec<Session>) -> Self {
        let item = |session: Session| SessionItem {
            session_id: session.session_id,
            began_at: session.began_at,
            seen_at: session.seen_at,
            expires_at: session.expires_at,
            current: session.current,
        };
        Self { items: sessions.into_iter().map(item).collect() }
    }
}
