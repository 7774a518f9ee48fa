//! The message to a holder with whose NIK somebody registers: the registration knows whom it was made for, the holder how they are
//! reached.

use super::ports::contact;
use crate::context::Context;
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
