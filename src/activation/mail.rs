//! The message with the activation code. It is written at the moment of sending: neither code nor address rests in the
//! outbox.

use askama::Template;

use super::code::ActivationCode;
use super::store;
use crate::clock::{HOUR, Timestamp};
use crate::core::Core;
use crate::error::{Error, Language, Result};
use crate::mail::{Email, Job};
use crate::registration::{self, State};

#[derive(Template)]
#[template(path = "mail/activation_code_id.txt")]
struct TextId<'a> {
    full_name: &'a str,
    code: &'a str,
    link: &'a str,
    valid_until: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "mail/activation_code_en.txt")]
struct TextEn<'a> {
    full_name: &'a str,
    code: &'a str,
    link: &'a str,
    valid_until: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "mail/activation_code_id.html")]
struct HtmlId<'a> {
    full_name: &'a str,
    code: &'a str,
    link: &'a str,
    valid_until: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "mail/activation_code_en.html")]
struct HtmlEn<'a> {
    full_name: &'a str,
    code: &'a str,
    link: &'a str,
    valid_until: Option<&'a str>,
}

/// Writes the message of one outbox row whose reference is a registration. `None` when there is nothing to say any more:
/// the registration no longer waits for a code, or this one has expired or is used up.
///
/// # Errors
/// When the database does not answer or what it holds cannot be opened.
pub async fn compose(core: &Core, job: Job) -> Result<Option<Email>> {
    let id = job.reference;
    let mut tx = core.db.read().await?;
    let Some(status) = store::lookup(&mut tx, id).await? else { return Ok(None) };
    let now = core.now();
    if status.state != State::CodeSent || !status.lives(now) || !status.waits_for_code(now) {
        return Ok(None);
    }
    let Some(contact) = registration::contact(core, &mut tx, id).await? else { return Ok(None) };
    drop(tx);
    let code = ActivationCode::derive(&core.vault, id, status.generation)?;
    let link = link(&core.config.service.public_url, id, code);
    let until = status.expires_at.map(|end| local_time(end, contact.language));
    let (subject, text, html) =
        write(contact.language, contact.full_name.expose(), code, &link, until.as_deref()).map_err(Error::internal)?;
    Ok(Some(Email { mail_id: job.mail_id, to: contact.email, subject, text, html, language: contact.language }))
}

/// Where the code is entered. It stands in the fragment, which browsers do not send: no log of any server sees it.
fn link(public_url: &str, id: uuid::Uuid, code: ActivationCode) -> String {
    format!("{public_url}/aktivasi#{id}.{}", code.digits())
}

fn write(
    language: Language,
    full_name: &str,
    code: ActivationCode,
    link: &str,
    valid_until: Option<&str>,
) -> askama::Result<(String, String, String)> {
    let digits = code.digits();
    let (left, right) = digits.split_at(3);
    let code = &format!("{left} {right}");
    Ok(match language {
        Language::Indonesian => (
            String::from("Kode aktivasi IKD Anda"),
            TextId { full_name, code, link, valid_until }.render()?,
            HtmlId { full_name, code, link, valid_until }.render()?,
        ),
        Language::English => (
            String::from("Your IKD activation code"),
            TextEn { full_name, code, link, valid_until }.render()?,
            HtmlEn { full_name, code, link, valid_until }.render()?,
        ),
    })
}

/// `22-11-2026 14.05 WIB`: the time in western Indonesia, named, because residents live in three zones.
fn local_time(at: Timestamp, language: Language) -> String {
    let zone = at.plus_seconds(7 * HOUR).to_rfc3339();
    let (date, time) = zone.split_once('T').unwrap_or((&zone, ""));
    let mut parts = date.splitn(3, '-');
    let (year, month, day) =
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let clock = time.get(..5).unwrap_or_default();
    match language {
        Language::Indonesian => format!("{day}-{month}-{year} pukul {} WIB", clock.replace(':', ".")),
        Language::English => format!("{year}-{month}-{day} {clock} WIB (UTC+7)"),
    }
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

    #[test]
    fn times_are_written_in_jakarta() {
        let at = Timestamp::from_seconds(1_795_280_399);
        assert_eq!(local_time(at, Language::Indonesian), "21-11-2026 pukul 23.59 WIB");
        assert_eq!(local_time(at, Language::English), "2026-11-21 23:59 WIB (UTC+7)");
    }
}
