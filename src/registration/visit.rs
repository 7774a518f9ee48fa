//! The resident at a counter: an officer scans the resident's QR, or the resident scans the officer's and reads a number out.

use std::net::IpAddr;

use uuid::Uuid;

use super::check::RegisterChecks;
use super::decision::{hold_in_office, in_office};
use super::initials::initials;
use super::model::{Answer, MATCH_MINUTES, MATCH_TRIES, RegisterCheck, Registration, SCAN_MINUTES, State, Step};
use super::ports::own;
use super::sealed;
use super::store::step::{self, Taken};
use super::store::{check, queue, registration, visit};

use crate::clerk::Clerk;
use crate::clock::{MINUTE, Timestamp};
use crate::context::Context;
use crate::credential::{Reason, TokenKind};
use crate::db::Tx;
use crate::device::Thumbprint;
use crate::error::{Code, Error, Refusal, Result};
use crate::fair::network::tiers;
use crate::keyring::Keyring;
use crate::register::{Date, midnight_in_jakarta};
use crate::secret::Redacted;
use crate::transaction;
use crate::window::{self, Window};

/// Waiting residents on an officer's screen at most: the newest.
const MATCHES_SHOWN: i64 = 30;

/// Scans and match numbers. Cloning shares everything.
#[derive(Clone)]
pub struct CounterVisits {
    context: Context,
    keyring: Keyring,
    checks: RegisterChecks,
}

/// Residents who wait to be called, on a screen at most: those who wait longest.
const ARRIVALS_SHOWN: i64 = 50;

/// A resident whom somebody of the office received.
#[derive(Debug)]
pub struct Arrival {
    /// The registration.
    pub registration_id: Uuid,
    /// Initials of the name as submitted.
    pub initials: Redacted<String>,
    /// When.
    pub received_at: Timestamp,
    /// By whom.
    pub received_by: Uuid,
    /// The number with which they wait; none for whom an officer scanned at once.
    pub number: Option<i64>,
}

/// A resident who scanned the officer's QR and waits for the number to be confirmed.
#[derive(Debug)]
pub struct Match {
    /// The registration.
    pub registration_id: Uuid,
    /// Initials of the name as submitted. The number stands on the resident's screen alone.
    pub initials: Redacted<String>,
    /// When it was scanned.
    pub scanned_at: Timestamp,
}

impl CounterVisits {
    pub(super) const fn new(context: Context, keyring: Keyring, checks: RegisterChecks) -> Self {
        Self { context, keyring, checks }
    }

    /// Reads a scanned activation QR: which registration it stands for, and when it was issued. Writes nothing.
    ///
    /// # Errors
    /// `invalid_field` for what is no activation QR of ours, `qr_expired`.
    pub async fn read_scan(&self, token: &str) -> Result<(Uuid, Timestamp)> {
        self.read(token, TokenKind::Activation).await
    }

    async fn read(&self, token: &str, kind: TokenKind) -> Result<(Uuid, Timestamp)> {
        let token = self.keyring.authenticate(token, &[kind]).await.map_err(not_ours)?;
        let record = token.unseal(self.keyring.sealer()).map_err(not_ours)?;
        token.judge_time(self.context.now()).map_err(|reason| match reason {
            Reason::Expired => Error::from(Code::QrExpired),
            other => not_ours(other),
        })?;
        Ok((record.subject, record.issued))
    }

    /// Spends a scanned activation QR in the caller's transaction. The same officer may scan it again. Once it is committed,
    /// [`Self::ensure_checked`] is to be called.
    ///
    /// # Errors
    /// `not_found`, `qr_used`, `wrong_state`.
    pub async fn scan(&self, tx: &mut Tx, actor: Clerk, (id, issued): (Uuid, Timestamp)) -> Result<()> {
        let (now, issued) = (self.context.now(), issued.micros());
        let held = registration::hold(tx, id).await?.ok_or(Code::NotFound)?;
        if !held.is_live(now) {
            return Err(finished(held.state()).into());
        }
        if held.visit.last_spent == issued && held.visit.scanned_by == Some(actor.officer_id) {
            return Ok(());
        }
        let office = held.office_id;
        let assigned = held.assign(actor.office_id, now).map_err(|_| Code::QrUsed)?;
        visit::scan(tx, id, issued, actor.officer_id, now).await?.or(Code::QrUsed)?;
        self.write_presence(tx, &assigned, now).await?;
        self.keep_findable(tx, office, &assigned).await
    }

