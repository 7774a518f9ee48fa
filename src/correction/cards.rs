//! What holders do about their own data, and what time does.

use uuid::Uuid;

use super::model::{Field, KEEP_SECONDS, Kind, Matter, Opener, REMIND_SECONDS, State};
use super::ports::{self, New, no_difference};
use super::view::{self, View};
use super::{news, store};
use crate::base64url;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::device::Thumbprint;
use crate::error::{Code, Error, FieldError, Refusal, Result};
use crate::holder::ports as holder;
use crate::holder::{Reason, Standing};
use crate::input::name;
use crate::life::EventKind;
use crate::life::ports::By;
use crate::refresh::Change;
use crate::register::Date;
use crate::secret::Redacted;
use crate::transaction;
use crate::wallet;
use crate::wallet::service::Session;

/// Cases taken further in one round.
const BATCH: i64 = 200;

/// Cases of holders. Cloning shares everything.
#[derive(Clone)]
pub struct Cards {
    context: Context,
    pub(super) wallet: wallet::Service,
}

/// What a holder says is wrong.
#[derive(Debug)]
pub struct Said {
    /// The kind.
    pub kind: Kind,
    /// The elements.
    pub fields: Vec<Field>,
    /// The right name, as typed, where it is about the name.
    pub full_name: Option<Redacted<String>>,
    /// The right birth date, as typed, where it is about that.
    pub birth_date: Option<Redacted<String>>,
}

impl Cards {
    /// `wallet` knows whose session a request is of.
    pub const fn new(context: Context, wallet: wallet::Service) -> Self {
        Self { context, wallet }
    }

    /// The holder says that data on the card are wrong. While a case of this kind lives, it is the same one.
    ///
    /// # Errors
    /// `invalid_field`, `too_many`, `wrong_state` when the register says already what they say.
    pub async fn open(&self, session: &Session, said: &Said) -> Result<View> {
        let (now, resident) = (self.context.now(), session.resident_id);
        let right = said.right(Date::in_jakarta(now))?;
        transaction!(self.context.db, "correction.open", |tx| {
            let (kind, opener) = (said.kind, Opener::Holder);
            let fields = said.fields.clone();
            self.open_in(tx, resident, (kind, opener), (fields, right.clone()), now).await
        })
    }

    /// The holder says, with the PIN, that what the register changed is not theirs. Tries count as for unlocking.
    ///
    /// # Errors
    /// As [`wallet::Service::look_at_changes`]; `too_many`.
    pub async fn object(&self, device: &Thumbprint, challenge: &str, signature: &str) -> Result<View> {
        let (changes, _) = self.wallet.look_at_changes(device, challenge, signature).await?;
        let changed: Vec<_> = changes.changes.into_iter().filter(Change::identifies).collect();
        let before =
            |field: &str| changed.iter().find(|change| change.field == field).and_then(|one| one.before.clone());
        let full_name = before("full_name");
        let birth_date = before("birth_date").and_then(|date| Date::parse(date.expose()).ok());
        let fields: Vec<Field> = changed.iter().filter_map(|change| change.field.parse().ok()).collect();
        // A portrait comes with an import of its own: it is waited for only where nothing else tells.
        let others: Vec<_> = fields.iter().copied().filter(|field| *field != Field::Portrait).collect();
        let fields = if others.is_empty() { fields } else { others };
        let now = self.context.now();
        transaction!(self.context.db, "correction.object", |tx| {
            let resident = holder::on_device(tx, device).await?.ok_or(Code::NotFound)?.credential.resident_id;
            let right = (full_name.clone(), birth_date);
            self.open_in(tx, resident, (Kind::DuplicateNik, Opener::Objection), (fields.clone(), right), now).await
        })
    }

