//! Behind the link: whoever was invited sets the own password and authenticator.

use std::net::IpAddr;

use uuid::Uuid;

use super::mail::{TABLE, invitation_of};
use super::model::{Kind, Secret, State, end_of, taken};
use super::service::{Invitations, JOINED};
use crate::audit::Outcome;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Refusal, Result};
use crate::login::Passwords;
use crate::login::totp::{self, TotpSecret};
use crate::office;
use crate::register::Region;
use crate::secret::Redacted;
use crate::staff::model::{AccountState, Affiliation, Person, Realm, Roles};
use crate::staff::passkey::model::is_required;
use crate::staff::ports;
use crate::staff::proof::TOTP_TABLE;
use crate::staff::sessions::words_of;
use crate::staff::store::account::{self, Account};
use crate::staff::store::invitation::{self as store, Invitation};
use crate::staff::store::passkey;
use crate::{relying_party, transaction};

/// The doors behind invitations. Cloning shares everything.
#[derive(Clone)]
pub struct Acceptance {
    invitations: Invitations,
    passwords: Passwords,
}

/// What whoever opens a link is shown.
#[derive(Debug)]
pub struct Shown {
    /// What the link is for: joining, or new secrets.
    pub kind: Kind,
    /// Where they are to work: name of the office; none elsewhere.
    pub office: Option<String>,
    /// Name of the relying party that they are to look after; none elsewhere.
    pub party: Option<String>,
    /// Whose account.
    pub person: Person,
    /// The authenticator secret that they take over.
    pub totp: TotpSecret,
    /// Whether their role logs in with a passkey.
    pub needs_passkey: bool,
    /// Until when the link counts.
    pub expires_at: Timestamp,
}

impl Acceptance {
    /// Over the shared tables, with a pool of its own for passwords.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn new(invitations: Invitations) -> Result<Self> {
        let context = &invitations.context;
        let passwords = Passwords::new(context.config.limits.password_hashes, &context.random)?
            .knowing(context.config.staff.breached_passwords.as_deref());
        Ok(Self { invitations, passwords })
    }

    /// Shows what a link is for. It can be opened again until it is used.
    ///
    /// # Errors
    /// `invitation_over` for a text that is no link of ours, and for one that was used, taken back or is too old.
    pub async fn open(&self, link: &str) -> Result<Shown> {
        let (request, secret, expires_at) = self.find(link).await?;
        let mut tx = self.invitations.context.db.read().await?;
        let (office, party) = match request.place {
            Affiliation::Office(id) => (office::ports::by_id(&mut tx, id).await?.map(|office| office.name), None),
            Affiliation::RelyingParty(id) => (None, Some(relying_party::ports::by_id(&mut tx, id).await?.name)),
            Affiliation::National => (None, None),
        };
        let person = person(&request, request.staff_id.unwrap_or_default());
        let totp = TotpSecret::new(secret.totp.expose(), &person.username)?;
        let required = &self.invitations.context.config.staff.require_passkey;
        let needs_passkey = is_required(required, Roles { own: person.role, acting: None });
        Ok(Shown { kind: request.kind, office, party, person, totp, needs_passkey, expires_at })
    }

    /// Makes the account, or gives it its new secrets: the link is used up, running sessions end. Gives where the person logs in.
    ///
    /// # Errors
    /// `invitation_over`; `invalid_field` for a weak password, a wrong code of the authenticator, and a name that was taken meanwhile;
    /// `overloaded`.
    pub async fn accept(&self, address: IpAddr, link: &str, password: &Redacted<String>, code: &str) -> Result<Realm> {
        let Invitations { context, audit } = &self.invitations;
        let (request, secret, _) = self.find(link).await?;
        let now = context.now();
        let Some(step) = totp::check(secret.totp.expose(), code, now)? else { return Err(wrong_code().into()) };
        let place = self.passwords.queue(address, true).await?;
        let mut known = words_of(&mut context.db.read().await?, request.place).await?;
        known.extend([request.username.clone(), request.full_name.clone()]);
        self.passwords.check_new(&place, known, password.clone()).await?;
        let hash = self.passwords.hash(&place, &context.random, password.clone()).await?;
        let staff_id = request.staff_id.unwrap_or_else(|| context.random.uuid_v7(now));
        let seal = |bytes: &[u8]| context.vault.seal_bytes(&context.random, TOTP_TABLE, staff_id, bytes);
        let is_operators = request.asked_by.is_nil() && request.staff_id.is_some();
        let account = Account {
            person: person(&request, staff_id),
            password_hash: hash,
            totp_sealed: seal(secret.totp.expose())?,
            state: AccountState::Active,
            paused_at: None,
            ends_at: match request.place {
                // An operator's link changes secrets alone.
                _ if is_operators => request.ends_at,
                // Nobody confirms the people of a party: the party's contract ends, and its administrators stop each other.
                Affiliation::RelyingParty(_) => request.ends_at,
                Affiliation::Office(_) | Affiliation::National => Some(end_of(request.ends_at, now)),
            },
            acting_role: None,
            acting_until: None,
            passkeys: 0,
            initial_password_until: None,
            initial_totp_until: None,
        };
        let contact = context.vault.seal_row(&context.random, CONTACT, staff_id, &secret.contact)?;
        let event = account.person.event(JOINED, staff_id);
        transaction!(context.db, "staff.accept", |tx| {
            // As whoever stops them: the account comes before its invitations.
            if let Some(person) = request.staff_id {
                account::hold(tx, person).await?.or(Code::InvitationOver)?;
            }
            store::accept(tx, request.invitation_id, staff_id, now).await?.or(Code::InvitationOver)?;
            enter(context, tx, &request, &account, now).await?;
            // Where an operator named another address than the account has, its owner goes on being told at their own.
            if !is_operators || account::contact(tx, staff_id).await?.is_none() {
                account::set_contact(tx, staff_id, &contact).await?.or(Code::InvitationOver)?;
            }
            // The code that was shown to be right is not good for a log-in.
            let secrets = (account.password_hash.as_str(), account.totp_sealed.as_slice());
            account::spend_step(tx, (staff_id, step), secrets, false, now).await?.or(Code::InvitationOver)?;
            audit.record(tx, event, Outcome::Done).await
        })?;
        Ok(request.place.realm())
    }

    async fn find(&self, link: &str) -> Result<(Invitation, Secret, Timestamp)> {
        let Invitations { context, .. } = &self.invitations;
        let id = invitation_of(&context.vault, link).ok_or(Code::InvitationOver)?;
        let mut tx = context.db.read().await?;
        let found = store::lookup(&mut tx, id).await?.ok_or(Code::InvitationOver)?;
        let (sealed, until) = found.sealed.as_ref().zip(found.expires_at).ok_or(Code::InvitationOver)?;
        if found.state != State::Sent || until <= context.now() {
            return Err(Code::InvitationOver.into());
        }
        let secret = context.vault.open_row(TABLE, id, sealed)?;
        Ok((found, secret, until))
    }
}

