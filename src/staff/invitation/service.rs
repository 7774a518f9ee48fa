//! Asking about people of the staff, granting and refusing it; and what a head decides about their own people alone.

use uuid::Uuid;

use super::link::tell_before;
use super::mail::{INVITATION, TABLE};
use super::model::{
    Asker, Contact, ENDED_DAYS, Kind, LINK_HOURS, Newcomer, Reach, Secret, State, UNDECIDED_DAYS, end_of,
    is_within_reach, needs_second, taken,
};
use crate::audit::{self, Action, Event, Outcome};
use crate::clock::{DAY, HOUR, Timestamp};
use crate::context::{Context, Sources};
use crate::db::Tx;
use crate::error::{Code, Language, Refusal, Result};
use crate::login::totp;
use crate::mail::outbox;
use crate::office;
use crate::page::{self, Page};
use crate::register::{Date, Region};
use crate::secret::Redacted;
use crate::staff::accounts::Listed;
use crate::staff::model::{AccountState, Affiliation, Role, check_region, check_username};
use crate::staff::ports;
use crate::staff::store::account::{self, Account};
use crate::staff::store::invitation::{self as store, Invitation};
use crate::{audited, input, transaction};

/// Days for which somebody is taken on at most where an end is given.
const MOST_DAYS: i64 = 3_650;
/// Seconds between two moments of UUIDs: from the newest on.
const NEWEST: Uuid = Uuid::max();

/// What is asked about people of the staff. Cloning shares everything.
#[derive(Clone)]
pub struct Invitations {
    pub(super) context: Context,
    pub(super) audit: audit::Service,
}

/// A request that waits for a second person, with the names of who is concerned.
#[derive(Debug)]
pub struct Waiting {
    /// The request.
    pub request: Invitation,
    /// Name of the office; none for the national administration.
    pub office: Option<String>,
    /// Log-in name of who asked.
    pub asked_by: String,
    /// Whether that is who looks.
    pub is_own: bool,
}

impl Invitations {
    /// Over the shared tables.
    pub fn new(context: Context) -> Self {
        Self { audit: audit::Service::new(context.clone()), context }
    }

    /// Asks that somebody join. Gives what became of it: another person has to grant it.
    ///
    /// # Errors
    /// `invalid_field` for whatever cannot be used, a name that is taken, and a role that is not theirs to give; `not_found` for an office
    /// that does not exist or is not theirs.
    pub async fn ask_join(&self, asker: Asker, event: Event, new: &Newcomer<'_>) -> Result<State> {
        let now = self.context.now();
        let username = check_username(new.username)?;
        let full_name =
            input::label(new.full_name, 100).map_err(|text| Refusal::field("full_name", text.id, text.en))?;
        let email = input::email::clean(new.email).map_err(|text| Refusal::field("email", text.id, text.en))?;
        let ends_at = last_moment(new.role, new.last_day, now)?;
        let place = self.place(asker, new.office).await?;
        if !is_within_reach(asker.reach, place, new.role) {
            return Err(foreign_role().into());
        }
        let region = check_region(new.role, new.region)?;
        let contact = Contact { email: Redacted(email), language: new.language };
        let (kind, role) = (Kind::Join, new.role);
        let about = About { kind, place, staff_id: None, username, full_name, role, region, ends_at };
        self.ask(asker, event, about, Some(contact), false).await
    }

    /// Asks that somebody get new secrets, or leave.
    ///
    /// # Errors
    /// `not_found` for somebody out of reach, and for oneself; `invalid_field` where an address is needed and cannot be used; `wrong_state`
    /// for who left already.
    pub async fn ask_about(
        &self,
        asker: Asker,
        event: Event,
        (kind, person): (Kind, Uuid),
        address: Option<(&str, Language)>,
    ) -> Result<State> {
        let found = self.within(asker, person).await?;
        let gone = found.state == AccountState::Disabled;
        if kind == Kind::Leave && gone {
            return Err(Code::WrongState.into());
        }
        let contact = match (kind, address) {
            (Kind::Leave, _) => None,
            (_, Some((email, language))) => {
                let email = input::email::clean(email).map_err(|text| Refusal::field("email", text.id, text.en))?;
                Some(Contact { email: Redacted(email), language })
            }
            (_, None) => return Err(Refusal::field("email", "Isi alamat surel.", "Type the address.").into()),
        };
        let now = self.context.now();
        let about = About {
            kind,
            place: found.person.affiliation,
            staff_id: Some(person),
            username: found.person.username,
            full_name: found.person.full_name,
            role: found.person.role,
            region: found.person.region,
            ends_at: found.ends_at.filter(|end| now < *end),
        };
        self.ask(asker, event, about, contact, gone).await
    }

