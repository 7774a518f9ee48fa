//! What is sealed in the rows of cards.

use uuid::Uuid;

use super::model::Said;
use super::store::{self, EvidenceRow};
use crate::context::{Context, Sources};
use crate::db::Tx;
use crate::error::{Code, Result};
use crate::register::{Found, RegisterRecord};
use crate::secret::Redacted;

pub(super) const SAID: &str = "printed_card";
pub(super) const QR: &str = "printed_card.qr";
pub(super) const RECORD: &str = "printed_card_evidence";
pub(super) const PORTRAIT: &str = "printed_card_evidence.portrait";
pub(super) const PHOTO: &str = "printed_card_evidence.photo";

pub(super) fn seal_said(context: &Context, id: Uuid, said: &Said) -> Result<Vec<u8>> {
    Ok(context.vault.seal_row(&context.random, SAID, id, said)?)
}

pub(super) async fn said(context: &Context, tx: &mut Tx, id: Uuid) -> Result<Said> {
    let sealed = store::sealed(tx, id).await?.ok_or(Code::NotFound)?;
    Ok(context.vault.open_row(SAID, id, &sealed)?)
}

pub(super) fn seal_qr(context: &Context, id: Uuid, text: &str) -> Result<Vec<u8>> {
    Ok(context.vault.seal_bytes(&context.random, QR, id, text.as_bytes())?)
}

/// The text of a card's QR, while it can be printed.
pub(super) async fn qr(context: &Context, tx: &mut Tx, id: Uuid) -> Result<Option<Redacted<String>>> {
    let Some(sealed) = store::qr(tx, id).await? else { return Ok(None) };
    let text = context.vault.open_bytes(QR, id, &sealed)?;
    Ok(Some(Redacted(String::from_utf8_lossy(&text).into_owned())))
}

/// What the register said: record and portrait, sealed.
pub(super) fn seal_found(context: &Context, id: Uuid, found: &Found) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
    let Sources { vault, random, .. } = &**context;
    let record = vault.seal_row(random, RECORD, id, &found.record)?;
    let portrait = found.portrait.as_ref().map(|jpeg| vault.seal_bytes(random, PORTRAIT, id, jpeg)).transpose()?;
    Ok((record, portrait))
}

pub(super) fn seal_photo(context: &Context, id: Uuid, jpeg: &[u8]) -> Result<Vec<u8>> {
    Ok(context.vault.seal_bytes(&context.random, PHOTO, id, jpeg)?)
}

pub(super) fn open_record(context: &Context, id: Uuid, row: &EvidenceRow) -> Result<RegisterRecord> {
    Ok(context.vault.open_row(RECORD, id, &row.record_sealed)?)
}

pub(super) fn open_portrait(context: &Context, id: Uuid, row: &EvidenceRow) -> Result<Option<Vec<u8>>> {
    let sealed = row.portrait_sealed.as_deref();
    Ok(sealed.map(|sealed| context.vault.open_bytes(PORTRAIT, id, sealed)).transpose()?)
}

pub(super) fn open_photo(context: &Context, id: Uuid, row: &EvidenceRow) -> Result<Option<Vec<u8>>> {
    let sealed = row.photo_sealed.as_deref();
    Ok(sealed.map(|sealed| context.vault.open_bytes(PHOTO, id, sealed)).transpose()?)
}