    /// What came to another office is found there, and no longer where it was before.
    async fn keep_findable(&self, tx: &mut Tx, before: Option<Uuid>, assigned: &Registration) -> Result<()> {
        if before == assigned.office_id {
            return Ok(());
        }
        sealed::keep_findable(&self.context.vault, tx, assigned).await
    }

    /// Notes in the transaction of a scan that the resident came in a session of outreach.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn came_to(&self, tx: &mut Tx, id: Uuid, outreach: Uuid) -> Result<()> {
        visit::set_outreach(tx, id, outreach).await?.demand()
    }

    /// In the caller's transaction a resident whom a colleague of the office received goes over to this officer: their presence was proven a
    /// moment ago, and lasts no longer than it did. Taking over the own is the same.
    ///
    /// # Errors
    /// `not_found` when it is not the office's; `scan_required` when the resident was received by nobody, or too long ago; `wrong_state`
    /// when it does not wait for an officer.
    pub async fn take_over(&self, tx: &mut Tx, actor: Clerk, id: Uuid) -> Result<()> {
        let now = self.context.now();
        let held = hold_in_office(tx, actor, id).await?;
        held.require_awaiting_officer(now)?;
        if held.is_present(actor.officer_id, now) {
            return Ok(());
        }
        let since = now.plus_seconds(-SCAN_MINUTES * MINUTE);
        visit::take_over(tx, id, actor.officer_id, (since, now)).await?.or(Code::ScanRequired)
    }

    /// In the transaction of a scan by which somebody is received: gives the number with which they wait to be called. Whoever is received
    /// again on the same day keeps it, and waits again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn queue_up(&self, tx: &mut Tx, actor: Clerk, id: Uuid) -> Result<()> {
        let now = self.context.now();
        let held = registration::hold(tx, id).await?.ok_or(Code::NotFound)?;
        let number = match held.visit.turn.filter(|turn| turn.stands(actor.office_id, now)) {
            Some(turn) => turn.number,
            None => {
                let day = Date::in_jakarta(now).to_string();
                let office = actor.office_id.as_bytes();
                let counted = window::QUEUE_NUMBERS.count(tx, &[office, day.as_bytes()], now).await?;
                counted.or_refuse(Refusal::new(Code::TooMany))?
            }
        };
        visit::queue_up(tx, id, actor.office_id, number, now).await?.demand()
    }

    /// In the caller's transaction a resident goes over from the person of the office before whom they stand to another one, whom the caller
    /// has judged; as long as they would have stood there.
    ///
    /// # Errors
    /// `not_found` when it is not the office's; `scan_required` when the resident was received by nobody, or too long ago; `wrong_state`
    /// when it does not wait for an officer, or stands before somebody else by now.
    pub async fn reassign(&self, tx: &mut Tx, actor: Clerk, id: Uuid, (from, to): (Uuid, Uuid)) -> Result<()> {
        let now = self.context.now();
        let held = hold_in_office(tx, actor, id).await?;
        held.require_awaiting_officer(now)?;
        if !held.visit.scanned_by.is_some_and(|by| held.is_present(by, now)) {
            return Err(Code::ScanRequired.into());
        }
        let since = now.plus_seconds(-SCAN_MINUTES * MINUTE);
        visit::reassign(tx, id, (from, to), since).await?.demand()
    }

    /// Whom colleagues of the office received and nobody took over, the longest waiting first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn arrivals(&self, actor: Clerk) -> Result<Vec<Arrival>> {
        let now = self.context.now();
        let times = (now.plus_seconds(-SCAN_MINUTES * MINUTE), midnight_in_jakarta(now));
        let mut tx = self.context.db.read().await?;
        let waiting = queue::arrivals(&mut tx, actor.office_id, times, ARRIVALS_SHOWN).await?;
        let arrival = |row: queue::Arrived| {
            Ok(Arrival {
                registration_id: row.registration_id,
                initials: sealed::initials_of(&self.context.vault, row.registration_id, &row.sealed)?,
                received_at: row.scanned_at,
                received_by: row.scanned_by,
                number: row.queue_number,
            })
        };
        waiting.into_iter().map(arrival).collect()
    }

    /// The initials of a registration, where it stands and the number with which it waits: all that whoever receives a resident is told.
    ///
    /// # Errors
    /// `not_found` when it is not the office's.
    pub async fn received(&self, actor: Clerk, id: Uuid) -> Result<(Redacted<String>, State, Option<i64>)> {
        let mut tx = self.context.db.read().await?;
        let found = in_office(&mut tx, actor, id).await?;
        let submitted = sealed::submitted(&self.context.vault, &found)?;
        let number = found.visit.turn.filter(|turn| turn.stands(actor.office_id, self.context.now()));
        Ok((Redacted(initials(submitted.full_name.expose())), found.state(), number.map(|turn| turn.number)))
    }

    /// Somebody of an office has the resident before them: it stands in that office's queue, and a limited check becomes due.
    async fn write_presence(&self, tx: &mut Tx, assigned: &Registration, now: Timestamp) -> Result<()> {
        let id = assigned.registration_id;
        step::add(&self.context, tx, Taken::new(id, Step::Scanned, assigned.office_id), now).await?;
        match assigned.check {
            RegisterCheck::Limited => check::lift_limit(tx, id, now).await?,
            // Corrected in the register since, or seventeen: what it says now counts, not what it said at home.
            RegisterCheck::Done(Answer::NotEligible(_) | Answer::UnknownNik)
                if assigned.state() == State::AwaitingOfficer =>
            {
                check::restart(tx, id, now).await?.demand()?;
                return registration::save(tx, &assigned.clone().ask_anew()).await?.demand();
            }
            _ => {}
        }
        registration::save(tx, assigned).await?.demand()
    }

    /// At the counter the register check does not wait for its turn: it runs now, within the register's timeout.
    pub async fn ensure_checked(&self, id: Uuid) {
        self.checks.ensure_checked(id).await;
    }

    /// The resident scanned an officer's QR: gives the two-digit number that the resident reads out to the officer.
    ///
    /// # Errors
    /// `invalid_field`, `qr_expired`, `wrong_state`, `not_found`, `too_many` of one client.
    pub async fn counter_scan(&self, device: &Thumbprint, id: Uuid, token: &str, address: IpAddr) -> Result<i64> {
        let now = self.context.now();
        let mut reader = self.context.db.read().await?;
        own(&mut reader, device, id).await?.require_awaiting_officer(now)?;
        drop(reader);
        let (officer_id, _) = self.read(token, TokenKind::Counter).await?;
        let number = 10 + i64::try_from(self.context.random.below(90)).unwrap_or(0);
        transaction!(self.context.db, "counter_visit.offer", |tx| {
            let held = registration::hold_own(tx, id, device).await?.ok_or(Code::NotFound)?;
            held.require_awaiting_officer(now)?;
            // A repeated request within the life of the number gets the same number. Scanned again, it stands first on the
            // officer's list again: others may have come before it meanwhile.
            if let Some(offer) = held.visit.offer.filter(|offer| offer.stands_for(officer_id, now)) {
                visit::offer_again(tx, id, offer.number, officer_id, now).await?.demand()?;
                return Ok(offer.number);
            }
            count_scan(&self.context, tx, (officer_id, address), now).await?;
            visit::offer(tx, id, number, officer_id, now).await?;
            Ok(number)
        })
    }

    /// Residents who scanned this officer's QR in the last minutes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn matches(&self, actor: Clerk) -> Result<Vec<Match>> {
        let since = self.context.now().plus_seconds(-MATCH_MINUTES * MINUTE);
        let mut tx = self.context.db.read().await?;
        let waiting = queue::waiting(&mut tx, actor.officer_id, since, MATCHES_SHOWN).await?;
        waiting
            .into_iter()
            .map(|row| {
                Ok(Match {
                    registration_id: row.registration_id,
                    initials: sealed::initials_of(&self.context.vault, row.registration_id, &row.sealed)?,
                    scanned_at: row.match_at,
                })
            })
            .collect()
    }

    /// Counts a try at the number that the resident reads out, before it is compared, in a transaction of its own.
    ///
    /// # Errors
    /// `not_found` when nobody waits for this officer under that id; `invalid_field` for a wrong number, with the tries
    /// left; `wrong_state` for the last wrong one: the number is void then.
    pub async fn try_match(&self, actor: Clerk, id: Uuid, number: i64) -> Result<()> {
        let since = self.context.now().plus_seconds(-MATCH_MINUTES * MINUTE);
        let tried = transaction!(self.context.db, "counter_visit.count_try", |tx| {
            match registration::hold(tx, id).await? {
                Some(held) if held.state().is_before_approval() => {
                    Ok(visit::count_try(tx, id, actor.officer_id, since).await?)
                }
                _ => Ok(None),
            }
        })?;
        let (right, tries) = tried.ok_or(Code::NotFound)?;
        if right == number { Ok(()) } else { Err(wrong_number(tries).into()) }
    }

    /// The number was right; in the caller's transaction it counts as this officer's scan. Once it is committed,
    /// [`Self::ensure_checked`] is to be called.
    ///
    /// # Errors
    /// `not_found` when the resident scanned again meanwhile, or waits no longer.
    pub async fn confirm_match(&self, tx: &mut Tx, actor: Clerk, id: Uuid, number: i64) -> Result<()> {
        let now = self.context.now();
        let since = now.plus_seconds(-MATCH_MINUTES * MINUTE);
        let held = registration::hold(tx, id).await?.ok_or(Code::NotFound)?;
        if !held.state().is_before_approval() {
            return Err(Code::NotFound.into());
        }
        let office = held.office_id;
        let assigned = held.assign(actor.office_id, now).map_err(|_| Code::NotFound)?;
        visit::confirm(tx, id, number, actor.officer_id, now, since).await?.or(Code::NotFound)?;
        self.write_presence(tx, &assigned, now).await?;
        self.keep_findable(tx, office, &assigned).await
    }
}

