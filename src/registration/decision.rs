//! What the counter does with a registration. Who may do it is judged by `counter`; this room judges the registration.

use std::net::IpAddr;

use uuid::Uuid;

use super::initials::initials;
use super::model::{
    CheckResult, CheckState, Decision, Difference, DifferenceField, SCAN_MINUTES, State, Submitted, differences,
};
use super::service::{Service, Thumbprint, approved_until, decision_of, open, require_live, required, state_of, word};
use super::store::{self, Decided, Row};
use crate::changed::Changed;
use crate::clock::{MINUTE, Timestamp};
use crate::credential::{Reason, TokenKind};
use crate::db::{DbError, Tx};
use crate::error::{Code, Error, Language, Refusal, Result};
use crate::fair::network::tiers;
use crate::holder::ports;
use crate::register::RegisterRecord;
use crate::secret::Redacted;
use crate::window::{self, Window};

/// Minutes that a match number waits for the officer's confirmation.
pub const MATCH_MINUTES: i64 = 5;

/// Waiting residents on an officer's screen at most: the newest.
const MATCHES_SHOWN: i64 = 30;

/// Who acts, and for which office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The officer.
    pub officer_id: Uuid,
    /// The officer's office: it sees only what was scanned there.
    pub office_id: Uuid,
}

/// A registration as an officer of its office sees it.
#[derive(Debug)]
pub struct View {
    /// Its id.
    pub registration_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// What the resident wrote.
    pub submitted: Submitted,
    /// What the register says, once it has answered.
    pub record: Option<RegisterRecord>,
    /// How far the data check is.
    pub check_state: CheckState,
    /// What the register's answer means.
    pub check_result: Option<CheckResult>,
    /// Changes with whatever an officer compares; every decision names it.
    pub version: String,
    /// Every difference, explained.
    pub differences: Vec<Difference>,
    /// Peculiarities of the NIK, for the officer only.
    pub warnings: Vec<&'static str>,
    /// Whether a selfie is there.
    pub has_selfie: bool,
    /// Whether the register sent a portrait.
    pub has_portrait: bool,
    /// Whether this resident already has an active digital KTP.
    pub already_active: bool,
    /// Whether this officer's scan still counts: nothing changed on the resident's side, and it is not long ago.
    pub may_decide: bool,
    /// When it was scanned last.
    pub scanned_at: Option<Timestamp>,
    /// When it began.
    pub created_at: Timestamp,
    /// The officer's words with the last decision.
    pub decision: Option<Decision>,
}

/// One line of a queue.
#[derive(Debug)]
pub struct Line {
    /// The registration.
    pub registration_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// Initials of the name as submitted.
    pub initials: Redacted<String>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was scanned last.
    pub scanned_at: Option<Timestamp>,
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

/// How many registrations of an office stand in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The state.
    pub state: State,
    /// Registrations of the office that changed since.
    pub office: i64,
    /// Those of them that the officer decided since.
    pub mine: i64,
}

/// The refusal for an officer who scans an ended registration; the texts for residents tell *them* to register again.
fn finished(state: State) -> Error {
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
    Refusal::new(Code::WrongState).detail(id, en).into()
}

/// The version that clients see of a revision: an opaque text that they compare and send back.
pub(super) fn version_of(revision: i64) -> String {
    format!("{revision:x}")
}

/// The refusal for a decision on a version that has changed since.
pub(super) fn changed_since() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Ada yang berubah sejak Anda membukanya (data, swafoto, atau jawaban data kependudukan); buka lagi, lalu putuskan.",
        "Something changed since you opened it (data, selfie or the register's answer); open it again, then decide.",
    )
}

