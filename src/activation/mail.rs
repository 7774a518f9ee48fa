//! The message with the activation code. It is written at the moment of sending: neither code nor address rests in the
//! outbox.

use askama::Template;

use crate::activation_code::ports::ACTIVATION_CODE;
use crate::activation_code::{ActivationCode, ports as codes};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Error, Language, Result};
use crate::life::model::first_name;
use crate::mail::{
    Compose, ComposeFuture, Email, INVENTED_AT, INVENTED_CODE, INVENTED_LINK, INVENTED_NAME, MailKind, Message, Sample,
};
use crate::registration::ports as registrations;

#[derive(Template)]
#[template(path = "mail/activation_code.txt")]
struct Text<'a> {
    language: Language,
    first_name: &'a str,
    code: &'a str,
    link: &'a str,
    valid_until: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "mail/activation_code.html")]
struct Html<'a> {
    language: Language,
    subject: &'a str,
    first_name: &'a str,
    code: &'a str,
    link: &'a str,
    valid_until: Option<&'a str>,
}

/// Writes these messages; each refers to a registration. The life of a code begins when its message is handed over.
pub struct ActivationCodes(pub Context);

impl Compose for ActivationCodes {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(compose(&self.0, message))
    }

    fn samples(&self, _: MailKind, language: Language) -> Result<Vec<Sample>> {
        let until = language.moment(INVENTED_AT);
        let link = format!("{}/aktivasi#{INVENTED_LINK}", self.0.config.service.public_url);
        let code = ActivationCode::parse(INVENTED_CODE);
        let write = |code| Sample::of(write(language, INVENTED_NAME, code, &link, Some(&until)));
        code.into_iter().map(write).collect()
    }

    fn sent<'a>(&'a self, tx: &'a mut Tx, message: Message, now: Timestamp) -> ComposeFuture<'a, ()> {
        Box::pin(async move { Ok(codes::on_sent(tx, message.reference, now).await?) })
    }
}

/// Writes the message of one outbox row whose reference is a registration. `None` when there is nothing to say any more:
/// the registration no longer waits for a code, or this one has expired or is used up; or it is of another kind.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn compose(context: &Context, message: Message) -> Result<Option<Email>> {
    if message.kind != ACTIVATION_CODE {
        return Ok(None);
    }
    let id = message.reference;
    let mut tx = context.db.read().await?;
    let now = context.now();
    let Some(registration) = registrations::lookup(&mut tx, id).await? else { return Ok(None) };
    let issued = codes::lookup(&mut tx, id).await?;
    let Some(issued) = issued.filter(|code| code.lives(now) && registration.waits_for_code(now)) else {
        return Ok(None);
    };
    drop(tx);
    let contact = registrations::contact_of(context, &registration)?;
    let Some(to) = contact.email else { return Ok(None) };
    let code = ActivationCode::derive(&context.vault, id, issued.generation)?;
    let link = link(&context.config.service.public_url, id, code);
    let until = issued.expires_at.map(|end| contact.language.moment(end));
    let (subject, text, html) =
        write(contact.language, &first_name(contact.full_name.expose()), code, &link, until.as_deref())
            .map_err(Error::internal)?;
    Ok(Some(Email { mail_id: message.mail_id, to, subject, text, html, language: contact.language }))
}

/// Where the code is entered. It stands in the fragment, which browsers do not send: no log of any server sees it.
fn link(public_url: &str, id: uuid::Uuid, code: ActivationCode) -> String {
    format!("{public_url}/aktivasi#{id}.{}", code.digits())
}

fn write(
    language: Language,
    first_name: &str,
    code: ActivationCode,
    link: &str,
    valid_until: Option<&str>,
) -> askama::Result<(String, String, String)> {
    let digits = code.digits();
    let (left, right) = digits.split_at(3);
    let code = &format!("{left} {right}");
    let subject = match language {
        Language::Indonesian => "Kode aktivasi IKD Anda",
        Language::English => "Your IKD activation code",
    };
    let text = Text { language, first_name, code, link, valid_until }.render()?;
    let html = Html { language, subject, first_name, code, link, valid_until }.render()?;
    Ok((subject.to_owned(), text, html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_carry_code_and_link_and_the_subject_does_not() {
        let code = ActivationCode::parse("012345").unwrap();
        let id = uuid::Uuid::from_u128(7);
        let link = link("https://ikd.example", id, code);
        assert_eq!(link, "https://ikd.example/aktivasi#00000000-0000-0000-0000-000000000007.012345");
        for language in [Language::Indonesian, Language::English] {
            let (subject, text, html) = write(language, "A <b> & \"C\"", code, &link, None).unwrap();
            assert!(!subject.contains("012") && subject.is_ascii());
            assert!(text.contains("012 345") && text.contains(&link) && text.contains("24"));
            assert!(html.contains("012 345") && html.contains("aktivasi#") && html.contains("00007.012345"));
            assert!(text.contains("A <b> & \"C\""));
            assert!(!html.contains("A <b>"), "names are escaped");
            assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("src="));
            let (_, text, _) = write(language, "A", code, &link, Some("then")).unwrap();
            assert!(text.contains("then"));
        }
    }
}