/// Counts a scan of an officer's QR by everybody around this address.
async fn count_scan(
    context: &Context,
    tx: &mut Tx,
    (officer_id, address): (Uuid, IpAddr),
    now: Timestamp,
) -> Result<()> {
    for tier in tiers(address) {
        let most = window::COUNTER_SCANS.most * i64::from(tier.shares);
        let share = Window { most: most.min(window::WIDEST_COUNTER_SCANS), ..window::COUNTER_SCANS };
        let network = window::of_network(&context.vault, tier.network);
        let counted = share.count(tx, &[officer_id.as_bytes(), &network], now).await?;
        counted.or_refuse(Refusal::new(Code::TooMany))?;
    }
    Ok(())
}

fn wrong_number(tries: i64) -> Refusal {
    if tries < MATCH_TRIES {
        Refusal::field(
            "match_number",
            "Angka tidak sama dengan layar warga; minta warga menyebutkannya lagi.",
            "The number is not the one on the resident's screen; ask for it again.",
        )
        .tries_left(MATCH_TRIES - tries)
    } else {
        Refusal::new(Code::WrongState).detail(
            "Tiga kali salah: angka itu tidak berlaku lagi. Minta warga memindai QR loket lagi.",
            "Three wrong numbers: it is void. Ask the resident to scan the counter QR again.",
        )
    }
}

