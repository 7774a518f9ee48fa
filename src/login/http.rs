//! What officers' and tellers' own accounts look like over HTTP: the same words for both.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::sessions::Session;
use crate::clock::Timestamp;
use crate::secret::Redacted;

/// A new password for one's own account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    pub password: Redacted<String>,
    /// Six digits of the authenticator app.
    #[schema(value_type = String, example = "123456")]
    pub totp: Redacted<String>,
    /// The new password: 12 characters at least, not one that is guessed easily.
    #[schema(value_type = String, format = Password)]
    pub new_password: Redacted<String>,
}

/// Where one is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionsReply {
    /// The last used first.
    pub items: Vec<SessionItem>,
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
