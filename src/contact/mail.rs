//! The message with the code that confirms a new address. It goes to an address that nobody has confirmed yet, so it names nobody.

use askama::Template;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store;
use crate::activation_code::ActivationCode;
use crate::context::Context;
use crate::error::{Error, Language, Result};
use crate::mail::{Compose, ComposeFuture, Email, MailKind, Message};
use crate::secret::Redacted;
use crate::vault::Vault;

/// The message with the code; it refers to the change.
pub const CONTACT_CODE: MailKind = MailKind::new("contact_code", 3);

pub(super) const TABLE: &str = "contact_change";
/// Which code of a change: it has one.
const FIRST: i64 = 1;

/// Where a holder wants to be reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Address {
    pub email: Redacted<String>,
    pub language: Language,
}

/// The code of a change: derived as activation codes are, of an id that no registration has.
pub(super) fn code_of(vault: &Vault, change_id: Uuid) -> Result<ActivationCode> {
    ActivationCode::derive(vault, change_id, FIRST)
}

#[derive(Template)]
#[template(path = "mail/contact_code.txt")]
struct Text<'a> {
    language: Language,
    code: &'a str,
    until: &'a str,
}

#[derive(Template)]
#[template(path = "mail/contact_code.html")]
struct Html<'a> {
    language: Language,
    subject: &'a str,
    code: &'a str,
    until: &'a str,
}

/// Writes these messages.
pub struct Codes(pub Context);

impl Compose for Codes {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(compose(&self.0, message))
    }
}

/// Writes the message of one outbox row. `None` when its code cannot be entered any more.
async fn compose(context: &Context, message: Message) -> Result<Option<Email>> {
    let mut tx = context.db.read().await?;
    let found = store::lookup(&mut tx, message.reference).await?;
    drop(tx);
    let Some(change) = found.filter(|change| change.takes_code(context.now())) else { return Ok(None) };
    let Some(sealed) = change.sealed else { return Ok(None) };
    let to: Address = context.vault.open_row(TABLE, change.change_id, &sealed)?;
    let digits = code_of(&context.vault, change.change_id)?.digits();
    let (subject, text, html) =
        write(to.language, &digits, &to.language.moment(change.expires_at)).map_err(Error::internal)?;
    Ok(Some(Email { mail_id: message.mail_id, to: to.email, subject, text, html, language: to.language }))
}

fn write(language: Language, digits: &str, until: &str) -> askama::Result<(String, String, String)> {
    let (left, right) = digits.split_at(3);
    let code = &format!("{left} {right}");
    let subject = match language {
        Language::Indonesian => "Kode untuk alamat surel ini",
        Language::English => "A code for this e-mail address",
    };
    let text = Text { language, code, until }.render()?;
    let html = Html { language, subject, code, until }.render()?;
    Ok((subject.to_owned(), text, html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_stands_in_the_text_and_not_in_the_subject() {
        for language in [Language::Indonesian, Language::English] {
            let (subject, text, html) = write(language, "012345", "21-11-2026").unwrap();
            assert!(!subject.contains("012") && subject.is_ascii());
            assert!(text.contains("012 345") && html.contains("012 345") && text.contains("21-11-2026"));
        }
    }
}
