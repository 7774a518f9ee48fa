//! An officer blocks a digital KTP: at the word of somebody who calls, for three days unless it is confirmed and once in seven days, or
//! for good when they stand at the counter.

use uuid::Uuid;

use super::act::BlockAtCall;
use super::desk::{Desk, alike};
use super::model::check_reason;
use crate::audit::Outcome;
use crate::clock::{DAY, Timestamp};
use crate::error::{Code, FieldError, Refusal, Result, Text};
use crate::holder::ports as holder;
use crate::input::name;
use crate::life::calls::{self, Word};
use crate::life::model::PROVISIONAL_SECONDS;
use crate::register::{Date, Nik};
use crate::staff::Allowed;
use crate::transaction;
use crate::window::{Counted, Window};

/// Blocks of an officer in a day.
const BLOCKS: Window = Window { kind: "officer_block", seconds: DAY, most: 20 };

/// What a caller says of the own identity.
#[derive(Debug)]
pub struct Caller {
    nik: Nik,
    name: String,
    birth_date: Date,
    present: bool,
}

impl Caller {
    /// Reads what an officer typed; `present` is who stands at the counter, whose face was compared with the KTP-el.
    ///
    /// # Errors
    /// `invalid_field`.
    pub fn read(nik: &str, full_name: &str, birth_date: &str, present: bool) -> Result<Self, Refusal> {
        let mut wrong = Vec::new();
        let mut demand = |field: &'static str, message: Text| wrong.push(FieldError { field: field.into(), message });
        let nik = Nik::parse(nik).map_err(|error| demand("nik", error.text())).ok();
        let name = name::clean(full_name).map_err(|error| demand("full_name", error.text())).ok();
        let birth_date = Date::parse(birth_date).ok();
        if birth_date.is_none() {
            demand("birth_date", Text::new("Tulis tanggal lahir: TTTT-BB-HH.", "Write the birth date: YYYY-MM-DD."));
        }
        match (nik, name, birth_date) {
            (Some(nik), Some(name), Some(birth_date)) => Ok(Self { nik, name, birth_date, present }),
            _ => Err(Refusal::fields(wrong)),
        }
    }
}

/// Letters that a word of a name has at least, to be looked for in a reason.
const NAMING: usize = 4;

impl Caller {
    /// That a reason says nothing of who it is about: supervisors read it, and who it is about is not for them.
    fn require_unnamed(&self, reason: &str) -> Result<(), Refusal> {
        let digits: String = reason.chars().filter(char::is_ascii_digit).collect();
        let (reason, name) = (name::key(reason), name::key(&self.name));
        let said: Vec<_> = reason.split_whitespace().collect();
        let names = name.split_whitespace().any(|word| word.chars().count() >= NAMING && said.contains(&word));
        if !names && !digits.contains(self.nik.as_str()) {
            return Ok(());
        }
        Err(Refusal::field(
            "reason",
            "Tulis alasan tanpa nama dan NIK orangnya: penyelia membacanya.",
            "Write the reason without the person's name or NIK: supervisors read it.",
        ))
    }
}

/// What the officer is told, whoever was meant.
#[derive(Clone, Copy, Debug)]
pub struct AtCall {
    /// Until when a digital KTP that these data are of is blocked now, unless that happened in the seven days before; `None` of somebody
    /// at the counter: then it stays blocked.
    pub until: Option<Timestamp>,
    /// How many more this officer has today.
    pub left_today: i64,
}

/// Blocks at the word of a caller. Cloning shares everything.
#[derive(Clone)]
pub struct CallBlocks {
    pub(super) desk: Desk,
}

impl CallBlocks {
    /// Blocks the digital KTP of whoever the caller is; the answer is the same, and takes as long, when these are nobody's data.
    ///
    /// # Errors
    /// `invalid_field`, `too_many`.
    pub async fn block(&self, officer: &Allowed<BlockAtCall>, caller: &Caller, reason: &str) -> Result<AtCall> {
        alike(self.block_now(officer, caller, reason)).await
    }

    async fn block_now(&self, officer: &Allowed<BlockAtCall>, caller: &Caller, reason: &str) -> Result<AtCall> {
        let Desk { context, audit, .. } = &self.desk;
        let (who, now) = (officer.agent, context.now());
        let refused = officer.event(who.officer_id);
        let reason = self.desk.judged(refused, check_reason(reason)).await?;
        self.desk.judged(refused, caller.require_unnamed(&reason).map_err(Into::into)).await?;
        let counted = transaction!(context.db, "counter.count_block", |tx| {
            Ok(BLOCKS.count(tx, &[who.officer_id.as_bytes()], now).await?)
        })?;
        let used = match counted {
            Counted::Use(used) => used,
            Counted::Full { retry_after } => {
                return self.desk.judged(refused, Err(too_many().retry_after(retry_after).into())).await;
            }
        };
        let resident = self.whose(caller).await?;
        let until = (!caller.present).then(|| now.plus_seconds(PROVISIONAL_SECONDS));
        let desk = who.clerk();
        let word = Word { desk, reason: &reason };
        transaction!(context.db, "counter.block", |tx| {
            match resident {
                Some(resident) if caller.present => calls::in_person(context, tx, resident, word, now).await?,
                Some(resident) => calls::at_word(context, tx, resident, word, now).await?,
                None => {}
            }
            audit.record(tx, officer.event(resident.unwrap_or_else(Uuid::nil)), Outcome::Done).await
        })?;
        Ok(AtCall { until, left_today: BLOCKS.most - used })
    }

    /// The holder whom all three data fit.
    async fn whose(&self, caller: &Caller) -> Result<Option<Uuid>> {
        let context = &self.desk.context;
        let mut tx = context.db.read().await?;
        let Some(resident) = holder::of_nik(context, &mut tx, &caller.nik).await? else { return Ok(None) };
        let Some(record) = holder::kept_record(context, &mut tx, resident).await? else { return Ok(None) };
        let fits = name::key(&record.full_name) == name::key(&caller.name) && record.birth_date == caller.birth_date;
        Ok(fits.then_some(resident))
    }
}

fn too_many() -> Refusal {
    Refusal::new(Code::TooMany).detail(
        "Batas 20 blokir sehari sudah tercapai; minta rekan atau penyelia membantu.",
        "You have blocked 20 today; ask a colleague or supervisor to help.",
    )
}
