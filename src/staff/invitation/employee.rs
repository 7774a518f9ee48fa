//! Employees of relying parties: an administrator of the party invites them, one by one or many at once. A party has a share of accounts,
//! of open links and of links in a day, and its messages become due one after the other, so that residents' codes go out between them.

use std::collections::HashSet;

use uuid::Uuid;

use super::accept::CONTACT;
use super::link::{Link, write};
use super::mail::TABLE;
use super::model::{Contact, Kind, Secret, taken};
use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Language, Refusal, Result};
use crate::secret::Redacted;
use crate::staff::model::{AccountState, Affiliation, Realm, Role};
use crate::staff::ports;
use crate::staff::store::invitation::{self as store, Invitation};
use crate::staff::store::{account, party as people};
use crate::{input, relying_party};

/// People of a party who may log in, those who are invited among them.
pub const MOST_PEOPLE: i64 = 2_000;
/// Links of a party that count at once.
pub const MOST_OPEN: i64 = 500;
/// Links that a party sends within a day.
pub const MOST_A_DAY: i64 = 1_000;
/// Seconds between two messages of a list: whatever else is due meanwhile goes out between them.
const BETWEEN_SECONDS: i64 = 2;

/// Who is to join, as they are kept.
#[derive(Clone, Debug)]
pub struct Entrant {
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// Where the link goes.
    pub email: Redacted<String>,
}

/// By whom, and when.
#[derive(Clone, Copy, Debug)]
pub struct Inviter {
    /// The party.
    pub party: Uuid,
    /// Its administrator.
    pub staff_id: Uuid,
    /// Now.
    pub now: Timestamp,
}

impl Inviter {
    const fn day(self) -> (Timestamp, Timestamp) {
        (self.now.plus_seconds(-DAY), self.now)
    }

    /// Until this transaction is over nobody else invites for the party, and nobody stops its administrator.
    async fn hold(self, tx: &mut Tx) -> Result<()> {
        relying_party::ports::hold(tx, self.party).await?;
        if ports::may_act(tx, self.staff_id, self.now).await? { Ok(()) } else { Err(Code::SessionEnded.into()) }
    }

    /// That so many more fit into the party's share. Of `besides`, who comes back, a link may count already.
    async fn require_room(self, tx: &mut Tx, links: usize, joining: usize, besides: Option<Uuid>) -> Result<()> {
        let (links, joining) = (links.try_into().unwrap_or(i64::MAX), joining.try_into().unwrap_or(i64::MAX));
        let (of_day, open, to_join) = store::count_of_party(tx, self.party, self.day(), besides).await?;
        if joining > 0 && people::count_active(tx, self.party).await? + to_join + joining > MOST_PEOPLE {
            return Err(too_many_people().into());
        }
        if open + links > MOST_OPEN {
            return Err(too_many_open().into());
        }
        if of_day + links > MOST_A_DAY {
            return Err(too_many_today().into());
        }
        Ok(())
    }
}

/// A full name as it is kept. Spreadsheets would run what begins like a formula.
///
/// # Errors
/// `invalid_field`.
pub fn check_full_name(text: &str) -> Result<String, Refusal> {
    let name = input::label(text, 100).map_err(|text| Refusal::field("full_name", text.id, text.en))?;
    if name.starts_with(['=', '+', '-', '@']) {
        return Err(Refusal::field(
            "full_name",
            "Nama tidak boleh dimulai dengan =, +, -, atau @.",
            "A name cannot begin with =, +, - or @.",
        ));
    }
    Ok(name)
}

/// An address as it is kept.
///
/// # Errors
/// `invalid_field`.
pub fn check_email(text: &str) -> Result<String, Refusal> {
    input::email::clean(text).map_err(|text| Refusal::field("email", text.id, text.en))
}

