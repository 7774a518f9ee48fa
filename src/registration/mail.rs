//! The message to a holder with whose NIK somebody registers: the registration knows whom it was made for, the holder how they are
//! reached. The messages about a correction case to whoever only registers, whose address the registration has. And the message to
//! somebody who registered before their seventeenth birthday, on that day.

use askama::Template;

use super::ports::{Contact, contact, contact_of};
use super::store::registration;
use crate::context::Context;
use crate::correction::news;
use crate::error::{Error, Language, Result};
use crate::holder;
use crate::life::model::first_name;
use crate::mail::{Compose, ComposeFuture, Email, INVENTED_NAME, MailKind, Message, Sample};

/// From today on who registered before may have a digital KTP. It refers to the registration, which makes one such message.
pub const OLD_ENOUGH: MailKind = MailKind::new("old_enough", 3);

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

    fn samples(&self, _: MailKind, language: Language) -> Result<Vec<Sample>> {
        Ok(vec![holder::mail::sample(language)?])
    }
}

#[derive(Template)]
#[template(path = "mail/old_enough.txt")]
struct Text<'a> {
    language: Language,
    first_name: &'a str,
}

#[derive(Template)]
#[template(path = "mail/old_enough.html")]
struct Html<'a> {
    language: Language,
    subject: &'a str,
    first_name: &'a str,
}

/// Writes the messages of birthdays.
pub struct OldEnough(pub Context);

impl Compose for OldEnough {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(old_enough(&self.0, message))
    }

    fn samples(&self, _: MailKind, language: Language) -> Result<Vec<Sample>> {
        Ok(vec![Sample::of(write(language, INVENTED_NAME))?])
    }
}

/// `None` when the registration ended, was approved, or has no address.
async fn old_enough(context: &Context, message: Message) -> Result<Option<Email>> {
    let mut tx = context.db.read().await?;
    let Some(found) = registration::lookup(&mut tx, message.reference).await? else { return Ok(None) };
    if !found.is_live(context.now()) || !found.state().is_before_approval() {
        return Ok(None);
    }
    let contact = contact_of(context, &found)?;
    let Some(to) = contact.email else { return Ok(None) };
    let (language, first_name) = (contact.language, &first_name(contact.full_name.expose()));
    let (subject, text, html) = write(language, first_name).map_err(Error::internal)?;
    Ok(Some(Email { mail_id: message.mail_id, to, subject: subject.to_owned(), text, html, language }))
}

fn write(language: Language, first_name: &str) -> askama::Result<(&'static str, String, String)> {
    let subject = match language {
        Language::Indonesian => "Mulai hari ini: KTP Digital Anda",
        Language::English => "From today on: your digital KTP",
    };
    let text = Text { language, first_name }.render()?;
    let html = Html { language, subject, first_name }.render()?;
    Ok((subject, text, html))
}

/// Writes what became of a correction case to whoever registers; each refers to the case.
pub struct CorrectionNews(pub Context);

impl Compose for CorrectionNews {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(correction_news(&self.0, message))
    }

    fn samples(&self, kind: MailKind, language: Language) -> Result<Vec<Sample>> {
        news::samples(kind, language)
    }
}

async fn correction_news(context: &Context, message: Message) -> Result<Option<Email>> {
    let mut tx = context.db.read().await?;
    let Some((registration, case)) = news::subject(&mut tx, message).await? else { return Ok(None) };
    let Some(to) = contact(context, &mut tx, registration).await? else { return Ok(None) };
    drop(tx);
    let Contact { email: Some(email), full_name, language, .. } = to else { return Ok(None) };
    news::compose(message, &case, (email, full_name.expose()), language).map(Some)
}
