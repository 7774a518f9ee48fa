//! The notice that something ends. It names the party, and nobody.

use askama::Template;

use super::notice::{About, PARTY_NOTICE, contact};
use super::store::{self, key, notice};
use crate::context::Context;
use crate::error::{Error, Language, Result};
use crate::mail::{Compose, ComposeFuture, Email, INVENTED_AT, MailKind, Message, Sample};

#[derive(Template)]
#[template(path = "mail/party_notice.txt")]
struct Text<'a> {
    language: Language,
    party: &'a str,
    about: &'a str,
    name: &'a str,
    when: &'a str,
}

#[derive(Template)]
#[template(path = "mail/party_notice.html")]
struct Html<'a> {
    language: Language,
    subject: &'a str,
    party: &'a str,
    about: &'a str,
    name: &'a str,
    when: &'a str,
}

/// Writes these messages.
pub struct Letters(pub Context);

impl Compose for Letters {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(compose(&self.0, message))
    }

    fn samples(&self, _: MailKind, language: Language) -> Result<Vec<Sample>> {
        let about = [(About::Contract, "12/PKS/2026"), (About::Key, "Kasir"), (About::Webhook, "")];
        let day = language.date(INVENTED_AT);
        about.into_iter().map(|about| Sample::of(write(language, "Bank Contoh", about, &day))).collect()
    }
}

/// Writes the message of one outbox row; none where there is no address any more, or what it is about is gone or ends at another time.
async fn compose(context: &Context, message: Message) -> Result<Option<Email>> {
    let mut tx = context.db.read().await?;
    let Some(told) = notice::lookup(&mut tx, message.reference).await? else { return Ok(None) };
    let Some(party) = store::party(&mut tx, told.relying_party_id).await? else { return Ok(None) };
    let Some(to) = contact(context, &mut tx, told.relying_party_id).await? else { return Ok(None) };
    let name = match told.about {
        About::Contract => party.contract().filter(|now| now.ends_at == told.ends_at).map(|contract| contract.number),
        About::Key => {
            let keys = key::of(&mut tx, told.relying_party_id).await?;
            let key = keys.into_iter().find(|key| key.key_id == told.subject_id);
            let key = key.filter(|key| key.expires_at == Some(told.ends_at) && key.revoked_at.is_none());
            key.map(|key| key.label.unwrap_or_else(|| key.key_id.simple().to_string()))
        }
        About::Webhook => Some(String::new()),
        About::Quota => party.quota_day.map(|most| most.to_string()),
    };
    let Some(name) = name else { return Ok(None) };
    // The last day is the one before the midnight at which it ends.
    let when = match told.about {
        About::Webhook => to.language.date(told.ends_at),
        About::Contract | About::Key | About::Quota => to.language.date(told.ends_at.plus_seconds(-1)),
    };
    let (subject, text, html) = write(to.language, &party.name, (told.about, &name), &when).map_err(Error::internal)?;
    Ok(Some(Email { mail_id: message.mail_id, to: to.email, subject, text, html, language: to.language }))
}

fn write(
    language: Language,
    party: &str,
    (about, name): (About, &str),
    when: &str,
) -> askama::Result<(String, String, String)> {
    let subject = match (about, language) {
        (About::Contract, Language::Indonesian) => "Perjanjian lembaga Anda segera berakhir",
        (About::Contract, Language::English) => "Your organisation's contract ends soon",
        (About::Key, Language::Indonesian) => "Sebuah kunci API segera berakhir",
        (About::Key, Language::English) => "An API key ends soon",
        (About::Quota, Language::Indonesian) => "Kuota hari ini hampir terpakai",
        (About::Quota, Language::English) => "Today's quota is nearly used up",
        (About::Webhook, Language::Indonesian) => "Webhook lembaga Anda dihentikan",
        (About::Webhook, Language::English) => "Your organisation's webhook was stopped",
    };
    let about = about.as_str();
    let text = Text { language, party, about, name, when }.render()?;
    let html = Html { language, subject, party, about, name, when }.render()?;
    Ok((subject.to_owned(), text, html))
}

/// The kind of these messages, with who writes them.
pub(super) fn letters(context: &Context) -> Vec<(crate::mail::MailKind, std::sync::Arc<dyn Compose>)> {
    vec![(PARTY_NOTICE, std::sync::Arc::new(Letters(context.clone())))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_notice_says_what_ends_when_and_what_to_do() {
        for language in [Language::Indonesian, Language::English] {
            for (about, name, then) in [
                (About::Contract, "100/PKS", "Dukcapil"),
                (About::Key, "Kasir", "verifikasi"),
                (About::Webhook, "", "annulled"),
                (About::Quota, "50000", "Dukcapil"),
            ] {
                let (subject, text, html) = write(language, "Bank Uji", (about, name), "31-12-2026").unwrap();
                assert!(subject.is_ascii() && !subject.contains("Bank"));
                for part in [&text, &html] {
                    assert!(part.contains("Bank Uji") && part.contains("31-12-2026") && part.contains(name), "{part}");
                    assert!(part.contains(then), "{part}");
                }
            }
        }
    }
}