/// Where contacts of accounts are sealed.
pub(crate) const CONTACT: &str = "staff_account_contact";

/// Writes the account: a new one, or new secrets for one that has stayed what it was when they were asked for.
async fn enter(context: &Context, tx: &mut Tx, request: &Invitation, account: &Account, now: Timestamp) -> Result<()> {
    let Some(person) = request.staff_id else {
        return account::add(tx, account, now).await.map_err(name_taken);
    };
    let was = if request.comes_back == 0 { AccountState::Active } else { AccountState::Disabled };
    let secrets = (account.password_hash.as_str(), account.totp_sealed.as_slice());
    account::renew(tx, person, was, secrets, account.ends_at).await?.or(Code::InvitationOver)?;
    passkey::remove_all(tx, person).await?;
    ports::has_new_secrets(context, tx, person, now).await
}

fn person(request: &Invitation, staff_id: Uuid) -> Person {
    Person {
        staff_id,
        affiliation: request.place,
        username: request.username.clone(),
        full_name: request.full_name.clone(),
        role: request.role,
        region: request.region.map(Region::from_code),
    }
}

fn name_taken(error: DbError) -> Error {
    match error {
        DbError::Unique => taken::<()>().err().unwrap_or_else(|| Code::InvalidField.into()),
        other => other.into(),
    }
}

fn wrong_code() -> Refusal {
    Refusal::field(
        "totp",
        "Kode tidak cocok. Pindai QR dengan aplikasi autentikator, ketik kode yang tampil sekarang, \
         dan pastikan jam ponsel Anda disetel otomatis.",
        "The code does not fit. Scan the QR with the authenticator app, type the code it shows now, \
         and see that your phone sets its clock automatically.",
    )
}
