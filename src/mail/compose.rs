//! What messages say: each domain writes its own, at the moment of sending.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use uuid::Uuid;

use super::Email;
use super::outbox::{Leased, MailKind};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;

/// What a [`Compose`] method gives back.
pub type ComposeFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A message to compose: what stands in its outbox row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// The row; goes into [`Email::mail_id`].
    pub mail_id: Uuid,
    /// What to say.
    pub kind: MailKind,
    /// What it is about.
    pub reference: Uuid,
    /// When it was enqueued.
    pub created_at: Timestamp,
}

/// Turns a reference into a message at the moment of sending.
pub trait Compose: Send + Sync + 'static {
    /// The message, or `None` when there is nothing to say any more. Opens its own reads; holds no transaction while
    /// the message is sent.
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>>;

    /// Notes what follows from the hand-over to the mail server at `now` (the life of a code begins), in the same
    /// transaction that marks the message sent. Usually nothing.
    fn sent<'a>(&'a self, _tx: &'a mut Tx, _message: Message, _now: Timestamp) -> ComposeFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

/// Who writes which kind of message. Cloning shares them.
#[derive(Clone, Default)]
pub struct Letters(Arc<HashMap<MailKind, Arc<dyn Compose>>>);

impl FromIterator<(MailKind, Arc<dyn Compose>)> for Letters {
    fn from_iter<T: IntoIterator<Item = (MailKind, Arc<dyn Compose>)>>(composers: T) -> Self {
        Self(Arc::new(composers.into_iter().collect()))
    }
}

impl Letters {
    /// The message of a row; `None` when nobody here writes its kind.
    pub(super) fn message(&self, leased: &Leased) -> Option<Message> {
        let kind = *self.0.keys().find(|kind| kind.as_str() == leased.kind)?;
        let Leased { mail_id, reference, created_at, .. } = *leased;
        Some(Message { mail_id, kind, reference, created_at })
    }

    /// See [`Compose::compose`].
    pub(super) async fn compose(&self, message: Message) -> Result<Option<Email>> {
        match self.0.get(&message.kind) {
            Some(composer) => composer.compose(message).await,
            None => Ok(None),
        }
    }

    /// See [`Compose::sent`].
    pub(super) async fn sent(&self, tx: &mut Tx, message: Message, now: Timestamp) -> Result<()> {
        match self.0.get(&message.kind) {
            Some(composer) => composer.sent(tx, message, now).await,
            None => Ok(()),
        }
    }
}
