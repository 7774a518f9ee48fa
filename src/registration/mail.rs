//! The message to a holder with whose NIK somebody registers: the registration knows whom it was made for, the holder how they are
//! reached. And the messages about a correction case to whoever only registers, whose address the registration has.

use super::ports::{Contact, contact};
use crate::context::Context;
use crate::correction::news;
use crate::error::Result;
use crate::holder;
use crate::mail::{Compose, ComposeFuture, Email, Message};

/// Writes these messages; each refers to a registration.
pub struct ForeignRegistration(pub Context);

impl Compose for ForeignRegistration {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(async move {
            let contact = contact(&self.0, &mut self.0.db.read().await?, message.reference).await?;
            match contact.and_then(|contact| contact.resident_id) {
                Some(resident) => holder::mail::compose(&self.0, message, resident).await,
                None => Ok(None),
            }
        })
    }
}

/// Writes what became of a correction case to whoever registers; each refers to the case.
pub struct CorrectionNews(pub Context);

impl Compose for CorrectionNews {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(correction_news(&self.0, message))
    }
}

async fn correction_news(context: &Context, message: Message) -> Result<Option<Email>> {
    let mut tx = context.db.read().await?;
    let Some((registration, case)) = news::subject(&mut tx, message).await? else { return Ok(None) };
    let Some(to) = contact(context, &mut tx, registration).await? else { return Ok(None) };
    drop(tx);
    let Contact { email, full_name, language, .. } = to;
    news::compose(message, &case, (email, full_name.expose()), language).map(Some)
}
