//! Notices: whoever holds an identity is told of everything that happens to it, with a link that does nothing but block it.

use askama::Template;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::model::{EventKind, Happening, first_name, reference};
use super::store::{self, NoticeRow};
use super::words;
use crate::base64url;
use crate::clock::Timestamp;
use crate::context::{Context, Sources};
use crate::db::Tx;
use crate::error::{Error, Language, Result};
use crate::holder::Reason;
use crate::holder::ports as holder;
use crate::mail::{
    Compose, ComposeFuture, Email, INVENTED_AT, INVENTED_LINK, INVENTED_NAME, MailKind, Message, Sample, outbox,
};
use crate::office::ports as offices;
use crate::secret::Redacted;
use crate::vault::{Label, Vault};

/// A notice of an event; it refers to its row. Every event is told: there is no allowance that strangers could use up.
pub const NOTICE: MailKind = MailKind::new("life_notice", i64::MAX);

pub(super) const TABLE: &str = "life_notice";

/// To whom a notice goes, as it was when the event happened: who takes over an address hears nothing of what was before.
#[derive(Serialize, Deserialize)]
struct Addressee {
    email: Redacted<String>,
    language: Language,
    first_name: Redacted<String>,
}

/// Queues the notices of an event, one to each address of the holder.
pub(super) async fn tell(
    context: &Context,
    tx: &mut Tx,
    event_id: Uuid,
    this: &Happening,
    now: Timestamp,
) -> Result<()> {
    let Sources { random, vault, .. } = &**context;
    let (emails, language) = holder::contacts(context, tx, this.resident_id, now).await?;
    if emails.is_empty() {
        return Ok(());
    }
    let record = holder::kept_record(context, tx, this.resident_id).await?;
    let first_name = Redacted(record.map(|record| first_name(&record.full_name)).unwrap_or_default());
    let Happening { resident_id, kind, reason, office_id, .. } = *this;
    for email in emails {
        let addressee = Addressee { email, language, first_name: first_name.clone() };
        let notice_id = random.uuid_v7(now);
        let sealed = vault.seal_row(random, TABLE, notice_id, &addressee)?;
        let row =
            NoticeRow { notice_id, resident_id, event_id, kind, reason, at: now, office_id, sealed, used_at: None };
        store::add_notice(tx, &row).await?;
        outbox::enqueue(tx, random, now, NOTICE, notice_id).await?;
    }
    Ok(())
}

/// Writes these messages.
pub struct Notices(pub Context);

impl Compose for Notices {
    fn compose(&self, message: Message) -> ComposeFuture<'_, Option<Email>> {
        Box::pin(compose(&self.0, message))
    }

    fn samples(&self, _: MailKind, language: Language) -> Result<Vec<Sample>> {
        let link = format!("{}/blokir#{INVENTED_LINK}", self.0.config.service.public_url);
        let to = Addressee { email: Redacted(String::new()), language, first_name: Redacted(INVENTED_NAME.into()) };
        let row = |kind: EventKind, reason, office_id| NoticeRow {
            notice_id: Uuid::nil(),
            resident_id: Uuid::nil(),
            event_id: Uuid::nil(),
            kind,
            reason,
            at: INVENTED_AT,
            office_id,
            sealed: Vec::new(),
            used_at: None,
        };
        let others = <EventKind as strum::VariantArray>::VARIANTS.iter().filter(|kind| **kind != EventKind::Stopped);
        let stops = Reason::ALL.iter().map(|reason| row(EventKind::Stopped, Some(*reason), None));
        let at_counter = row(EventKind::Stopped, Some(Reason::Closed), Some(Uuid::nil()));
        let rows = others.map(|kind| row(*kind, None, None)).chain(stops).chain([at_counter]);
        let write = |row: NoticeRow| Sample::of(write(&row, &to, row.office_id.map(|_| "Dinas Dukcapil"), &link));
        rows.map(write).collect()
    }
}

/// What a notice says.
struct Notice<'a> {
    first_name: &'a str,
    title: &'static str,
    what: &'static str,
    next: &'static str,
    when: &'a str,
    office: Option<&'a str>,
    reference: &'a str,
    /// None where nothing is left to block.
    link: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "mail/life_notice.txt")]
struct Text<'a> {
    language: Language,
    notice: &'a Notice<'a>,
}

#[derive(Template)]
#[template(path = "mail/life_notice.html")]
struct Html<'a> {
    language: Language,
    subject: &'a str,
    notice: &'a Notice<'a>,
}

/// Writes the message of one outbox row. `None` when its notice is forgotten.
async fn compose(context: &Context, message: Message) -> Result<Option<Email>> {
    let mut tx = context.db.read().await?;
    let Some(row) = store::notice(&mut tx, message.reference).await? else { return Ok(None) };
    let office = match row.office_id {
        Some(id) => offices::by_id(&mut tx, id).await?.map(|office| office.name),
        None => None,
    };
    drop(tx);
    let to: Addressee = context.vault.open_row(TABLE, row.notice_id, &row.sealed)?;
    let link = format!("{}/blokir#{}", context.config.service.public_url, link_of(context, row.notice_id)?);
    let (subject, text, html) = write(&row, &to, office.as_deref(), &link).map_err(Error::internal)?;
    Ok(Some(Email { mail_id: message.mail_id, to: to.email, subject, text, html, language: to.language }))
}

fn write(
    row: &NoticeRow,
    to: &Addressee,
    office: Option<&str>,
    link: &str,
) -> askama::Result<(String, String, String)> {
    let language = to.language;
    let words = words::of_notice(row.kind, row.reason, row.office_id.is_some());
    let (when, reference) = (language.moment(row.at), reference(row.event_id));
    let notice = Notice {
        first_name: to.first_name.expose(),
        title: words.title.in_language(language),
        what: words.what.in_language(language),
        next: words.next.in_language(language),
        when: &when,
        office,
        reference: &reference,
        link: (!is_over_at_counter(row)).then_some(link),
    };
    let text = Text { language, notice: &notice }.render()?;
    let html = Html { language, subject: notice.title, notice: &notice }.render()?;
    Ok((notice.title.to_owned(), text, html))
}

/// Whether it tells of a digital KTP that ended at a counter: a link that blocks leads nowhere from there.
fn is_over_at_counter(row: &NoticeRow) -> bool {
    let ended = matches!(row.reason, Some(Reason::Closed | Reason::ConsentWithdrawn));
    row.kind == EventKind::Stopped && ended && row.office_id.is_some()
}

/// The opaque id in a notice's link. It stands in the fragment, which browsers do not send.
fn link_of(context: &Context, notice_id: Uuid) -> Result<String> {
    let sealed = context.vault.seal(Label::BlockLink, &context.random, &[], notice_id.as_bytes())?;
    Ok(base64url::encode(&sealed))
}

/// The notice that a link is of, if it is ours.
pub(super) fn notice_of(vault: &Vault, link: &str) -> Option<Uuid> {
    let sealed = base64url::decode(link)?;
    let opened = vault.open(Label::BlockLink, &[], &sealed).ok()?;
    Uuid::from_slice(&opened).ok()
}
