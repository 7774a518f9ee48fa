//! Employees join by a link: one by one, or a list at once. A list is judged whole before anything of it is written, shown, and then sent as
//! it was shown.

use std::collections::HashSet;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::act::{
    Administrator, InviteEmployee, InviteEmployees, ReadParty, RenewEmployee, ResendInvitation, WithdrawInvitation,
};
use super::list::{self, Row, Wrong};
use super::service::Partners;
use crate::clock::HOUR;
use crate::db::Tx;
use crate::error::{Code, Error, FieldError, Language, Refusal, Result, Text};
use crate::page::{self, Page};
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::staff::invitation::Contact;
use crate::staff::invitation::employee::{self as employees, Entrant, Inviter, OpenLink};
use crate::staff::model::check_username;
use crate::window::Window;
use crate::{audited, transaction};

/// Lists of a party that are judged in an hour: each is some hundred questions to the database.
const LISTS: Window = Window { kind: "employee_list", seconds: HOUR, most: 60 };
/// Names that are tried where the suggested one is somebody's.
const MOST_NAMES: u32 = 50;

/// A list as it was judged.
#[derive(Debug)]
pub struct Plan {
    /// Who would be invited, in the order of the rows; who is wrong is left out.
    pub people: Vec<Planned>,
    /// What is wrong, row by row.
    pub wrong: Vec<Wrong>,
}

/// Somebody who would be invited.
#[derive(Debug)]
pub struct Planned {
    /// The row's number.
    pub row: u64,
    /// Who.
    pub entrant: Entrant,
    /// Whether the user name was suggested.
    pub is_suggested: bool,
}

impl Plan {
    /// Stands for exactly these people under exactly these names.
    pub fn version(&self) -> String {
        let mut hash = Sha256::new();
        for one in &self.people {
            let Entrant { username, full_name, email } = &one.entrant;
            for part in [username, full_name, email.expose()] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        HEXLOWER.encode(&hash.finalize()[..16])
    }

    fn all(self) -> Result<Vec<Entrant>> {
        if self.wrong.is_empty() {
            return Ok(self.people.into_iter().map(|one| one.entrant).collect());
        }
        let field = |one: Wrong| FieldError {
            field: if one.row == 0 { one.field.into() } else { format!("rows.{}.{}", one.row, one.field).into() },
            message: one.message,
        };
        Err(Refusal::fields(self.wrong.into_iter().map(field).collect()).into())
    }
}

impl Partners {
    /// Invites somebody to verify for the own party.
    ///
    /// # Errors
    /// `invalid_field` for whatever cannot be used, a name that is taken, and an address of somebody who is there; `too_many` beyond the
    /// party's share.
    pub async fn invite(
        &self,
        who: &Allowed<InviteEmployee>,
        (full_name, username): (&str, &str),
        (email, language): (&str, Language),
    ) -> Result<()> {
        let by = self.inviter(&who.agent);
        let row = Row { number: 0, full_name: full_name.into(), email: email.into(), username: username.into() };
        let entrants = self.judge(by, vec![row]).await?.all()?;
        let prepared = employees::prepare(&self.context, by, &entrants, language)?;
        audited!(self.audit, who.event(by.party), "partner.invite", |tx| {
            employees::send(&self.context, tx, by, &prepared).await
        })
    }

    /// Judges a list; nothing of it is written.
    ///
    /// # Errors
    /// `invalid_field` where the whole cannot be read; `too_many`.
    pub async fn judge_list(&self, who: &Allowed<InviteEmployees>, bytes: &[u8]) -> Result<Plan> {
        let by = self.inviter(&who.agent);
        let rows = list::read(bytes)?;
        transaction!(self.context.db, "partner.count_list", |tx| {
            LISTS.count(tx, &[by.party.as_bytes()], by.now).await?.or_refuse(Code::TooMany.into())?;
            Ok(())
        })?;
        self.judge(by, rows).await
    }