    /// Grants what another person asked for.
    ///
    /// # Errors
    /// `not_found` for what is out of reach or decided, and where who asked may not act any more; `forbidden` for one's own.
    pub async fn grant(&self, asker: Asker, event: Event, id: Uuid) -> Result<()> {
        let now = self.context.now();
        let request = self.open(asker, id).await?;
        if request.asked_by == asker.staff_id {
            return Err(crate::clerk::own_request().into());
        }
        if !is_within_reach(asker.reach, request.place, request.role) {
            return Err(Code::NotFound.into());
        }
        audited!(self.audit, event, "staff.grant_request", |tx| {
            let acting = [(asker.staff_id, Code::SessionEnded), (request.asked_by, Code::NotFound)];
            hold(tx, &acting, request.staff_id, now).await?;
            let state = if request.kind == Kind::Leave { State::Done } else { State::Sent };
            let until = (state == State::Sent).then(|| now.plus_seconds(LINK_HOURS * HOUR));
            store::grant(tx, id, state, (asker.staff_id, now), until).await?.or(Code::NotFound)?;
            self.carry_out(tx, &request, now).await
        })
    }

    /// Refuses what another person asked for, or takes the own request back, also when its link was sent and not yet used.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn refuse(&self, asker: Asker, event: Event, id: Uuid) -> Result<()> {
        let now = self.context.now();
        self.open(asker, id).await?;
        audited!(self.audit, event, "staff.refuse_request", |tx| {
            store::refuse(tx, id, asker.staff_id, now).await?.or(Code::NotFound)
        })
    }

    /// What waits for a second person, the newest first.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that is none.
    pub async fn waiting(&self, asker: Asker, cursor: Option<&str>, limit: i64) -> Result<Page<Waiting>> {
        let before = page::after(cursor, NEWEST)?;
        let mut tx = self.context.db.read().await?;
        let rows = store::asked(&mut tx, asker.reach.office_id(), before, limit + 1).await?;
        let mut found = Vec::with_capacity(rows.len());
        for request in rows {
            let office = match request.place {
                Affiliation::Office(id) => office::ports::by_id(&mut tx, id).await?.map(|office| office.name),
                Affiliation::RelyingParty(_) | Affiliation::National => None,
            };
            let asked_by = account::by_id(&mut tx, request.asked_by).await?;
            let asked_by = asked_by.map(|account| account.person.username).unwrap_or_default();
            let is_own = request.asked_by == asker.staff_id;
            found.push(Waiting { request, office, asked_by, is_own });
        }
        Ok(Page::new(found, limit, |waiting| waiting.request.invitation_id))
    }

    /// The people of an office, or of the national administration, the newest first.
    ///
    /// # Errors
    /// `not_found` for an office that does not exist or is not theirs; `malformed_request` for a cursor that is none.
    pub async fn people(
        &self,
        asker: Asker,
        office: Option<&str>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<Listed>> {
        let place = self.place(asker, office).await?;
        let before = page::after(cursor, NEWEST)?;
        let mut tx = self.context.db.read().await?;
        let rows = account::at(&mut tx, (place.realm(), place.office_id()), before, limit + 1).await?;
        let now = self.context.now();
        Ok(Page::new(rows, limit, |account| account.person.staff_id).map(|account| Listed::of(account, now)))
    }

    /// Ends somebody's time at once: no log-in any more, running sessions end, links that are open count no more. One person is enough to
    /// stop somebody; nobody comes back without two.
    ///
    /// # Errors
    /// `not_found` for oneself, somebody out of reach, and who left before.
    pub async fn stop(&self, asker: Asker, event: Event, person: Uuid) -> Result<()> {
        self.within(asker, person).await?;
        let now = self.context.now();
        audited!(self.audit, event, "staff.stop", |tx| leave(&self.context, tx, person, now).await)
    }

    /// Confirms that somebody still works at the office: their time goes on for half a year from now.
    ///
    /// # Errors
    /// `not_found` for oneself, somebody out of reach, who left, and who is taken on for a time that was said.
    pub async fn confirm(&self, asker: Asker, event: Event, person: Uuid) -> Result<Date> {
        let found = self.within(asker, person).await?;
        if found.person.role.longest_days().is_some() {
            return Err(Code::NotFound.into());
        }
        let until = end_of(None, self.context.now());
        audited!(self.audit, event, "staff.confirm", |tx| {
            account::confirm(tx, person, until).await?.or(Code::NotFound)
        })?;
        Ok(Date::in_jakarta(until.plus_seconds(-1)))
    }

    /// Forgets invitations whose links are too old, requests that nobody decided, what is long over, and where people were told of what
    /// happened to their accounts; gives how many.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let (undecided, ended) = (now.plus_seconds(-UNDECIDED_DAYS * DAY), now.plus_seconds(-ENDED_DAYS * DAY));
        let told = now.plus_seconds(-outbox::KEEP_SECONDS);
        transaction!(self.context.db, "staff.sweep_links", |tx| {
            Ok(store::sweep(tx, now, undecided, ended).await? + account::forget_notices(tx, told).await?)
        })
    }

    /// Notes that something was read.
    ///
    /// # Errors
    /// When the log did not take it.
    pub async fn note(&self, event: Event) -> Result<()> {
        transaction!(self.context.db, "staff.note", |tx| self.audit.record(tx, event, Outcome::Done).await)
    }

    async fn ask(
        &self,
        asker: Asker,
        event: Event,
        about: About,
        contact: Option<Contact>,
        comes_back: bool,
    ) -> Result<State> {
        let Sources { random, vault, .. } = &*self.context;
        let now = self.context.now();
        let invitation_id = random.uuid_v7(now);
        let waits = needs_second(about.kind, (asker.reach, about.place), about.role);
        let state = if waits { State::Asked } else { State::Done };
        let sealed = match contact {
            Some(contact) => {
                let secret = Secret { contact, totp: Redacted(totp::generate(random)) };
                Some(vault.seal_row(random, TABLE, invitation_id, &secret)?)
            }
            None => None,
        };
        let request = Invitation {
            invitation_id,
            kind: about.kind,
            place: about.place,
            staff_id: about.staff_id,
            username: about.username,
            full_name: about.full_name,
            role: about.role,
            region: about.region.map(Region::code),
            ends_at: about.ends_at,
            comes_back: i64::from(comes_back),
            state,
            asked_by: asker.staff_id,
            asked_at: now,
            expires_at: None,
            sealed,
        };
        let event = Event { subject_id: request.staff_id.unwrap_or(invitation_id), ..event };
        audited!(self.audit, event, "staff.ask", |tx| {
            hold(tx, &[(asker.staff_id, Code::SessionEnded)], request.staff_id, now).await?;
            if request.kind == Kind::Join
                && account::by_name(tx, request.place.realm(), &request.username).await?.is_some()
            {
                return taken();
            }
            store::add(tx, &request).await?;
            if !waits {
                self.carry_out(tx, &request, now).await?;
            }
            Ok(())
        })?;
        Ok(state)
    }

    /// What follows once nobody else has to say yes.
    async fn carry_out(&self, tx: &mut Tx, request: &Invitation, now: Timestamp) -> Result<()> {
        match (request.kind, request.staff_id) {
            (Kind::Leave, Some(person)) => leave(&self.context, tx, person, now).await,
            _ => {
                tell_before(&self.context, tx, request, now).await?;
                outbox::enqueue(tx, &self.context.random, now, INVITATION, request.invitation_id).await?;
                Ok(())
            }
        }
    }

    /// Where a code says, within reach.
    async fn place(&self, asker: Asker, office: Option<&str>) -> Result<Affiliation> {
        match (asker.reach, office) {
            (Reach::Office(own), None) => Ok(Affiliation::Office(own)),
            (Reach::Nation, None) => Ok(Affiliation::National),
            (reach, Some(code)) => {
                let mut tx = self.context.db.read().await?;
                let found = office::ports::by_code(&mut tx, code).await?;
                let found = found.filter(|office| office.ended_at.is_none()).ok_or_else(unknown_office)?;
                let place = Affiliation::Office(found.office_id);
                if reach.covers(place) { Ok(place) } else { Err(unknown_office().into()) }
            }
        }
    }

    /// Somebody within reach, who is not who asks.
    async fn within(&self, asker: Asker, person: Uuid) -> Result<Account> {
        let mut tx = self.context.db.read().await?;
        let found = account::by_id(&mut tx, person).await?.ok_or(Code::NotFound)?;
        let Account { person: who, .. } = &found;
        let reach = is_within_reach(asker.reach, who.affiliation, who.role);
        if who.staff_id == asker.staff_id || !reach { Err(Code::NotFound.into()) } else { Ok(found) }
    }

    /// A request within reach that is not over.
    async fn open(&self, asker: Asker, id: Uuid) -> Result<Invitation> {
        let mut tx = self.context.db.read().await?;
        let found = store::lookup(&mut tx, id).await?.ok_or(Code::NotFound)?;
        let open = matches!(found.state, State::Asked | State::Sent);
        if open && asker.reach.covers(found.place) { Ok(found) } else { Err(Code::NotFound.into()) }
    }
}

