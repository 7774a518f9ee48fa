//! Blocking at once, by whoever knows the NIK and the block code, or has the link of a notice: without logging in, from any browser.

use std::net::IpAddr;

use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::code::BlockCodes;
use super::model::{BlockCode, LINK_SECONDS, reference};
use super::ports::{self, By};
use super::{calls, mail, store};
use crate::audit::{self, Action, Actor, Event, GENERAL, Outcome};
use crate::captcha;
use crate::clock::{HOUR, Timestamp};
use crate::context::Context;
use crate::error::{Code, FieldError, Refusal, Result, Text};
use crate::fair::network::tiers;
use crate::holder::ports::{self as holder, Stopped};
use crate::holder::{Reason, Status};
use crate::register::Nik;
use crate::transaction;
use crate::vault::Label;
use crate::window::{Counted, Window, of_network};

/// Tries in an hour for a NIK, and from an address, that cost nothing; each more needs a solved captcha.
const FREE_TRIES: i64 = 5;
/// Tries of an hour, by NIK and by network.
const TRIES: Window = Window { kind: "block_try", seconds: HOUR, most: i64::MAX };
/// Blocks that have ended by themselves, and notices, worked off in one transaction.
const BATCH: i64 = 200;

/// Whether a try is one of so many in its window.
fn within(counted: Counted, free: i64) -> bool {
    matches!(counted, Counted::Use(tries) if tries <= free)
}

/// What stops a digital KTP together with its NIK.
#[derive(Debug)]
pub enum Key {
    /// The block code.
    Code(BlockCode),
    /// The link of a notice.
    Link(String),
}

/// That a digital KTP is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// By which people speak of it.
    pub reference: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when, where it ends by itself.
    pub until: Option<Timestamp>,
}

impl From<Status> for Blocked {
    fn from(status: Status) -> Self {
        Self { reference: reference(status.event_id), since: status.since, until: status.until }
    }
}

/// Blocks from any browser. Cloning shares everything.
#[derive(Clone)]
pub struct Blocks {
    context: Context,
    codes: BlockCodes,
    audit: audit::Service,
}

impl Blocks {
    /// In this context.
    pub fn new(context: Context, codes: BlockCodes) -> Self {
        Self { audit: audit::Service::new(context.clone()), codes, context }
    }

    /// Blocks the digital KTP of a NIK. What does not fit together is answered alike, whatever is wrong; repeated it says again
    /// what it did.
    ///
    /// # Errors
    /// `block_refused`, `captcha_required`, `captcha_invalid`, `overloaded`.
    pub async fn block(&self, from: IpAddr, nik: &Nik, key: &Key, captcha: Option<&str>) -> Result<Blocked> {
        let now = self.context.now();
        let found = match key {
            Key::Code(code) => {
                // The turn first: whom a flood keeps waiting loses no try and no captcha. No hash is computed before the try is counted.
                let place = self.codes.turn(from).await?;
                self.admit(from, nik, captcha, now).await?;
                self.codes.whose(&place, nik, code).await?.map(|resident| (resident, None))
            }
            Key::Link(link) => {
                self.admit(from, nik, captcha, now).await?;
                self.of_link(nik, link, now).await?
            }
        };
        let (resident, notice) = found.ok_or(Code::BlockRefused)?;
        transaction!(self.context.db, "life.block", |tx| {
            let by = By::holder(resident);
            let stopped = ports::stop(&self.context, tx, resident, Reason::SelfBlock, (now, None), by).await?;
            match stopped {
                Stopped::Now(status) => {
                    if let Some(id) = notice {
                        // Somebody who presses twice at the same time waits for the credential's row, and finds it blocked.
                        store::use_link(tx, id, now).await?.or(Code::BlockRefused)?;
                    }
                    let actor = Actor::Resident(resident);
                    let event = Event { chain: GENERAL, actor, action: Action::Block, subject_id: resident };
                    self.audit.record(tx, event, Outcome::Done).await?;
                    Ok(Blocked::from(status))
                }
                Stopped::Before(status) => Ok(Blocked::from(status)),
                Stopped::Nothing => Err(Code::BlockRefused.into()),
            }
        })
    }

