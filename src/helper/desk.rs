//! What a supervisor does about whoever helps many. Who may is judged at the counter.

use uuid::Uuid;

use super::model::{Frequent, UNREMARKABLE, YEAR_SECONDS};
use super::store;
use crate::clerk::Clerk;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Code, Refusal, Result};
use crate::register::Nik;
use crate::secret::Redacted;
use crate::transaction;
use crate::vault::Label;

pub(super) const NAME: &str = "help";
pub(super) const WORDS: &str = "help.looked";
/// Helps read for one list: of more the oldest follow once the newer were looked at.
const READ: i64 = 500;

pub(super) fn index(context: &Context, nik: &Nik) -> Vec<u8> {
    context.vault.blind_index(Label::NikIndex, nik.as_str())
}

pub(super) fn seal_name(context: &Context, id: Uuid, name: &Redacted<String>) -> Result<Vec<u8>> {
    Ok(context.vault.seal_bytes(&context.random, NAME, id, name.expose().as_bytes())?)
}

/// Who helped more people than a family within a year, some of them in this office where nobody looked at it yet: those first who helped
/// last. What who looks noted or granted is for another supervisor.
///
/// # Errors
/// When the database does not answer, or what it holds cannot be opened.
pub async fn frequent(context: &Context, tx: &mut Tx, at: Clerk, now: Timestamp) -> Result<Vec<Frequent>> {
    let since = now.plus_seconds(-YEAR_SECONDS);
    let rows = store::open(tx, at.office_id, (since, UNREMARKABLE), at.officer_id, READ).await?;
    let mut found: Vec<(Vec<u8>, Frequent)> = Vec::new();
    for row in rows {
        if let Some((_, known)) = found.iter_mut().find(|(index, _)| *index == row.helper_index) {
            if !known.officers.contains(&row.officer_id) {
                known.officers.push(row.officer_id);
            }
            continue;
        }
        let name = row.name_sealed.map(|sealed| context.vault.open_bytes(NAME, row.help_id, &sealed)).transpose()?;
        let former = match store::former(tx, &row.helper_index, at.office_id).await? {
            Some(look) => {
                let words = context.vault.open_bytes(WORDS, at.office_id, &look.looked_sealed)?;
                Some((look.looked_by, look.looked_at, Redacted(String::from_utf8_lossy(&words).into_owned())))
            }
            None => None,
        };
        let frequent = Frequent {
            help_id: row.help_id,
            full_name: name.map(|name| Redacted(String::from_utf8_lossy(&name).into_owned())),
            people: store::people(tx, &row.helper_index, since).await?,
            last_at: row.at,
            officers: vec![row.officer_id],
            former,
        };
        found.push((row.helper_index, frequent));
    }
    Ok(found.into_iter().map(|(_, frequent)| frequent).collect())
}

/// Notes that all that somebody did here until this help was looked at, and with what result.
///
/// # Errors
/// `not_found` when a colleague was first; `forbidden` for what one noted or granted oneself.
pub async fn look(context: &Context, tx: &mut Tx, at: Clerk, id: Uuid, words: &str, now: Timestamp) -> Result<()> {
    let found = store::lookup(tx, id, at.office_id).await?.ok_or(Code::NotFound)?;
    if found.officer_id == at.officer_id || found.granted_by == Some(at.officer_id) {
        return Err(own().into());
    }
    // Of the office, as the words stand in several rows.
    let sealed = context.vault.seal_bytes(&context.random, WORDS, at.office_id, words.as_bytes())?;
    let who = (found.helper_index.as_slice(), at.office_id);
    match store::look(tx, who, (at.officer_id, now), &sealed, found.at).await? {
        0 => Err(Code::NotFound.into()),
        _ => Ok(()),
    }
}

/// Forgets what was noted more than a year ago; gives how much.
///
/// # Errors
/// When the database did not do it.
pub async fn sweep(context: &Context) -> Result<u64> {
    let before = context.now().plus_seconds(-YEAR_SECONDS);
    transaction!(context.db, "helper.sweep", |tx| Ok(store::sweep(tx, before).await?))
}

fn own() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Ini Anda catat atau setujui sendiri; penyelia lain memeriksanya.",
        "You noted or granted this yourself; another supervisor looks at it.",
    )
}
