//! What is sealed in a case, and the case as people read it.

use uuid::Uuid;

use super::model::{Correction, Field, Matter, State};
use super::ports::may_agree;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::office::ports as offices;
use crate::secret::Redacted;

/// What the matter is sealed for.
pub(super) const TABLE: &str = "correction";
/// What the words are sealed for.
pub(super) const WORDS: &str = "correction.words";

/// A case as its resident reads it: nothing of what the register says stands in it.
#[derive(Debug)]
pub struct View {
    /// The case.
    pub case: Correction,
    /// Where it stands now.
    pub state: State,
    /// The elements that it is about.
    pub fields: Vec<Field>,
    /// The office that has it.
    pub office: Option<String>,
    /// An officer's words to the resident.
    pub words: Option<Redacted<String>>,
    /// Whether the resident may agree to the register's spelling.
    pub may_agree: bool,
    /// When it was looked at.
    pub now: Timestamp,
}

/// Seals what a case is about.
pub(super) fn seal(context: &Context, id: Uuid, matter: &Matter) -> Result<Vec<u8>> {
    Ok(context.vault.seal_row(&context.random, TABLE, id, matter)?)
}

/// What a case is about.
pub(super) fn open(context: &Context, case: &Correction) -> Result<Matter> {
    Ok(context.vault.open_row(TABLE, case.correction_id, &case.matter_sealed)?)
}

/// Seals an officer's words.
pub(super) fn seal_words(context: &Context, id: Uuid, words: &str) -> Result<Vec<u8>> {
    Ok(context.vault.seal_bytes(&context.random, WORDS, id, words.as_bytes())?)
}

/// An officer's words.
pub(super) fn words(context: &Context, case: &Correction) -> Result<Option<Redacted<String>>> {
    let Some(sealed) = &case.words_sealed else { return Ok(None) };
    let words = context.vault.open_bytes(WORDS, case.correction_id, sealed)?;
    Ok(Some(Redacted(String::from_utf8_lossy(&words).into_owned())))
}

/// The case as its resident reads it.
pub(super) async fn of(context: &Context, tx: &mut Tx, case: Correction) -> Result<View> {
    let now = context.now();
    let office = match case.office_id {
        Some(office) => offices::by_id(tx, office).await?.map(|office| office.name),
        None => None,
    };
    let (matter, words, state) = (open(context, &case)?, words(context, &case)?, case.state_at(now));
    let may_agree = state.is_live() && case.spelling_agreed_at.is_none() && may_agree(&case, &matter);
    Ok(View { state, fields: matter.fields, office, words, may_agree, now, case })
}