    /// The phone of a digital KTP that the register stopped for a death: its holder lives. No PIN is asked for: the case leads
    /// nowhere but to a counter, where two people look at whoever comes.
    ///
    /// # Errors
    /// `not_found` for a device without one, `wrong_state` when it was not stopped for that, `too_many`.
    pub async fn lives(&self, device: &Thumbprint) -> Result<View> {
        let now = self.context.now();
        transaction!(self.context.db, "correction.lives", |tx| {
            let held = holder::on_device(tx, device).await?.ok_or(Code::NotFound)?.credential;
            let status = holder::status(tx, held.resident_id).await?;
            if !status.is_some_and(|status| status.reason == Reason::RegisterDeceased) {
                return Err(not_stopped().into());
            }
            let opened = (Kind::WrongDeath, Opener::Stopped);
            self.open_in(tx, held.resident_id, opened, (Vec::new(), (None, None)), now).await
        })
    }

    async fn open_in(
        &self,
        tx: &mut Tx,
        resident: Uuid,
        (kind, opener): (Kind, Opener),
        (fields, (full_name, birth_date)): (Vec<Field>, Right),
        now: Timestamp,
    ) -> Result<View> {
        let context = &self.context;
        ports::require_fitting(kind, opener, &fields)?;
        // Held, so that what the register says now is what is compared with later.
        let held = holder::hold(tx, resident).await?.filter(|held| held.standing != Standing::Deactivated);
        held.ok_or(Code::NotFound)?;
        if let Some(living) = store::of_kind(tx, resident, kind).await? {
            if living.state_at(now).is_live() {
                return view::of(context, tx, living).await;
            }
            lapse_held(context, tx, living.correction_id, now).await?;
        }
        let record = holder::record(context, tx, resident).await?;
        let portrait =
            if fields.contains(&Field::Portrait) { holder::portrait(context, tx, resident).await? } else { None };
        let portrait = portrait.map(|jpeg| Redacted(base64url::encode(&jpeg)));
        let nik = record.nik.clone();
        let matter = Matter { nik, fields, full_name, birth_date, was: Some(record.clone()), portrait };
        if matter.agrees(kind, Some(&record), false) {
            return Err(no_difference().into());
        }
        let new = New {
            registration_id: None,
            resident_id: Some(resident),
            kind,
            opener,
            agrees: Some(false),
            matter,
            office: None,
        };
        let opened = ports::open(context, tx, new, By::holder(resident), now).await?;
        view::of(context, tx, opened).await
    }

