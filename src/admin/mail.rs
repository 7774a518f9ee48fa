//! The message to the heads of an office whose data an auditor opened. It names nobody: what was opened, and why, stands in the office's log.

use askama::Template;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Error, Language, Result};
use crate::mail::{Compose, ComposeFuture, Email, INVENTED_AT, MailKind, Message, Sample};
use crate::staff::ports;

/// That an auditor opened data of the office; it refers to the head who is told.
pub const OPENED: MailKind = MailKind::new("audit_opened", i64::MAX);

#[derive(Template)]
#[template(path = "mail/audit_opened.txt")]
struct Text<'a> {
    language: Language,
    when: &'a str,
    page: &'a str,
}

#[derive(Template)]
#[template(path = "mail/audit_opened.html")]
struct Html<'a> {
    language: Language,
    subject: &'a str,
    when: &'a str,
    page: &'a str,
}

/// Writes these messages.
pub struct Letters(pub Context);

impl Compose for Letters {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(compose(&self.0, message))
    }

    fn samples(&self, _: MailKind, language: Language) -> Result<Vec<Sample>> {
        Ok(vec![Sample::of(write(&self.0, language, INVENTED_AT))?])
    }
}

/// Writes the message of one outbox row. `None` for a head who has no address: the log tells them.
async fn compose(context: &Context, message: Message) -> Result<Option<Email>> {
    let mut tx = context.db.read().await?;
    let contact = ports::contact(context, &mut tx, message.reference).await?;
    drop(tx);
    let Some(contact) = contact else { return Ok(None) };
    let language = contact.language;
    let (subject, text, html) = write(context, language, message.created_at).map_err(Error::internal)?;
    Ok(Some(Email { mail_id: message.mail_id, to: contact.email, subject: subject.to_owned(), text, html, language }))
}

fn write(context: &Context, language: Language, at: Timestamp) -> askama::Result<(&'static str, String, String)> {
    let subject = match language {
        Language::Indonesian => "Auditor membuka data di kantor Anda",
        Language::English => "An auditor opened data of your office",
    };
    let (when, page) = (language.moment(at), format!("{}/petugas#catatan", context.config.service.staff_url()));
    let text = Text { language, when: &when, page: &page }.render()?;
    let html = Html { language, subject, when: &when, page: &page }.render()?;
    Ok((subject, text, html))
}
