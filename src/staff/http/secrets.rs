//! Choosing own secrets over HTTP.

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Arrived, Entrance, LoggedIn, SessionReply};
use crate::clock::Timestamp;
use crate::error::Language;
use crate::secret::Redacted;
use crate::staff::own_secrets::{Choice, ToChoose};
use crate::web::{Json, Problem};

/// What has to be chosen before anything else.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToChooseReply {
    /// Whether a password.
    password: bool,
    /// The authenticator secret to take over, in Base32; null where the present one stays.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    totp_secret: Option<String>,
    /// The same as an address that authenticator apps read as a QR; null where the present one stays.
    totp_address: Option<String>,
    /// Until when. After that the secrets that were made for this person open nothing.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

impl From<ToChoose> for ToChooseReply {
    fn from(asked: ToChoose) -> Self {
        let ToChoose { password, totp, until } = asked;
        let (totp_secret, totp_address) =
            totp.map(|totp| (totp.secret.expose().clone(), totp.address.expose().clone())).unzip();
        Self { password, totp_secret, totp_address, until }
    }
}

/// What was chosen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnSecretsBody {
    /// The new password, where one has to be chosen: 12 characters at least, not one that is guessed easily.
    #[schema(value_type = Option<String>, format = Password)]
    new_password: Option<Redacted<String>>,
    /// Six digits of the authenticator that was taken over, where one had to be.
    #[schema(value_type = Option<String>, example = "123456")]
    totp: Option<Redacted<String>>,
}

impl Entrance {
    /// Answers what has to be chosen.
    ///
    /// # Errors
    /// As [`OwnSecrets::ask`](crate::staff::own_secrets::OwnSecrets::ask).
    pub fn secrets_to_choose(&self, Arrived(who): &Arrived) -> Result<Json<ToChooseReply>, Problem> {
        Ok(Json(self.staff.own_secrets.ask(&who.session)?.into()))
    }

    /// Answers that own secrets were chosen.
    ///
    /// # Errors
    /// As [`OwnSecrets::choose`](crate::staff::own_secrets::OwnSecrets::choose).
    pub async fn choose_secrets<R: SessionReply>(
        &self,
        Arrived(LoggedIn { token, session }): Arrived,
        body: OwnSecretsBody,
        language: Language,
    ) -> Result<Response, Problem> {
        let code = body.totp.as_ref().map(|code| code.expose().as_str());
        let choice = Choice { password: body.new_password.as_ref(), code };
        let next = self.staff.own_secrets.choose((token.expose(), &session), choice).await?;
        let session = self.staff.sessions.current(next.expose()).await?;
        self.renewed::<R>(&next, session, language)
    }
}