    /// The cases of a holder, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, session: &Session) -> Result<Vec<View>> {
        let mut tx = self.context.db.read().await?;
        ports::of_resident(&self.context, &mut tx, session.resident_id).await
    }

    /// The cases that were opened on this phone while its digital KTP was stopped, newest first.
    ///
    /// # Errors
    /// `not_found` for a device without a digital KTP.
    pub async fn of_phone(&self, device: &Thumbprint) -> Result<Vec<View>> {
        let mut tx = self.context.db.read().await?;
        let resident = holder::on_device(&mut tx, device).await?.ok_or(Code::NotFound)?.credential.resident_id;
        let mut views = ports::of_resident(&self.context, &mut tx, resident).await?;
        views.retain(|view| matches!(view.case.opener, Opener::Objection | Opener::Stopped));
        Ok(views)
    }

    /// The holder takes back a case that they opened. Repeating it changes nothing.
    ///
    /// # Errors
    /// `not_found` for any other's, `wrong_state` when an office opened it, or it has ended otherwise.
    pub async fn withdraw(&self, session: &Session, id: Uuid) -> Result<View> {
        let resident = session.resident_id;
        self.withdraw_in(resident, id, |_| true).await
    }

    /// The phone takes back what it said of a digital KTP that the register stopped: "I am alive", which needs no PIN either.
    ///
    /// # Errors
    /// `not_found` for a device without a digital KTP and for any other case; as [`Cards::withdraw`].
    pub async fn withdraw_of_phone(&self, device: &Thumbprint, id: Uuid) -> Result<View> {
        let resident = {
            let mut tx = self.context.db.read().await?;
            holder::on_device(&mut tx, device).await?.ok_or(Code::NotFound)?.credential.resident_id
        };
        self.withdraw_in(resident, id, |opener| opener == Opener::Stopped).await
    }

    async fn withdraw_in(&self, resident: Uuid, id: Uuid, may: impl Fn(Opener) -> bool) -> Result<View> {
        let now = self.context.now();
        transaction!(self.context.db, "correction.withdraw", |tx| {
            // Held first, as wherever a holder's case changes: an erasure at this moment comes before or after.
            holder::hold(tx, resident).await?;
            let found = store::lookup(tx, id).await?.filter(|case| case.resident_id == Some(resident));
            found.filter(|case| may(case.opener)).ok_or(Code::NotFound)?;
            ports::withdraw(&self.context, tx, id, By::holder(resident), now).await?;
            let case = store::lookup(tx, id).await?.ok_or(Code::NotFound)?;
            view::of(&self.context, tx, case).await
        })
    }

    /// Reminds those for whom a case waits that lapses soon; gives how many. Each is told once, whatever node asks.
    async fn remind(&self, now: Timestamp) -> Result<u64> {
        let until = now.plus_seconds(REMIND_SECONDS);
        let due = store::unreminded(&mut self.context.db.read().await?, now, until, BATCH).await?;
        let mut told = 0;
        for id in due {
            let reminded = transaction!(self.context.db, "correction.remind", |tx| {
                if !store::remind(tx, id, now, until).await?.happened() {
                    return Ok(false);
                }
                let case = store::lookup(tx, id).await?.ok_or(Code::NotFound)?;
                news::remind(&self.context, tx, &case, now).await?;
                Ok(true)
            });
            // One that cannot be told keeps no other waiting.
            match reminded {
                Ok(reminded) => told += u64::from(reminded),
                Err(error) => tracing::warn!(error.cause = %error, "a reminder of a correction case was not written"),
            }
        }
        Ok(told)
    }

    /// Ends cases whose time is over, reminds of those whose time is nearly over, and forgets old ones; gives how many. One that cannot be read keeps no other waiting.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let over = store::over(&mut self.context.db.read().await?, now, BATCH).await?;
        let mut done = 0;
        for id in over {
            let lapsed = transaction!(self.context.db, "correction.lapse", |tx| {
                lapse_held(&self.context, tx, id, now).await
            });
            done += u64::from(lapsed?);
        }
        let before = now.plus_seconds(-KEEP_SECONDS);
        let forgotten =
            transaction!(self.context.db, "correction.forget", |tx| Ok(store::sweep(tx, before, BATCH).await?))?;
        Ok(done + forgotten + self.remind(now).await?)
    }
}

/// The right name and birth date.
type Right = (Option<Redacted<String>>, Option<Date>);

impl Said {
    /// What is right, checked as a registration's fields are.
    fn right(&self, today: Date) -> Result<Right> {
        let mut wrong = Vec::new();
        let mut full_name = None;
        if self.fields.contains(&Field::FullName) {
            match name::clean(self.full_name.as_ref().map_or("", |name| name.expose())) {
                Ok(name) => full_name = Some(Redacted(name)),
                Err(error) => wrong.push(FieldError { field: "full_name".into(), message: error.text() }),
            }
        }
        let mut birth_date = None;
        if self.fields.contains(&Field::BirthDate) {
            let typed = self.birth_date.as_ref().map_or("", |date| date.expose());
            match Date::parse_birth(typed, today) {
                Ok(date) => birth_date = Some(date),
                Err(message) => wrong.push(FieldError { field: "birth_date".into(), message }),
            }
        }
        if wrong.is_empty() { Ok((full_name, birth_date)) } else { Err(Error::from(Refusal::fields(wrong))) }
    }
}

/// Ends a case whose time is over, and tells its resident; gives whether it did.
async fn lapse_held(context: &Context, tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<bool> {
    match store::hold(tx, id).await? {
        Some(held) if held.state.is_live() && held.state_at(now) == State::Lapsed => {
            let lapsed = held.end(State::Lapsed, now)?;
            store::save(tx, &lapsed).await?.demand()?;
            news::tell(context, tx, &lapsed, EventKind::CorrectionLapsed, By::system(), now).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn not_stopped() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "KTP Digital ini tidak dihentikan karena kematian; lihat statusnya untuk langkah berikutnya.",
        "This digital KTP was not stopped for a death; look at its status for the next step.",
    )
}
