//! The message to a holder whose NIK somebody else registers with.

use askama::Template;
use uuid::Uuid;

use super::ports;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Error, Language, Result};
use crate::mail::{Email, INVENTED_AT, MailKind, Message, Sample};

/// Somebody registered with the NIK of a holder: tells that holder. It refers to the registration. One message covers everything
/// that happened while it waited.
pub const FOREIGN_REGISTRATION: MailKind = MailKind::new("foreign_registration", 1);

#[derive(Template)]
#[template(path = "mail/foreign_registration.txt")]
struct Text<'a> {
    language: Language,
    when: &'a str,
}

#[derive(Template)]
#[template(path = "mail/foreign_registration.html")]
struct Html<'a> {
    language: Language,
    subject: &'a str,
    when: &'a str,
}

/// Writes the message for one outbox row; `resident` is whom the registration was made for. `None` when there is no such
/// holder (any more), or the row is of another kind.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn compose(context: &Context, message: Message, resident: Uuid) -> Result<Option<Email>> {
    if message.kind != FOREIGN_REGISTRATION {
        return Ok(None);
    }
    let mut tx = context.db.read().await?;
    if !ports::has_holder(&mut tx, resident).await? {
        return Ok(None);
    }
    let Some(contact) = ports::contact(context, &mut tx, resident).await? else { return Ok(None) };
    let (Some(to), language) = (contact.email, contact.language) else { return Ok(None) };
    drop(tx);
    let (subject, text, html) = write(language, message.created_at).map_err(Error::internal)?;
    Ok(Some(Email { mail_id: message.mail_id, to, subject: subject.to_owned(), text, html, language }))
}

/// What the message would say.
///
/// # Errors
/// When it cannot be put together.
pub fn sample(language: Language) -> Result<Sample> {
    Sample::of(write(language, INVENTED_AT))
}

fn write(language: Language, at: Timestamp) -> askama::Result<(&'static str, String, String)> {
    let subject = match language {
        Language::Indonesian => "Ada pendaftaran IKD dengan NIK Anda",
        Language::English => "Somebody registered for IKD with your NIK",
    };
    let when = language.moment(at);
    let text = Text { language, when: &when }.render()?;
    let html = Html { language, subject, when: &when }.render()?;
    Ok((subject, text, html))
}
