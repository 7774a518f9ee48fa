//! People are told of what happens to their own account, at the official address that they were invited at: a log-in from a
//! browser that they were not known at, and another password. Whoever has somebody's password and authenticator gets in; this is
//! how the person hears of it.

use std::sync::Arc;

use askama::Template;
use uuid::Uuid;

use super::invitation::accept::CONTACT;
use super::invitation::model::Contact;
use super::store::account;
use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Error, Language, Result};
use crate::mail::{Compose, ComposeFuture, Email, INVENTED_AT, MailKind, Message, Sample, outbox};

/// Somebody logged in from a browser that this person was not known at; it refers to the person.
pub const NEW_BROWSER: MailKind = MailKind::new("staff_log_in", i64::MAX);
/// The person's password is another one; it refers to the person.
pub const NEW_PASSWORD: MailKind = MailKind::new("staff_password", i64::MAX);

/// The person is to get a new password and authenticator: a link to them went out, or an operator made them; it refers to the person.
pub const NEW_SECRETS: MailKind = MailKind::new("staff_secrets", i64::MAX);
/// A passkey was added to the person's account; it refers to the person.
pub const PASSKEY_ADDED: MailKind = MailKind::new("staff_passkey_added", i64::MAX);
/// A passkey was removed from it; it refers to the person.
pub const PASSKEY_REMOVED: MailKind = MailKind::new("staff_passkey_removed", i64::MAX);

/// Tells a person, where an address of theirs is known; who was added by a command has none. The address is the one of now, however late the
/// message goes out: who has got another one written into the account meanwhile is not told in the place of its owner.
pub(super) async fn tell(tx: &mut Tx, context: &Context, kind: MailKind, person: Uuid, now: Timestamp) -> Result<()> {
    // It refers to the person: a node of before this version sends it too, to the address of that moment.
    let notice = outbox::enqueue(tx, &context.random, now, kind, person).await?;
    account::add_notice(tx, notice, person, now).await.map(Changed::either_way)?;
    Ok(())
}

#[derive(Template)]
#[template(path = "mail/staff_notice.txt")]
struct Text<'a> {
    language: Language,
    what: &'a str,
    when: &'a str,
}

#[derive(Template)]
#[template(path = "mail/staff_notice.html")]
struct Html<'a> {
    language: Language,
    subject: &'a str,
    what: &'a str,
    when: &'a str,
}

/// Writes these messages.
struct Letters(Context);

impl Compose for Letters {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(compose(&self.0, message))
    }

    fn samples(&self, kind: MailKind, language: Language) -> Result<Vec<Sample>> {
        Ok(vec![Sample::of(write(language, kind, &language.moment(INVENTED_AT)))?])
    }
}

/// The kinds of these messages, with who writes them.
pub(super) fn letters(context: &Context) -> [(MailKind, Arc<dyn Compose>); 5] {
    [NEW_BROWSER, NEW_PASSWORD, NEW_SECRETS, PASSKEY_ADDED, PASSKEY_REMOVED]
        .map(|kind| (kind, Arc::new(Letters(context.clone())) as Arc<dyn Compose>))
}

async fn compose(context: &Context, message: Message) -> Result<Option<Email>> {
    let mut tx = context.db.read().await?;
    let (person, sealed) = match account::notice(&mut tx, message.mail_id).await? {
        Some(notice) => notice,
        // Ordered by a node of before there were such rows.
        None => match account::contact(&mut tx, message.reference).await? {
            Some(sealed) => (message.reference, sealed),
            None => return Ok(None),
        },
    };
    drop(tx);
    // As it stood in the account: sealed for that.
    let Contact { email, language } = context.vault.open_row(CONTACT, person, &sealed)?;
    let when = language.moment(message.created_at);
    let (subject, text, html) = write(language, message.kind, &when).map_err(Error::internal)?;
    Ok(Some(Email { mail_id: message.mail_id, to: email, subject: subject.to_owned(), text, html, language }))
}

fn write(language: Language, kind: MailKind, when: &str) -> askama::Result<(&'static str, String, String)> {
    let (what, id, en) = match kind {
        NEW_BROWSER => (
            "browser",
            "Akun kerja IKD Anda dibuka dari peramban baru",
            "Your IKD work account was opened in a new browser",
        ),
        NEW_SECRETS => {
            ("secrets", "Data masuk baru untuk akun kerja IKD Anda", "New log-in data for your IKD work account")
        }
        PASSKEY_ADDED => {
            ("added", "Kunci sandi ditambahkan ke akun kerja IKD Anda", "A passkey was added to your IKD work account")
        }
        PASSKEY_REMOVED => (
            "removed",
            "Kunci sandi dihapus dari akun kerja IKD Anda",
            "A passkey was removed from your IKD work account",
        ),
        _ => {
            ("password", "Kata sandi akun kerja IKD Anda diganti", "The password of your IKD work account was changed")
        }
    };
    let subject = match language {
        Language::Indonesian => id,
        Language::English => en,
    };
    let text = Text { language, what, when }.render()?;
    let html = Html { language, subject, what, when }.render()?;
    Ok((subject, text, html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_notice_says_when_and_what_to_do() {
        for language in [Language::Indonesian, Language::English] {
            let what_to_do = if language == Language::English { "stop the account" } else { "menghentikan akun" };
            for kind in [NEW_BROWSER, NEW_PASSWORD, NEW_SECRETS, PASSKEY_ADDED, PASSKEY_REMOVED] {
                let (subject, text, html) = write(language, kind, "27-11-2026 10.32").unwrap();
                assert!(subject.is_ascii(), "{subject}");
                for part in [text, html] {
                    let said = part.split_whitespace().collect::<Vec<_>>().join(" ");
                    assert!(said.contains("27-11-2026 10.32") && said.contains(what_to_do), "{said}");
                }
            }
        }
    }
}