/// Whether a user name is somebody's, or promised to somebody.
///
/// # Errors
/// When the database does not answer.
pub async fn is_taken(tx: &mut Tx, username: &str, now: Timestamp) -> Result<bool> {
    let realm = Realm::RelyingParty;
    Ok(account::by_name(tx, realm, username).await?.is_some() || store::is_promised(tx, realm, username, now).await?)
}

/// The addresses of a party's people and of those whom it invited, in the form in which they are compared.
///
/// # Errors
/// When the database does not answer, or what it holds cannot be opened.
pub async fn addresses(context: &Context, tx: &mut Tx, party: Uuid, now: Timestamp) -> Result<HashSet<String>> {
    let mut found = HashSet::new();
    for (person, sealed) in people::contacts(tx, party, MOST_PEOPLE).await? {
        let contact: Contact = context.vault.open_row(CONTACT, person, &sealed)?;
        found.insert(compared(contact.email.expose()));
    }
    for open in store::of_party(tx, party, (now.plus_seconds(-DAY), now), Uuid::max(), MOST_OPEN).await? {
        let Some(sealed) = open.sealed else { continue };
        let Secret { contact, .. } = context.vault.open_row(TABLE, open.invitation_id, &sealed)?;
        found.insert(compared(contact.email.expose()));
    }
    Ok(found)
}

/// An address in the form in which two are compared.
pub fn compared(email: &str) -> String {
    email.to_lowercase()
}

/// Invitations that are ready to be written: sealing takes no transaction's time.
#[derive(Debug)]
pub struct Prepared(Vec<Invitation>);

/// Prepares links for people who join.
///
/// # Errors
/// A fault of ours.
pub fn prepare(context: &Context, by: Inviter, entrants: &[Entrant], language: Language) -> Result<Prepared> {
    let of = |new: &Entrant| {
        let contact = Contact { email: new.email.clone(), language };
        link(by, None, (&new.username, &new.full_name), false).sealed(context, contact, (by.staff_id, by.now))
    };
    Ok(Prepared(entrants.iter().map(of).collect::<Result<_>>()?))
}

/// Writes them, with their messages: all or none.
///
/// # Errors
/// `invalid_field` for a name that was taken meanwhile; `too_many` beyond the party's share; `session_ended` for an administrator who was
/// stopped.
pub async fn send(context: &Context, tx: &mut Tx, by: Inviter, prepared: &Prepared) -> Result<()> {
    by.hold(tx).await?;
    by.require_room(tx, prepared.0.len(), prepared.0.len(), None).await?;
    for (number, invitation) in (0..).zip(&prepared.0) {
        if is_taken(tx, &invitation.username, by.now).await? {
            return taken();
        }
        write(context, tx, invitation, (by.now, by.now.plus_seconds(number * BETWEEN_SECONDS))).await?;
    }
    Ok(())
}

/// Sends an employee a link to new secrets: the former ones count until it is used. A disabled one comes back by it.
///
/// # Errors
/// `not_found` for whoever is no employee of the party; `too_many` beyond the party's share, also of people, where one comes back.
pub async fn renew(context: &Context, tx: &mut Tx, by: Inviter, employee: Uuid, contact: Contact) -> Result<()> {
    by.hold(tx).await?;
    let found = account::by_id(tx, employee).await?.ok_or(Code::NotFound)?;
    by.require_room(tx, 1, usize::from(found.state == AccountState::Disabled), Some(employee)).await?;
    let person = &found.person;
    if person.affiliation != Affiliation::RelyingParty(by.party) || person.role != Role::Employee {
        return Err(Code::NotFound.into());
    }
    let names = (person.username.as_str(), person.full_name.as_str());
    let link = link(by, Some(employee), names, found.state == AccountState::Disabled);
    write(context, tx, &link.sealed(context, contact, (by.staff_id, by.now))?, (by.now, by.now)).await
}

