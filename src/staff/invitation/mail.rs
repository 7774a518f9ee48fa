//! The message with the link.

use askama::Template;
use uuid::Uuid;

use super::model::{Kind, Secret, State};
use crate::base64url;
use crate::context::Context;
use crate::error::{Error, Language, Result};
use crate::mail::{Compose, ComposeFuture, Email, INVENTED_AT, INVENTED_LINK, MailKind, Message, Sample};
use crate::staff::store::invitation as store;
use crate::vault::{Label, Vault};

/// The message with the link of an invitation; it refers to the invitation.
pub const INVITATION: MailKind = MailKind::new("staff_invitation", i64::MAX);

pub(in crate::staff) const TABLE: &str = "staff_invitation";

/// What stands behind `#` in a link. Browsers do not send it, so it reaches no log.
fn link_of(context: &Context, id: Uuid) -> Result<String> {
    let sealed = context.vault.seal(Label::InvitationLink, &context.random, &[], id.as_bytes())?;
    Ok(base64url::encode(&sealed))
}

/// The invitation that a link is of, if it is ours.
pub(super) fn invitation_of(vault: &Vault, link: &str) -> Option<Uuid> {
    let sealed = base64url::decode(link)?;
    let opened = vault.open(Label::InvitationLink, &[], &sealed).ok()?;
    Uuid::from_slice(&opened).ok()
}

#[derive(Template)]
#[template(path = "mail/staff_invitation.txt")]
struct Text<'a> {
    language: Language,
    renews: bool,
    link: &'a str,
    until: &'a str,
}

#[derive(Template)]
#[template(path = "mail/staff_invitation.html")]
struct Html<'a> {
    language: Language,
    subject: &'a str,
    renews: bool,
    link: &'a str,
    until: &'a str,
}

/// Writes these messages.
pub struct Letters(pub Context);

impl Compose for Letters {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(compose(&self.0, message))
    }

    fn samples(&self, _: MailKind, language: Language) -> Result<Vec<Sample>> {
        let link = format!("{}/undangan#{INVENTED_LINK}", self.0.config.service.staff_url());
        let until = language.moment(INVENTED_AT);
        [false, true].into_iter().map(|renews| Sample::of(write(language, renews, &link, &until))).collect()
    }
}

/// Writes the message of one outbox row. `None` when its link counts no more.
async fn compose(context: &Context, message: Message) -> Result<Option<Email>> {
    let mut tx = context.db.read().await?;
    let found = store::lookup(&mut tx, message.reference).await?;
    drop(tx);
    let open = found.filter(|one| one.state == State::Sent);
    let Some((kind, sealed, until)) = open.and_then(|one| Some((one.kind, one.sealed?, one.expires_at?))) else {
        return Ok(None);
    };
    if until <= context.now() {
        return Ok(None);
    }
    let Secret { contact, .. } = context.vault.open_row(TABLE, message.reference, &sealed)?;
    let link = format!("{}/undangan#{}", context.config.service.staff_url(), link_of(context, message.reference)?);
    let (language, renews) = (contact.language, kind == Kind::Renew);
    let (subject, text, html) = write(language, renews, &link, &language.moment(until)).map_err(Error::internal)?;
    let subject = subject.to_owned();
    Ok(Some(Email { mail_id: message.mail_id, to: contact.email, subject, text, html, language }))
}

fn write(language: Language, renews: bool, link: &str, until: &str) -> askama::Result<(&'static str, String, String)> {
    let subject = match language {
        Language::Indonesian => "Akun kerja IKD Anda",
        Language::English => "Your IKD work account",
    };
    let text = Text { language, renews, link, until }.render()?;
    let html = Html { language, subject, renews, link, until }.render()?;
    Ok((subject, text, html))
}
