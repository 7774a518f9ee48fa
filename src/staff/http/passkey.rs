//! Passkeys over HTTP: the shapes in which all realms ask, answer and list.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Entrance, LoggedIn};
use crate::clock::Timestamp;
use crate::error::Refusal;
use crate::secret::Redacted;
use crate::staff::own_password::Present;
use crate::staff::passkey::model::MOST;
use crate::staff::passkey::own::OwnPasskey;
use crate::staff::passkey::{Answer, Question};
use crate::staff::proof::{Client, Second};
use crate::web::{ClientAddress, Json, Problem, cookie};

/// What a passkey answered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyAnswer {
    /// The question that it answers; each works once, for five minutes.
    challenge_id: Uuid,
    /// What `navigator.credentials` gave, in the JSON form of WebAuthn level 3.
    #[schema(value_type = Object)]
    credential: Value,
}

impl From<PasskeyAnswer> for Answer {
    fn from(body: PasskeyAnswer) -> Self {
        Self { challenge_id: body.challenge_id, credential: body.credential }
    }
}

/// What comes with a password: exactly one of the two.
pub(super) struct Seconds {
    totp: Option<Redacted<String>>,
    passkey: Option<Answer>,
}

impl Seconds {
    pub(super) fn of(totp: Option<Redacted<String>>, passkey: Option<PasskeyAnswer>) -> Self {
        Self { totp, passkey: passkey.map(Answer::from) }
    }

    pub(super) fn one(&self) -> Result<Second<'_>, Problem> {
        match (&self.totp, &self.passkey) {
            (Some(code), None) => Ok(Second::Code(code.expose())),
            (None, Some(answer)) => Ok(Second::Passkey(answer)),
            _ => Err(Refusal::field(
                "totp",
                "Kirim kode autentikator, atau jawaban kunci sandi: salah satu.",
                "Send the authenticator code, or a passkey's answer: one of the two.",
            )
            .into()),
        }
    }
}

/// A user name and the password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyLogInBody {
    /// Log-in name.
    #[schema(example = "siti.rahma")]
    username: String,
    /// Password.
    #[schema(value_type = String, format = Password)]
    password: Redacted<String>,
}

/// A proof of who one is: the password, and an authenticator code or a passkey's answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofBody {
    /// Password.
    #[schema(value_type = String, format = Password)]
    password: Redacted<String>,
    /// Six digits of the authenticator app.
    #[schema(value_type = Option<String>, example = "123456")]
    totp: Option<Redacted<String>>,
    /// A passkey's answer in its place.
    passkey: Option<PasskeyAnswer>,
}

/// A new passkey.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyBody {
    /// By what its owner knows it, 1 to 60 characters.
    #[schema(example = "Kunci biru")]
    label: String,
    /// The question that it answers; each works once, for five minutes.
    challenge_id: Uuid,
    /// What `navigator.credentials.create` gave, in the JSON form of WebAuthn level 3.
    #[schema(value_type = Object)]
    credential: Value,
}

/// What a page asks an authenticator.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasskeyQuestionReply {
    /// Its id, which the answer names.
    challenge_id: Uuid,
    /// What `navigator.credentials` is given as `publicKey`, in the JSON form of WebAuthn level 3.
    #[schema(value_type = Object)]
    public_key: Value,
}

impl From<Question> for PasskeyQuestionReply {
    fn from(question: Question) -> Self {
        Self { challenge_id: question.challenge_id, public_key: question.options }
    }
}

/// The own passkeys.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasskeysReply {
    /// The oldest first.
    items: Vec<PasskeyItem>,
    /// How many one may have.
    most: i64,
    /// Whether the own role logs in with one: then the last one stays.
    required: bool,
    /// Whether there can be any: not where the service's address is a number.
    possible: bool,
}

/// One passkey of one's own.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasskeyItem {
    /// Its id, to remove it by.
    passkey_id: Uuid,
    /// Its name.
    label: String,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    added_at: Timestamp,
    /// When it was used last; null before that.
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Timestamp>,
}

impl From<OwnPasskey> for PasskeyItem {
    fn from(own: OwnPasskey) -> Self {
        Self { passkey_id: own.passkey_id, label: own.label, added_at: own.added_at, used_at: own.used_at }
    }
}

impl Entrance {
    /// Answers what a passkey is to sign for a log-in.
    ///
    /// # Errors
    /// As [`LogIns::ask_passkey`](crate::staff::LogIns::ask_passkey).
    pub async fn ask_passkey(
        &self,
        (ClientAddress(address), headers): (ClientAddress, &http::HeaderMap),
        body: PasskeyLogInBody,
    ) -> Result<Json<PasskeyQuestionReply>, Problem> {
        let client = Client { address, browser: cookie::read(headers, self.browser_cookie) };
        Ok(Json(self.staff.log_ins.ask_passkey(&body.username, body.password, &client).await?.into()))
    }

    /// Answers which passkeys one has.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_passkeys(&self, who: LoggedIn) -> Result<Json<PasskeysReply>, Problem> {
        let own = &self.staff.own_passkeys;
        let items = own.list(who.session.person.staff_id).await?.into_iter().map(PasskeyItem::from).collect();
        let (required, possible) = (own.are_required(&who.session), own.are_possible());
        Ok(Json(PasskeysReply { items, most: MOST, required, possible }))
    }

    /// Answers what a passkey is to sign for something that is done to the own account.
    ///
    /// # Errors
    /// As [`OwnPasskeys::ask_proof`](crate::staff::passkey::OwnPasskeys::ask_proof).
    pub async fn ask_own_passkey(&self, who: LoggedIn) -> Result<Json<PasskeyQuestionReply>, Problem> {
        Ok(Json(self.staff.own_passkeys.ask_proof(&who.session).await?.into()))
    }

    /// Answers what a new passkey is made with.
    ///
    /// # Errors
    /// As [`OwnPasskeys::ask_new`](crate::staff::passkey::OwnPasskeys::ask_new).
    pub async fn ask_new_passkey(&self, who: LoggedIn, body: ProofBody) -> Result<Json<PasskeyQuestionReply>, Problem> {
        let second = Seconds::of(body.totp, body.passkey);
        let present = Present { password: body.password, second: second.one()? };
        Ok(Json(self.staff.own_passkeys.ask_new(&who.session, present).await?.into()))
    }

    /// Answers that a new passkey is there.
    ///
    /// # Errors
    /// As [`OwnPasskeys::add`](crate::staff::passkey::OwnPasskeys::add).
    pub async fn add_passkey(
        &self,
        who: LoggedIn,
        body: PasskeyBody,
    ) -> Result<(StatusCode, Json<PasskeyItem>), Problem> {
        let answer = Answer { challenge_id: body.challenge_id, credential: body.credential };
        let added = self.staff.own_passkeys.add((&who.session, who.token.expose()), &body.label, &answer).await?;
        Ok((StatusCode::CREATED, Json(added.into())))
    }

    /// Answers that a passkey is gone.
    ///
    /// # Errors
    /// As [`OwnPasskeys::remove`](crate::staff::passkey::OwnPasskeys::remove).
    pub async fn remove_passkey(&self, who: LoggedIn, id: Uuid, body: ProofBody) -> Result<StatusCode, Problem> {
        let second = Seconds::of(body.totp, body.passkey);
        let present = Present { password: body.password, second: second.one()? };
        self.staff.own_passkeys.remove(&who.session, id, present).await?;
        Ok(StatusCode::NO_CONTENT)
    }
}