/// The refusal for an officer who scans an ended registration; the texts for residents tell *them* to register again.
fn finished(state: State) -> Refusal {
    let (id, en) = if state == State::Active {
        (
            "KTP Digital warga ini sudah aktif; tidak ada yang perlu diputuskan.",
            "This resident's digital KTP is active already; there is nothing to decide.",
        )
    } else {
        (
            "Pendaftaran ini sudah berakhir. Minta warga mendaftar lagi di aplikasinya.",
            "This registration has ended. Ask the resident to register again in the app.",
        )
    };
    Refusal::new(Code::WrongState).detail(id, en)
}

/// Why a scanned text is refused at a counter: in the words of the person who scans.
fn not_ours(reason: Reason) -> Error {
    let (id, en) = match reason {
        Reason::WrongType => (
            "QR ini untuk keperluan lain; minta QR aktivasi dari layar pendaftaran, atau QR loket dari petugas.",
            "This QR is for something else; ask for the activation QR of the registration screen, or the officer's QR.",
        ),
        Reason::NotYetValid => (
            "QR ini berasal dari masa depan; periksa jam server penerbit.",
            "This QR comes from the future; check the issuing server's clock.",
        ),
        _ => (
            "Ini bukan QR IKD yang sah; minta QR baru dari aplikasi resmi.",
            "This is no valid IKD QR; ask for a new one from the official app.",
        ),
    };
    Refusal::field("token", id, en).into()
}