/// About whom something is asked, and what.
struct About {
    kind: Kind,
    place: Affiliation,
    staff_id: Option<Uuid>,
    username: String,
    full_name: String,
    role: Role,
    region: Option<Region>,
    ends_at: Option<Timestamp>,
}

/// Holds the accounts of who acts, each with what is answered where they may not any more, and of whom it is about. Whoever stops one of them
/// comes before, and is seen, or after, and ends what is written here. Accounts come before invitations, and in the order of their ids, so
/// that nobody waits for who waits for them.
async fn hold(tx: &mut Tx, acting: &[(Uuid, Code)], about: Option<Uuid>, now: Timestamp) -> Result<()> {
    let acting = acting.iter().map(|(id, code)| (*id, Some(*code)));
    let mut all: Vec<_> = acting.chain(about.map(|id| (id, None))).collect();
    all.sort_by_key(|(id, _)| *id);
    for (id, refused) in all {
        match refused {
            Some(code) => account::hold_acting(tx, id, now).await?.or(code)?,
            None => account::hold(tx, id).await?.or(Code::NotFound)?,
        }
    }
    Ok(())
}

async fn leave(context: &Context, tx: &mut Tx, person: Uuid, now: Timestamp) -> Result<()> {
    account::set_state(tx, person, AccountState::Disabled).await?.or(Code::NotFound)?;
    ports::was_switched(context, tx, person, AccountState::Disabled, now).await
}