impl Service {
    /// What became of the office's registrations that changed since `since`; states without any are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn figures(&self, actor: Actor, since: Timestamp) -> Result<Vec<Figure>> {
        let mut tx = self.context.db.read().await?;
        let rows = store::figures(&mut tx, actor.office_id, actor.officer_id, since).await?;
        rows.into_iter().map(|(state, office, mine)| Ok(Figure { state: word(&state)?, office, mine })).collect()
    }

    /// Reads a scanned activation QR: which registration it stands for, and when it was issued. Writes nothing.
    ///
    /// # Errors
    /// `invalid_field` for what is no activation QR of ours, `qr_expired`.
    pub async fn read_scan(&self, token: &str) -> Result<(Uuid, Timestamp)> {
        let token = self.keyring.authenticate(token, &[TokenKind::Activation]).await.map_err(not_ours)?;
        let record = token.unseal(self.keyring.sealer()).map_err(not_ours)?;
        token.judge_time(self.context.now()).map_err(|reason| match reason {
            Reason::Expired => Error::from(Code::QrExpired),
            other => not_ours(other),
        })?;
        Ok((record.subject, record.issued))
    }

    /// Spends a scanned activation QR. The same officer may scan it again. Once it is committed, [`Service::ensure_checked`]
    /// is to be called.
    ///
    /// # Errors
    /// `not_found`, `qr_used`, `wrong_state`.
    pub async fn scan(&self, tx: &mut Tx, actor: Actor, (id, issued): (Uuid, Timestamp)) -> Result<()> {
        let (now, issued) = (self.context.now(), issued.micros());
        if store::scan(tx, id, issued, actor.office_id, actor.officer_id, now).await?.happened() {
            return Ok(());
        }
        let row = store::lookup(tx, id).await?.ok_or(Code::NotFound)?;
        if require_live(&row, now).is_err() {
            return Err(finished(state_of(&row)?));
        }
        let again = row.last_spent == issued && row.scanned_by == Some(actor.officer_id);
        if again { Ok(()) } else { Err(Code::QrUsed.into()) }
    }

    /// The resident scanned an officer's QR: gives the two-digit number that the resident reads out to the officer.
    ///
    /// # Errors
    /// `invalid_field`, `qr_expired`, `wrong_state`, `not_found`, `too_many` of one client.
    pub async fn counter_scan(&self, device: &Thumbprint, id: Uuid, token: &str, address: IpAddr) -> Result<i64> {
        let now = self.context.now();
        let mut reader = self.context.db.read().await?;
        let row = self.own(&mut reader, device, id).await?;
        drop(reader);
        require_live(&row, now)?;
        if state_of(&row)? != State::AwaitingOfficer {
            return Err(Code::WrongState.into());
        }
        let token = self.keyring.authenticate(token, &[TokenKind::Counter]).await.map_err(not_ours)?;
        let record = token.unseal(self.keyring.sealer()).map_err(not_ours)?;
        token.judge_time(now).map_err(|reason| match reason {
            Reason::Expired => Error::from(Code::QrExpired),
            other => not_ours(other),
        })?;
        // A repeated request within the life of the number gets the same number.
        if let (Some(number), Some(at)) = (row.match_number, row.match_at)
            && row.match_officer_id == Some(record.subject)
            && row.match_tries < store::MATCH_TRIES
            && at > now.plus_seconds(-MATCH_MINUTES * MINUTE)
        {
            // A new scan moves the resident to the top of the officer's list again, ahead of those who scanned
            // meanwhile.
            let mut tx = self.context.db.write().await?;
            if store::offer_again(&mut tx, id, number, record.subject, now).await?.happened() {
                tx.commit().await?;
                return Ok(number);
            }
        }
        let mut tx = self.context.db.write().await?;
        for tier in tiers(address) {
            let most = window::COUNTER_SCANS.most * i64::from(tier.shares);
            let share = Window { most: most.min(window::WIDEST_COUNTER_SCANS), ..window::COUNTER_SCANS };
            let network = tier.network.to_string();
            let counted = share.count(&mut tx, &[record.subject.as_bytes(), network.as_bytes()], now).await?;
            counted.or_refuse(Refusal::new(Code::TooMany))?;
        }
        let number = 10 + i64::try_from(self.context.random.below(90)).unwrap_or(0);
        if !store::offer_match(&mut tx, id, number, record.subject, now).await?.happened() {
            return Err(Code::WrongState.into());
        }
        tx.commit().await?;
        Ok(number)
    }

    /// Residents who scanned this officer's QR in the last minutes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn matches(&self, actor: Actor) -> Result<Vec<Match>> {
        let since = self.context.now().plus_seconds(-MATCH_MINUTES * MINUTE);
        let mut tx = self.context.db.read().await?;
        let rows = store::waiting_matches(&mut tx, actor.officer_id, since, MATCHES_SHOWN).await?;
        rows.into_iter()
            .map(|row| {
                Ok(Match {
                    registration_id: row.registration_id,
                    initials: self.initials_of(&row)?,
                    scanned_at: row.match_at.unwrap_or_default(),
                })
            })
            .collect()
    }

    fn initials_of(&self, row: &Row) -> Result<Redacted<String>> {
        Ok(Redacted(initials(open(&self.context.vault, row)?.full_name.expose())))
    }

    /// Counts a try at the number that the resident reads out, before it is compared, in a transaction of its own.
    ///
    /// # Errors
    /// `not_found` when nobody waits for this officer under that id; `invalid_field` for a wrong number, with the tries
    /// left; `wrong_state` for the last wrong one: the number is void then.
    pub async fn try_match(&self, actor: Actor, id: Uuid, number: i64) -> Result<()> {
        let since = self.context.now().plus_seconds(-MATCH_MINUTES * MINUTE);
        let mut tx = self.context.db.write().await?;
        let tried = store::try_match(&mut tx, id, actor.officer_id, since).await?;
        tx.commit().await?;
        let (right, tries) = tried.ok_or(Code::NotFound)?;
        if right == number {
            return Ok(());
        }
        Err(if tries < store::MATCH_TRIES {
            Refusal::field(
                "match_number",
                "Angka tidak sama dengan layar warga; minta warga menyebutkannya lagi.",
                "The number is not the one on the resident's screen; ask for it again.",
            )
            .tries_left(store::MATCH_TRIES - tries)
        } else {
            Refusal::new(Code::WrongState).detail(
                "Tiga kali salah: angka itu tidak berlaku lagi. Minta warga memindai QR loket lagi.",
                "Three wrong numbers: it is void. Ask the resident to scan the counter QR again.",
            )
        }
        .into())
    }

    /// The number was right; it counts as this officer's scan. Once it is committed, [`Service::ensure_checked`] is to be
    /// called.
    ///
    /// # Errors
    /// `not_found` when the resident scanned again meanwhile, or waits no longer.
    pub async fn confirm_match(&self, tx: &mut Tx, actor: Actor, id: Uuid, number: i64) -> Result<()> {
        let now = self.context.now();
        let since = now.plus_seconds(-MATCH_MINUTES * MINUTE);
        store::confirm_match(tx, id, number, actor.officer_id, actor.office_id, now, since).await?.or(Code::NotFound)
    }

    /// Whether a registration of the office was scanned by this officer, so that the resident is taken to be present.
    ///
    /// # Errors
    /// `not_found` when it is not the office's.
    pub async fn is_present(&self, actor: Actor, id: Uuid) -> Result<bool> {
        let mut tx = self.context.db.read().await?;
        let row = self.in_office(&mut tx, actor, id).await?;
        Ok(self.scan_counts(&row, actor))
    }

    /// Whether it still waits for a decision with the resident present: the answer to a right match number may be repeated.
    ///
    /// # Errors
    /// `not_found` when it is not the office's.
    pub async fn is_being_served(&self, actor: Actor, id: Uuid) -> Result<bool> {
        let mut tx = self.context.db.read().await?;
        let row = self.in_office(&mut tx, actor, id).await?;
        Ok(self.scan_counts(&row, actor) && state_of(&row)?.is_before_approval())
    }

    /// At the counter the register check does not wait for its turn: it runs now, within the register's timeout.
    pub async fn ensure_checked(&self, id: Uuid) {
        if let Err(error) = self.check_one(id).await {
            tracing::warn!(error.cause = %error, "a data check at the counter could not run");
        }
    }

    /// A registration with everything an officer compares.
    ///
    /// # Errors
    /// `not_found` when it was not scanned at this office.
    pub async fn view(&self, actor: Actor, id: Uuid, language: Language) -> Result<View> {
        let mut tx = self.context.db.read().await?;
        // The row is read before what belongs to it: a change in between gives another version.
        let row = self.in_office(&mut tx, actor, id).await?;
        let taken_at = store::selfie_taken_at(&mut tx, id).await?;
        let submitted = open(&self.context.vault, &row)?;
        let (record, portrait) = self.register_copy(&mut tx, id).await?.unzip();
        let differences = record.as_ref().map(|record| explain(&submitted, record, language)).unwrap_or_default();
        let warnings = match &record {
            Some(record) => submitted.nik.warnings(record.birth_date, record.sex),
            None => submitted.nik.warnings(submitted.birth_date, submitted.nik.sex()),
        };
        let already_active = match row.resident_id {
            Some(resident) => ports::has_usable_credential(&mut tx, resident).await?,
            None => false,
        };
        Ok(View {
            registration_id: id,
            state: state_of(&row)?,
            check_state: row.check_state()?,
            check_result: row.check_result(),
            differences,
            warnings: warnings.into_iter().map(|warning| warning.text().in_language(language)).collect(),
            version: version_of(row.revision),
            has_selfie: taken_at.is_some(),
            has_portrait: portrait.flatten().is_some(),
            already_active,
            may_decide: self.scan_counts(&row, actor),
            scanned_at: row.scanned_at,
            created_at: row.created_at,
            decision: decision_of(&self.context.vault, &row)?,
            submitted,
            record,
        })
    }

    /// The selfie, as JPEG.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn selfie(&self, actor: Actor, id: Uuid) -> Result<Vec<u8>> {
        let mut tx = self.context.db.read().await?;
        self.in_office(&mut tx, actor, id).await?;
        let sealed = store::lookup_selfie(&mut tx, id).await?.ok_or(Code::NotFound)?;
        Ok(self.context.vault.open_bytes("registration_selfie", id, &sealed)?)
    }

    /// The register's portrait, as JPEG.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn portrait(&self, actor: Actor, id: Uuid) -> Result<Vec<u8>> {
        let mut tx = self.context.db.read().await?;
        self.in_office(&mut tx, actor, id).await?;
        let copy = self.register_copy(&mut tx, id).await?;
        copy.and_then(|(_, portrait)| portrait).ok_or_else(|| Code::NotFound.into())
    }

    /// A page of the office's queue in one state, longest waiting first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn queue(&self, actor: Actor, state: State, after: (Timestamp, Uuid), limit: i64) -> Result<Vec<Line>> {
        let mut tx = self.context.db.read().await?;
        let rows = store::queue(&mut tx, actor.office_id, state.as_str(), after, limit).await?;
        rows.into_iter()
            .map(|row| {
                Ok(Line {
                    registration_id: row.registration_id,
                    state: state_of(&row)?,
                    initials: self.initials_of(&row)?,
                    updated_at: row.updated_at,
                    scanned_at: row.scanned_at,
                })
            })
            .collect()
    }

    /// Approves in the caller's transaction: the code is mailed, or the approval waits for the register. `version` is that
    /// of the [`View`] the officer had on the screen.
    ///
    /// # Errors
    /// `not_found`, `scan_required`, `already_active`, `wrong_state` (unknown NIK, not eligible, not waiting).
    pub async fn approve(&self, tx: &mut Tx, actor: Actor, id: Uuid, version: &str, note: &str) -> Result<State> {
        let now = self.context.now();
        let row = self.decidable(tx, actor, id, version).await?;
        store::selfie_taken_at(tx, id).await?.ok_or(Code::WrongState)?;
        let done = row.check_state()? == CheckState::Done;
        match row.check_result() {
            Some(CheckResult::UnknownNik) => {
                return Err(Refusal::new(Code::WrongState)
                    .detail(
                        "NIK tidak ada dalam data kependudukan; kembalikan untuk perbaikan atau tolak.",
                        "The register does not know this NIK; return it for correction or reject it.",
                    )
                    .into());
            }
            Some(CheckResult::NotEligible) => {
                return Err(Refusal::new(Code::WrongState)
                    .detail(
                        "Orang ini belum berhak atas KTP (belum 17 tahun dan belum kawin) atau sudah tidak tercatat aktif; tolak dengan alasan.",
                        "This person is not eligible for a KTP (under 17 and never married) or no longer actively registered; reject with a reason.",
                    )
                    .into());
            }
            Some(CheckResult::Match | CheckResult::Differs) | None => {}
        }
        let to = if done { State::CodeSent } else { State::ApprovedPendingRegister };
        let decision = Decision { note: Redacted(note.to_owned()), ..Decision::default() };
        let expires_at = if done { approved_until(now) } else { row.expires_at };
        let generation = row.code_generation + i64::from(done);
        self.decide(tx, actor, &row, to, None, &decision, (expires_at, None), generation).await?;
        // Read after the guarded update, so that a credential that became active meanwhile is seen.
        if let Some(resident) = row.resident_id
            && ports::has_usable_credential(tx, resident).await?
        {
            return Err(Code::AlreadyActive.into());
        }
        if done {
            let row = required(store::lookup(tx, id).await?)?;
            self.prepare_holder(tx, &row, now).await?;
            self.send_code(tx, &row, now).await?;
        }
        Ok(to)
    }

    /// Returns it to the resident, naming only what the officer releases.
    ///
    /// # Errors
    /// `not_found`, `scan_required`, `wrong_state`.
    pub async fn return_for_correction(
        &self,
        tx: &mut Tx,
        actor: Actor,
        (id, version): (Uuid, &str),
        to: State,
        reason: &str,
        released: Vec<DifferenceField>,
    ) -> Result<()> {
        let row = self.decidable(tx, actor, id, version).await?;
        let decision = Decision { reason: Redacted(reason.to_owned()), released, ..Decision::default() };
        let life = (row.expires_at, None);
        self.decide(tx, actor, &row, to, Some("returned"), &decision, life, row.code_generation).await
    }

    /// Refuses for good.
    ///
    /// # Errors
    /// `not_found`, `scan_required`, `wrong_state`.
    pub async fn reject(
        &self,
        tx: &mut Tx,
        actor: Actor,
        (id, version): (Uuid, &str),
        reason: &str,
        note: &str,
    ) -> Result<()> {
        let now = self.context.now();
        let row = self.decidable(tx, actor, id, version).await?;
        let decision =
            Decision { reason: Redacted(reason.to_owned()), note: Redacted(note.to_owned()), released: vec![] };
        let life = (row.expires_at, Some(now));
        self.decide(tx, actor, &row, State::Rejected, Some("rejected"), &decision, life, row.code_generation).await?;
        let until = now.plus_seconds(super::model::SELFIE_DAYS_AFTER_END * crate::clock::DAY);
        store::keep_selfie_until(tx, id, until).await?;
        Ok(())
    }

    /// Wakes the mail worker; called after the caller's commit.
    pub fn wake(&self) {
        self.mail_wake.wake();
        self.check_wake.notify_one();
    }

    /// The row, if this officer may decide on it now: the resident was here and changed nothing since, and it is of the
    /// `version` that was on the screen. The decision's own write demands its revision.
    pub(super) async fn decidable(&self, tx: &mut Tx, actor: Actor, id: Uuid, version: &str) -> Result<Row> {
        let row = self.in_office(tx, actor, id).await?;
        require_live(&row, self.context.now())?;
        if state_of(&row)? != State::AwaitingOfficer {
            return Err(Code::WrongState.into());
        }
        if !self.scan_counts(&row, actor) {
            return Err(Code::ScanRequired.into());
        }
        if version != version_of(row.revision) {
            return Err(changed_since().into());
        }
        Ok(row)
    }

    #[expect(clippy::too_many_arguments, reason = "one decision, one argument a column")]
    async fn decide(
        &self,
        tx: &mut Tx,
        actor: Actor,
        row: &Row,
        to: State,
        reason: Option<&str>,
        decision: &Decision,
        (expires_at, ended_at): (Timestamp, Option<Timestamp>),
        code_generation: i64,
    ) -> Result<()> {
        let id = row.registration_id;
        let sealed = self.context.vault.seal_row(&self.context.random, "registration.decision", id, decision)?;
        let decided = Decided {
            registration_id: id,
            from: &row.state,
            to: to.as_str(),
            officer: actor.officer_id,
            reason,
            sealed: &sealed,
            now: self.context.now(),
            expires_at,
            ended_at,
            code_generation,
            revision: row.revision,
        };
        match store::decide(tx, &decided).await.map(Changed::happened) {
            // A resident who comes back with other data or another selfie needs a new request.
            Ok(true) => Ok(store::drop_release(tx, id).await?),
            Ok(false) => Err(changed_since().into()),
            Err(DbError::Unique) => Err(Code::AlreadyActive.into()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn scan_counts(&self, row: &Row, actor: Actor) -> bool {
        let since = self.context.now().plus_seconds(-SCAN_MINUTES * MINUTE);
        row.scanned_by == Some(actor.officer_id) && row.scanned_at >= Some(since)
    }

    pub(super) async fn in_office(&self, tx: &mut Tx, actor: Actor, id: Uuid) -> Result<Row> {
        store::lookup(tx, id)
            .await?
            .filter(|row| row.office_id == Some(actor.office_id))
            .ok_or_else(|| Code::NotFound.into())
    }
}

fn explain(submitted: &Submitted, record: &RegisterRecord, language: Language) -> Vec<Difference> {
    differences(submitted, record)
        .into_iter()
        .map(|(field, ours, theirs, text)| Difference {
            field,
            submitted: Redacted(ours),
            registered: Redacted(theirs),
            explanation: text.in_language(language),
        })
        .collect()
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