    /// Invites everybody in a list, as it was shown; gives how many they are.
    ///
    /// # Errors
    /// As [`Partners::judge_list`]; `invalid_field` where a row is wrong; `wrong_state` where something else would be written than was shown;
    /// `too_many` beyond the party's share.
    pub async fn send_list(
        &self,
        who: &Allowed<InviteEmployees>,
        bytes: &[u8],
        (version, language): (&str, Language),
    ) -> Result<usize> {
        let by = self.inviter(&who.agent);
        let plan = self.judge_list(who, bytes).await?;
        if plan.wrong.is_empty() && plan.version() != version {
            return Err(another_list().into());
        }
        let entrants = plan.all()?;
        let prepared = employees::prepare(&self.context, by, &entrants, language)?;
        audited!(self.audit, who.event(by.party), "partner.invite_list", |tx| {
            employees::send(&self.context, tx, by, &prepared).await
        })?;
        Ok(entrants.len())
    }

    /// The links of the own party that count, the newest first.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here.
    pub async fn invitations(
        &self,
        who: &Allowed<ReadParty>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<OpenLink>> {
        let before = page::after(cursor, Uuid::max())?;
        let limit = limit.clamp(1, page::MOST);
        let mut tx = self.context.db.read().await?;
        let rows = employees::open(&mut tx, self.inviter(&who.agent), before, limit + 1).await?;
        Ok(Page::new(rows, limit, |row| row.invitation_id))
    }

    /// Sends another link in place of one.
    ///
    /// # Errors
    /// `not_found` for one that was used, taken back or is too old; `too_many` beyond the party's share.
    pub async fn resend(&self, who: &Allowed<ResendInvitation>, id: Uuid) -> Result<()> {
        let by = self.inviter(&who.agent);
        audited!(self.audit, who.event(id), "partner.resend_invitation", |tx| {
            employees::resend(&self.context, tx, by, id).await
        })
    }

    /// Takes a link back.
    ///
    /// # Errors
    /// `not_found` for one that was used or taken back.
    pub async fn withdraw(&self, who: &Allowed<WithdrawInvitation>, id: Uuid) -> Result<()> {
        let by = self.inviter(&who.agent);
        audited!(self.audit, who.event(id), "partner.withdraw_invitation", |tx| employees::withdraw(tx, by, id).await)
    }

    /// Sends an employee a link to new secrets; who is disabled comes back by it.
    ///
    /// # Errors
    /// `not_found` for whoever is no employee of the own party; `invalid_field` for what is no address; `too_many` beyond the party's share.
    pub async fn renew(&self, who: &Allowed<RenewEmployee>, employee: Uuid, address: (&str, Language)) -> Result<()> {
        let by = self.inviter(&who.agent);
        let contact = Contact { email: Redacted(employees::check_email(address.0)?), language: address.1 };
        audited!(self.audit, who.event(employee), "partner.renew_employee", |tx| {
            employees::renew(&self.context, tx, by, employee, contact.clone()).await
        })
    }

    fn inviter(&self, who: &Administrator) -> Inviter {
        Inviter { party: who.party.relying_party_id, staff_id: who.staff_id, now: self.now() }
    }

    async fn judge(&self, by: Inviter, rows: Vec<Row>) -> Result<Plan> {
        let mut tx = self.context.db.read().await?;
        let known = employees::addresses(&self.context, &mut tx, by.party, by.now).await?;
        // Names that were typed are nobody's suggestion.
        let typed: HashSet<String> = rows.iter().map(|row| row.username.clone()).collect();
        let mut judge =
            Judge { by, known, addresses: HashSet::new(), names: HashSet::new(), typed, taken: HashSet::new() };
        let mut plan = Plan { people: Vec::with_capacity(rows.len()), wrong: Vec::new() };
        for row in rows {
            match judge.row(&mut tx, &row).await? {
                Ok(planned) => plan.people.push(planned),
                Err(wrong) => plan.wrong.extend(wrong),
            }
        }
        Ok(plan)
    }
}

/// What rows are judged by: who is there, and who stood in an earlier row.
struct Judge {
    by: Inviter,
    known: HashSet<String>,
    addresses: HashSet<String>,
    names: HashSet<String>,
    typed: HashSet<String>,
    /// Names that others have: five hundred people of one name ask for each of them once.
    taken: HashSet<String>,
}

impl Judge {
    async fn row(&mut self, tx: &mut Tx, row: &Row) -> Result<std::result::Result<Planned, Vec<Wrong>>> {
        let mut wrong = Vec::new();
        let full_name = noted(employees::check_full_name(&row.full_name), row.number, &mut wrong);
        let email = noted(employees::check_email(&row.email), row.number, &mut wrong);
        if let Some(email) = &email {
            let compared = employees::compared(email);
            let message = if self.known.contains(&compared) { Some(ADDRESS_KNOWN) } else { None };
            let message = message.or_else(|| (!self.addresses.insert(compared)).then_some(ADDRESS_TWICE));
            wrong.extend(message.map(|message| Wrong { row: row.number, field: "email", message }));
        }
        let is_suggested = row.username.is_empty();
        let username = match &full_name {
            _ if !is_suggested => self.typed_name(tx, row, &mut wrong).await?,
            Some(full_name) => self.suggest(tx, full_name).await?,
            None => None,
        };
        if username.is_none() && wrong.is_empty() {
            wrong.push(Wrong { row: row.number, field: "username", message: NO_NAME });
        }
        Ok(match (full_name, email, username) {
            (Some(full_name), Some(email), Some(username)) if wrong.is_empty() => {
                let entrant = Entrant { username, full_name, email: Redacted(email) };
                Ok(Planned { row: row.number, entrant, is_suggested })
            }
            _ => Err(wrong),
        })
    }