/// Sends another link in place of one: with a secret of its own, to the same address, for a day from now.
///
/// # Errors
/// `not_found` for one that was used, taken back or is too old; `too_many` beyond the party's share.
pub async fn resend(context: &Context, tx: &mut Tx, by: Inviter, id: Uuid) -> Result<()> {
    by.hold(tx).await?;
    let found = store::lookup(tx, id).await?.ok_or(Code::NotFound)?;
    let sealed = found.sealed.as_ref().filter(|_| found.expires_at.is_some_and(|end| by.now < end));
    let Secret { contact, .. } = context.vault.open_row(TABLE, id, sealed.ok_or(Code::NotFound)?)?;
    store::withdraw(tx, id, by.party, by.staff_id, by.now).await?.or(Code::NotFound)?;
    let takes_seat = found.kind == Kind::Join || found.comes_back != 0;
    by.require_room(tx, 1, usize::from(takes_seat), found.staff_id).await?;
    let link = link(by, found.staff_id, (&found.username, &found.full_name), found.comes_back != 0);
    write(context, tx, &link.sealed(context, contact, (by.staff_id, by.now))?, (by.now, by.now)).await
}

/// That a disabled employee of a party may come back: people who may log in have a most, as those who are invited do.
///
/// # Errors
/// `too_many`.
pub async fn require_seat(tx: &mut Tx, party: Uuid, employee: Uuid, now: Timestamp) -> Result<()> {
    relying_party::ports::hold(tx, party).await?;
    let (_, _, to_join) = store::count_of_party(tx, party, (now.plus_seconds(-DAY), now), Some(employee)).await?;
    if people::count_active(tx, party).await? + to_join < MOST_PEOPLE { Ok(()) } else { Err(too_many_people().into()) }
}

/// Takes a link back: it opens nothing any more.
///
/// # Errors
/// `not_found` for one that was used or taken back, and for another party's.
pub async fn withdraw(tx: &mut Tx, by: Inviter, id: Uuid) -> Result<()> {
    store::withdraw(tx, id, by.party, by.staff_id, by.now).await?.or(Code::NotFound)
}

/// A link that counts, as the party's administrators see it.
#[derive(Debug)]
pub struct OpenLink {
    /// Its invitation.
    pub invitation_id: Uuid,
    /// What it is for.
    pub kind: Kind,
    /// What the person is to be there.
    pub role: Role,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Until when it counts.
    pub expires_at: Option<Timestamp>,
}

/// The party's links that count, the newest first, from `before` on.
///
/// # Errors
/// When the database does not answer.
pub async fn open(tx: &mut Tx, by: Inviter, before: Uuid, limit: i64) -> Result<Vec<OpenLink>> {
    let rows = store::of_party(tx, by.party, by.day(), before, limit).await?;
    let link = |row: Invitation| {
        let Invitation { invitation_id, kind, role, username, full_name, asked_at, expires_at, .. } = row;
        OpenLink { invitation_id, kind, role, username, full_name, asked_at, expires_at }
    };
    Ok(rows.into_iter().map(link).collect())
}

fn link<'a>(
    by: Inviter,
    staff_id: Option<Uuid>,
    (username, full_name): (&'a str, &'a str),
    comes_back: bool,
) -> Link<'a> {
    let place = Affiliation::RelyingParty(by.party);
    Link { place, role: Role::Employee, region: None, ends_at: None, staff_id, username, full_name, comes_back }
}

fn too_many_people() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Satu lembaga paling banyak punya 2.000 orang yang dapat masuk, termasuk yang diundang. Nonaktifkan yang tidak bekerja lagi.",
        "An organisation has 2,000 people who log in at most, those who are invited included. Disable those who work there no more.",
    )
}

fn too_many_open() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Paling banyak 500 undangan terbuka. Tunggu sampai diterima atau lewat sehari, atau tarik sebagian.",
        "At most 500 invitations are open at once. Wait until they are used or a day is over, or take some back.",
    )
}

fn too_many_today() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Paling banyak 1.000 undangan dalam 24 jam. Kirim sisanya besok.",
        "At most 1,000 invitations in 24 hours. Send the rest tomorrow.",
    )
}
