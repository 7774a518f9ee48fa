//! Anybody asks whether somebody is of an office and on duty here. Whatever is wrong, the answer is the same, after the same time.

use std::net::IpAddr;

use uuid::Uuid;

use super::desk::{PHOTO, SEALED};
use super::model::{DayCode, Duty, NEAR_METRES, Position, Sealed, is_fresh, short_name};
use super::store::{self, SealedDuty};
use crate::base64url;
use crate::captcha;
use crate::clock::{HOUR, Timestamp};
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::fair::{alike, tiers};
use crate::office::ports as offices;
use crate::outreach::ports as outreach;
use crate::secret::Redacted;
use crate::staff::{Role, ports as staff};
use crate::transaction;
use crate::vault::{Label, Vault};
use crate::window::{Counted, Window, of_network};

/// Look-ups of an hour from an address that cost nothing; each more needs a solved captcha. A whole village may be behind one.
const FREE: i64 = 30;
const LOOKUPS: Window = Window { kind: "duty_lookup", seconds: HOUR, most: i64::MAX };
/// Longest text that is looked at, in bytes.
const LONGEST: usize = 128;

/// Look-ups by anybody. Cloning shares everything.
#[derive(Clone)]
pub struct OfficerProofs {
    context: Context,
}

/// Somebody who is of an office, and on duty.
#[derive(Debug)]
pub struct Proof {
    /// First name and an initial.
    pub name: Redacted<String>,
    /// What they are there.
    pub role: Role,
    /// The photo that a colleague took: JPEG.
    pub photo: Vec<u8>,
    /// The office.
    pub office_id: Uuid,
    /// Its name.
    pub office: String,
    /// The place of a session of outreach, where it may be told.
    pub place: Option<Redacted<String>>,
    /// Its village with district and regency.
    pub village: Option<String>,
    /// What kind of session it is.
    pub kind: Option<crate::outreach::model::Kind>,
    /// Since when they are on duty.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Whether it is near whoever asks; none where one of them gave no position.
    pub near: Option<bool>,
}

impl OfficerProofs {
    /// In this context.
    pub const fn new(context: Context) -> Self {
        Self { context }
    }

    /// Who is meant by a day's code or by the text of a QR: nobody, whatever is wrong with it.
    ///
    /// # Errors
    /// `captcha_required`, `captcha_invalid`.
    pub async fn look(
        &self,
        from: IpAddr,
        text: &str,
        position: Option<Position>,
        captcha: Option<&str>,
    ) -> Result<Option<Proof>> {
        alike(async {
            let now = self.context.now();
            self.admit(from, captcha, now).await?;
            let mut tx = self.context.db.read().await?;
            self.find(&mut tx, text, position, now).await
        })
        .await
    }

    /// Counts the look-up, and demands work for one too many. Nothing is looked for before.
    async fn admit(&self, from: IpAddr, captcha: Option<&str>, now: Timestamp) -> Result<()> {
        transaction!(self.context.db, "duty.count_lookup", |tx| {
            let mut is_free = true;
            for tier in tiers(from) {
                let network = of_network(&self.context.vault, tier.network);
                let most = FREE * i64::from(tier.shares);
                let counted = LOOKUPS.count(tx, &[&network], now).await?;
                is_free &= matches!(counted, Counted::Use(number) if number <= most);
            }
            if is_free {
                return Ok(Ok(()));
            }
            captcha::service::pay(tx, &self.context.vault, captcha, now).await
        })?
    }

    async fn find(&self, tx: &mut Tx, text: &str, position: Option<Position>, now: Timestamp) -> Result<Option<Proof>> {
        let context = &self.context;
        let found = self.duty_of(tx, text, now).await?.filter(|(duty, _)| duty.is_live(now));
        let Some((duty, sealed)) = found else { return Ok(None) };
        if !is_where_it_says(tx, &duty, now).await? {
            return Ok(None);
        }
        let Some(person) = staff::acting(tx, duty.staff_id, now).await? else { return Ok(None) };
        // Who moved to another office since is of that one.
        if person.affiliation.office_id() != Some(duty.office_id) {
            return Ok(None);
        }
        let Some(photo) = store::photo(tx, duty.staff_id, duty.office_id).await? else { return Ok(None) };
        let Sealed { position: there, .. } = context.vault.open_row(SEALED, duty.duty_id, &sealed)?;
        let near = position.zip(there).map(|(here, there)| here.metres_to(there) <= NEAR_METRES);
        if near == Some(false) {
            return Ok(None);
        }
        let Some(office) = offices::by_id(tx, duty.office_id).await? else { return Ok(None) };
        let session = match duty.outreach_id {
            Some(id) => outreach::whereabouts_of(context, tx, id).await?,
            None => None,
        };
        let kind = session.as_ref().map(|session| session.outreach.kind);
        let (place, village) = session.map_or((None, None), |session| (session.place, Some(session.village)));
        Ok(Some(Proof {
            name: short_name(&person.full_name),
            role: person.role,
            photo: context.vault.open_bytes(PHOTO, duty.staff_id, &photo)?,
            office_id: office.office_id,
            office: office.name,
            place,
            village,
            kind,
            since: duty.began_at,
            until: duty.ends_at,
            near,
        }))
    }

    async fn duty_of(&self, tx: &mut Tx, text: &str, now: Timestamp) -> Result<Option<SealedDuty>> {
        if let Some(code) = DayCode::parse(text) {
            return Ok(store::by_code(tx, &index(&self.context, &code)).await?);
        }
        match read_qr(&self.context.vault, text) {
            Some((id, issued)) if is_fresh(issued, now) => Ok(store::by_id(tx, id).await?),
            _ => Ok(None),
        }
    }
}

/// Whether who is on duty in a session of outreach still is: it is open. At the office the duty itself says so.
pub(super) async fn is_where_it_says(tx: &mut Tx, duty: &Duty, now: Timestamp) -> Result<bool> {
    match duty.outreach_id {
        Some(id) => outreach::is_open(tx, id, now).await,
        None => Ok(true),
    }
}

/// By what a day's code is found.
pub(super) fn index(context: &Context, code: &DayCode) -> Vec<u8> {
    context.vault.blind_index(Label::DutyCode, code.expose())
}

/// The text of a QR of this moment: sealed, so that it tells nothing of the day's code, and nobody makes one.
pub(super) fn qr_text(context: &Context, duty: Uuid) -> Result<String> {
    let issued = context.now().micros().to_be_bytes();
    let plain = [duty.as_bytes().as_slice(), &issued].concat();
    Ok(base64url::encode(&context.vault.seal(Label::DutyQr, &context.random, &[], &plain)?))
}

/// Whose QR a text is, and when it was made, if it is ours.
fn read_qr(vault: &Vault, text: &str) -> Option<(Uuid, Timestamp)> {
    if text.len() > LONGEST {
        return None;
    }
    let opened = vault.open(Label::DutyQr, &[], &base64url::decode(text)?).ok()?;
    let (duty, issued) = opened.split_first_chunk::<16>()?;
    let issued = i64::from_be_bytes(issued.try_into().ok()?);
    Some((Uuid::from_bytes(*duty), Timestamp::from_micros(issued)))
}