    async fn typed_name(&mut self, tx: &mut Tx, row: &Row, wrong: &mut Vec<Wrong>) -> Result<Option<String>> {
        let checked = match check_username(&row.username) {
            Err(Error::Refused(refusal)) => Err(*refusal),
            Err(fault) => return Err(fault),
            Ok(name) => Ok(name),
        };
        let Some(name) = noted(checked, row.number, wrong) else { return Ok(None) };
        let message = if !self.names.insert(name.clone()) {
            Some(NAME_TWICE)
        } else {
            employees::is_taken(tx, &name, self.by.now).await?.then_some(NAME_TAKEN)
        };
        wrong.extend(message.map(|message| Wrong { row: row.number, field: "username", message }));
        Ok(Some(name))
    }

    async fn suggest(&mut self, tx: &mut Tx, full_name: &str) -> Result<Option<String>> {
        let base = list::suggested(full_name);
        for number in 1..=MOST_NAMES {
            let name = if number == 1 { base.clone() } else { format!("{base}{number}") };
            if [&self.names, &self.typed, &self.taken].into_iter().any(|known| known.contains(&name)) {
                continue;
            }
            if !employees::is_taken(tx, &name, self.by.now).await? {
                self.names.insert(name.clone());
                return Ok(Some(name));
            }
            self.taken.insert(name);
        }
        Ok(None)
    }
}

/// A value that was checked; what is wrong with it is noted.
fn noted<T>(checked: std::result::Result<T, Refusal>, row: u64, wrong: &mut Vec<Wrong>) -> Option<T> {
    let refusal = match checked {
        Ok(value) => return Some(value),
        Err(refusal) => refusal,
    };
    let field = |named: &str| ["full_name", "email"].into_iter().find(|known| *known == named).unwrap_or("username");
    wrong.extend(refusal.fields.iter().map(|one| Wrong { row, field: field(&one.field), message: one.message }));
    None
}

const ADDRESS_KNOWN: Text = Text::new(
    "Alamat ini sudah dipakai pegawai atau undangan lembaga Anda.",
    "Somebody of your organisation, or an open invitation, has this address.",
);
const ADDRESS_TWICE: Text =
    Text::new("Alamat ini sudah ada di baris sebelumnya.", "This address stands in an earlier row.");
const NAME_TAKEN: Text = Text::new("Nama pengguna ini sudah dipakai.", "This user name is taken.");
const NAME_TWICE: Text =
    Text::new("Nama pengguna ini sudah ada di baris sebelumnya.", "This user name stands in an earlier row.");
const NO_NAME: Text = Text::new(
    "Tidak ada nama pengguna yang bisa disarankan; tulis sendiri.",
    "No user name can be suggested; write one.",
);

fn another_list() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Yang akan dikirim tidak sama lagi dengan yang ditampilkan. Periksa daftarnya sekali lagi, lalu kirim.",
        "What would be sent is not what was shown any more. Look at the list once more, then send it.",
    )
}
