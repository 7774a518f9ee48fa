//! People are told of what happens to their own account, at the official address that they were invited at: a log-in from a
//! browser that they were not known at, and another password. Whoever has somebody's password and authenticator gets in; this is
//! how the person hears of it.

use std::sync::Arc;

use askama::Template;
use uuid::Uuid;

use super::invitation::accept::CONTACT;
use super::invitation::model::Contact;
use super::store::account;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Error, Language, Result};
use crate::mail::{Compose, ComposeFuture, Email, INVENTED_AT, MailKind, Message, Sample, outbox};

/// Somebody logged in from a browser that this person was not known at; it refers to the person.
pub const NEW_BROWSER: MailKind = MailKind::new("staff_log_in", i64::MAX);
/// The person's password is another one; it refers to the person.
pub const NEW_PASSWORD: MailKind = MailKind::new("staff_password", i64::MAX);

/// Tells a person, where an address of theirs is known; who was added by a command has none.
pub(super) async fn tell(tx: &mut Tx, context: &Context, kind: MailKind, person: Uuid, now: Timestamp) -> Result<()> {
    if account::contact(tx, person).await?.is_some() {
        outbox::enqueue(tx, &context.random, now, kind, person).await?;
    }
    Ok(())
}

#[derive(Template)]
#[template(path = "mail/staff_notice.txt")]
struct Text<'a> {
    language: Language,
    logged_in: bool,
    when: &'a str,
}

#[derive(Template)]
#[template(path = "mail/staff_notice.html")]
struct Html<'a> {
    language: Language,
    subject: &'a str,
    logged_in: bool,
    when: &'a str,
}

/// Writes these messages.
struct Letters(Context);

impl Compose for Letters {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(compose(&self.0, message))
    }

    fn samples(&self, kind: MailKind, language: Language) -> Result<Vec<Sample>> {
        Ok(vec![Sample::of(write(language, kind == NEW_BROWSER, &language.moment(INVENTED_AT)))?])
    }
}

/// The kinds of these messages, with who writes them.
pub(super) fn letters(context: &Context) -> [(MailKind, Arc<dyn Compose>); 2] {
    [NEW_BROWSER, NEW_PASSWORD].map(|kind| (kind, Arc::new(Letters(context.clone())) as Arc<dyn Compose>))
}

async fn compose(context: &Context, message: Message) -> Result<Option<Email>> {
    let mut tx = context.db.read().await?;
    let Some(sealed) = account::contact(&mut tx, message.reference).await? else { return Ok(None) };
    drop(tx);
    let Contact { email, language } = context.vault.open_row(CONTACT, message.reference, &sealed)?;
    let when = language.moment(message.created_at);
    let (subject, text, html) = write(language, message.kind == NEW_BROWSER, &when).map_err(Error::internal)?;
    Ok(Some(Email { mail_id: message.mail_id, to: email, subject: subject.to_owned(), text, html, language }))
}

fn write(language: Language, logged_in: bool, when: &str) -> askama::Result<(&'static str, String, String)> {
    let subject = match (logged_in, language) {
        (true, Language::Indonesian) => "Akun kerja IKD Anda dibuka dari peramban baru",
        (true, Language::English) => "Your IKD work account was opened in a new browser",
        (false, Language::Indonesian) => "Kata sandi akun kerja IKD Anda diganti",
        (false, Language::English) => "The password of your IKD work account was changed",
    };
    let text = Text { language, logged_in, when }.render()?;
    let html = Html { language, subject, logged_in, when }.render()?;
    Ok((subject, text, html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_notice_says_when_and_what_to_do() {
        for language in [Language::Indonesian, Language::English] {
            let what_to_do = if language == Language::English { "stop the account" } else { "menghentikan akun" };
            for logged_in in [true, false] {
                let (subject, text, html) = write(language, logged_in, "27-11-2026 10.32").unwrap();
                assert!(subject.is_ascii(), "{subject}");
                for part in [text, html] {
                    let said = part.split_whitespace().collect::<Vec<_>>().join(" ");
                    assert!(said.contains("27-11-2026 10.32") && said.contains(what_to_do), "{said}");
                }
            }
        }
    }
}