    /// Counts the try, and demands work for one too many. Nothing is looked for before.
    async fn admit(&self, from: IpAddr, nik: &Nik, captcha: Option<&str>, now: Timestamp) -> Result<()> {
        let index = self.context.vault.blind_index(Label::NikIndex, nik.as_str());
        transaction!(self.context.db, "life.count_block", |tx| {
            let mut is_free = true;
            // In one order, from narrow to wide and the NIK at the end, so that two tries do not wait for each other.
            for tier in tiers(from) {
                let network = of_network(&self.context.vault, tier.network);
                let counted = TRIES.count(tx, &[b"network", &network], now).await?;
                is_free &= within(counted, FREE_TRIES * i64::from(tier.shares));
            }
            is_free &= within(TRIES.count(tx, &[b"nik", &index], now).await?, FREE_TRIES);
            if is_free {
                return Ok(Ok(()));
            }
            captcha::service::pay(tx, &self.context.vault, captcha, now).await
        })?
    }

    /// Whose digital KTP the link of a notice blocks, and which notice that is, where the NIK is theirs.
    async fn of_link(&self, nik: &Nik, link: &str, now: Timestamp) -> Result<Option<(Uuid, Option<Uuid>)>> {
        let Some(id) = mail::notice_of(&self.context.vault, link) else { return Ok(None) };
        let mut tx = self.context.db.read().await?;
        let Some(notice) = store::notice(&mut tx, id).await? else { return Ok(None) };
        let whose = holder::kept_record(&self.context, &mut tx, notice.resident_id).await?;
        let fits = whose.is_some_and(|whose| whose.nik.as_str().as_bytes().ct_eq(nik.as_str().as_bytes()).into());
        let lives = now < notice.at.plus_seconds(LINK_SECONDS);
        // A link that was used tells once more what it did, while that lasts.
        let counts = match notice.used_at {
            None => true,
            Some(_) => holder::status(&mut tx, notice.resident_id).await?.is_some(),
        };
        Ok((fits && lives && counts).then_some((notice.resident_id, Some(id))))
    }

    /// Lifts blocks that end by themselves; gives how many.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn lift_what_is_over(&self) -> Result<u64> {
        let now = self.context.now();
        let over = {
            let mut tx = self.context.db.read().await?;
            holder::over(&mut tx, now, BATCH).await?
        };
        let mut lifted = 0;
        for resident in over {
            let by = By::system();
            let is_over = |status: &Status| status.until.is_some_and(|until| until <= now);
            let done = transaction!(self.context.db, "life.lift", |tx| {
                ports::restart(&self.context, tx, resident, is_over, now, by).await
            });
            match done {
                Ok(_) => lifted += 1,
                // Confirmed, or lifted by somebody else, at this moment.
                Err(error) if error.code() == Some(Code::WrongState) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(lifted)
    }

    /// Forgets notices whose links no longer count, and who blocked at callers' words long ago; gives how many.
    ///
    /// # Errors
    /// When the database did not do it.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.context.now();
        let before = now.plus_seconds(-LINK_SECONDS);
        transaction!(self.context.db, "life.sweep", |tx| {
            Ok(store::sweep_notices(tx, before, BATCH).await? + calls::sweep(tx, now).await?)
        })
    }
}

/// Reads what somebody typed or followed: a NIK, and exactly one of code and link.
///
/// # Errors
/// `invalid_field`.
pub fn read(nik: &str, code: Option<&str>, link: Option<String>) -> Result<(Nik, Key), Refusal> {
    let mut wrong = Vec::new();
    let nik =
        Nik::parse(nik).map_err(|error| wrong.push(FieldError { field: "nik".into(), message: error.text() })).ok();
    let key = match (code, link) {
        (Some(code), None) => BlockCode::parse(code).map(Key::Code),
        (None, Some(link)) => Some(Key::Link(link)),
        _ => None,
    };
    if key.is_none() {
        let message = Text::new(
            "Tulis kode blokir: 8 huruf dan angka, seperti 7KQ2-M9XD; atau buka tautan pada surel.",
            "Write the block code: 8 letters and digits, such as 7KQ2-M9XD; or open the link of the mail.",
        );
        wrong.push(FieldError { field: "block_code".into(), message });
    }
    match (nik, key) {
        (Some(nik), Some(key)) => Ok((nik, key)),
        _ => Err(Refusal::fields(wrong)),
    }
}
