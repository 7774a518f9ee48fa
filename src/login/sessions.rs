//! Where a person is logged in: the own sessions, listed and ended.

use uuid::Uuid;

use super::service::{LogIns, digest};
use super::store::OwnSession;
use crate::audit::{Action, Outcome};
use crate::clock::Timestamp;
use crate::error::{Code, Result};

/// A session of one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, which opens nothing: a part of a digest of its cookie.
    pub session_id: Uuid,
    /// When it began.
    pub began_at: Timestamp,
    /// When the last request came, to a minute.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

impl LogIns {
    /// The sessions of a person, the last used first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sessions(&self, token: &str, person: Uuid) -> Result<Vec<Session>> {
        let mut tx = self.context.db.read().await?;
        let rows = self.realm.statements().sessions_of(&mut tx, person, self.context.now()).await?;
        let mine = digest(token);
        Ok(rows.into_iter().map(|row| as_session(&row, &mine)).collect())
    }

    /// Ends one of them, or all but the one that asks.
    ///
    /// # Errors
    /// `not_found` for one that is not this person's, or over.
    pub async fn end_sessions(&self, token: &str, person: Uuid, which: Option<Uuid>) -> Result<()> {
        let account = self.account_of(person).await?;
        let statements = self.realm.statements();
        let mut tx = self.context.db.write().await?;
        match which {
            Some(id) => {
                let rows = statements.sessions_of(&mut tx, person, self.context.now()).await?;
                let row = rows.into_iter().find(|row| id_of(&row.token_hash) == id).ok_or(Code::NotFound)?;
                statements.end(&mut tx, &row.token_hash).await?.or(Code::NotFound)?;
            }
            None => statements.end_others(&mut tx, person, &digest(token)).await?,
        }
        let event = self.event(&account, Action::SessionEnded, which.unwrap_or(person));
        self.audit.record(&mut tx, event, Outcome::Done).await?;
        Ok(tx.commit().await?)
    }
}

fn as_session(row: &OwnSession, mine: &[u8]) -> Session {
    Session {
        session_id: id_of(&row.token_hash),
        began_at: row.created_at,
        seen_at: row.seen_at,
        expires_at: row.expires_at,
        current: row.token_hash == mine,
    }
}

fn id_of(hash: &[u8]) -> Uuid {
    hash.first_chunk::<16>().map_or(Uuid::nil(), |bytes| Uuid::from_bytes(*bytes))
}
