//! What messages say: each domain writes its own, at the moment of sending.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use uuid::Uuid;

use super::Email;
use super::outbox::{Leased, MailKind};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Error, Language, Result};

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

/// First name of the invented person of samples.
pub const INVENTED_NAME: &str = "Siti";
/// Code of their samples.
pub const INVENTED_CODE: &str = "012345";
/// What stands behind `#` in links of samples: it opens nothing.
pub const INVENTED_LINK: &str = "contoh";
/// When what samples tell of happened.
pub const INVENTED_AT: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

/// What a message would say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Subject line.
    pub subject: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl Sample {
    /// Of what a domain wrote.
    ///
    /// # Errors
    /// When it could not.
    pub fn of<S: Into<String>>(written: askama::Result<(S, String, String)>) -> Result<Self> {
        let (subject, text, html) = written.map_err(Error::internal)?;
        Ok(Self { subject: subject.into(), text, html })
    }
}

/// Turns a reference into a message at the moment of sending.
pub trait Compose: Send + Sync + 'static {
    /// The message, or `None` when there is nothing to say any more. Opens its own reads; holds no transaction while
    /// the message is sent.
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>>;

    /// What it writes of a kind in a language, with an invented person and time: one for each thing that such a message can say.
    /// The administration looks at them.
    ///
    /// # Errors
    /// When a text cannot be put together.
    fn samples(&self, kind: MailKind, language: Language) -> Result<Vec<Sample>>;

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
    /// The kinds that somebody writes, by their words.
    pub fn kinds(&self) -> Vec<MailKind> {
        let mut kinds: Vec<_> = self.0.keys().copied().collect();
        kinds.sort_unstable_by_key(|kind| kind.as_str());
        kinds
    }

    /// See [`Compose::samples`].
    ///
    /// # Errors
    /// When a text cannot be put together.
    pub fn samples(&self, kind: MailKind, language: Language) -> Result<Vec<Sample>> {
        self.0.get(&kind).map_or_else(|| Ok(Vec::new()), |composer| composer.samples(kind, language))
    }

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
