//! The message with the code that confirms a new address. It goes to an address that nobody has confirmed yet, so it names nobody.

use askama::Template;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{store, visit};
use crate::activation_code::ActivationCode;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Error, Language, Result};
use crate::mail::{Compose, ComposeFuture, Email, INVENTED_AT, INVENTED_CODE, MailKind, Message, Sample};
use crate::secret::Redacted;
use crate::vault::Vault;

/// The message with the code; it refers to the change.
pub const CONTACT_CODE: MailKind = MailKind::new("contact_code", 3);

pub(super) const TABLE: &str = "contact_change";
pub(super) const VISIT_TABLE: &str = "contact_visit";
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

    fn samples(&self, _: MailKind, language: Language) -> Result<Vec<Sample>> {
        Ok(vec![Sample::of(write(language, INVENTED_CODE, &language.moment(INVENTED_AT)))?])
    }
}

/// Writes the message of one outbox row. `None` when its code cannot be entered any more.
async fn compose(context: &Context, message: Message) -> Result<Option<Email>> {
    let Some((table, sealed, expires_at)) = waiting(context, message.reference).await? else { return Ok(None) };
    let to: Address = context.vault.open_row(table, message.reference, &sealed)?;
    let digits = code_of(&context.vault, message.reference)?.digits();
    let (subject, text, html) =
        write(to.language, &digits, &to.language.moment(expires_at)).map_err(Error::internal)?;
    Ok(Some(Email { mail_id: message.mail_id, to: to.email, subject, text, html, language: to.language }))
}

/// What waits for the code of this id, in the app or for a counter: its table, the sealed address, and until when.
async fn waiting(context: &Context, id: Uuid) -> Result<Option<(&'static str, Vec<u8>, Timestamp)>> {
    let now = context.now();
    let mut tx = context.db.read().await?;
    if let Some(change) = store::lookup(&mut tx, id).await?.filter(|change| change.takes_code(now)) {
        return Ok(change.sealed.map(|sealed| (TABLE, sealed, change.expires_at)));
    }
    let visit = visit::store::lookup(&mut tx, id).await?.filter(|visit| visit.takes_code(now));
    Ok(visit.and_then(|visit| Some((VISIT_TABLE, visit.sealed?, visit.expires_at))))
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