/// When the time of somebody ends whose last day is this.
fn last_moment(role: Role, last_day: Option<Date>, now: Timestamp) -> Result<Option<Timestamp>> {
    let most = role.longest_days().unwrap_or(MOST_DAYS);
    match last_day {
        None if role.longest_days().is_some() => Err(no_day().into()),
        None => Ok(None),
        Some(day) => {
            let end = day.plus_days(1).map(Date::midnight);
            let good = end.filter(|end| now < *end && *end <= now.plus_seconds((most + 1) * DAY));
            good.map(Some).ok_or_else(|| no_day().into())
        }
    }
}

fn no_day() -> Refusal {
    Refusal::field(
        "last_day",
        "Isi hari terakhir yang belum lewat; untuk pendamping paling lama 183 hari lagi.",
        "Give a last day that is not over; for an assistant 183 days from now at most.",
    )
}

fn unknown_office() -> Refusal {
    Refusal::field("office", "Tidak ada kantor dengan kode ini.", "There is no office with this code.")
}

fn foreign_role() -> Refusal {
    Refusal::field(
        "role",
        "Peran ini tidak dapat Anda berikan di sini; kepala kantor diangkat oleh administrasi pusat.",
        "This role is not yours to give here; the head of an office is the national administration's to choose.",
    )
}

/// What the audit log calls that a link was used.
pub(super) const JOINED: Action = Action::InvitationAccepted;
