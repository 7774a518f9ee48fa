//! What is done for other domains, inside their transactions.

use uuid::Uuid;

use super::desk::{index, seal_name};
use super::model::{Help, Helper, Noted, YEAR_SECONDS};
use super::store;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::register::Nik;

/// Who helps somebody with this NIK, as it is kept.
///
/// # Errors
/// `invalid_field` for whoever is said to help themselves.
pub fn noted(context: &Context, helped: &Nik, helper: &Helper) -> Result<Noted> {
    if *helped == helper.nik {
        return Err(own_nik().into());
    }
    let Helper { nik, full_name, relation } = helper.clone();
    Ok(Noted { full_name, relation, index: Some(index(context, &nik)) })
}

/// Notes that somebody helped, once what they helped with is done.
///
/// # Errors
/// When the database did not do it.
pub async fn helped(context: &Context, tx: &mut Tx, noted: &Noted, help: Help, now: Timestamp) -> Result<()> {
    let Some(index) = &noted.index else { return Ok(()) };
    let id = context.random.uuid_v7(now);
    let name = seal_name(context, id, &noted.full_name)?;
    Ok(store::add(tx, (id, index, &name), help, now).await?)
}

/// How many other people somebody helped within a year, for a second person who judges whether that is help.
///
/// # Errors
/// When the database does not answer.
pub async fn others(tx: &mut Tx, noted: Option<&Noted>, helped: Uuid, now: Timestamp) -> Result<i64> {
    let Some(index) = noted.and_then(|noted| noted.index.as_ref()) else { return Ok(0) };
    Ok(store::others(tx, index, now.plus_seconds(-YEAR_SECONDS), helped).await?)
}

/// Forgets who was helped whose data are erased. That somebody helped one more person stays.
///
/// # Errors
/// When the database did not do it.
pub async fn erase(context: &Context, tx: &mut Tx, helped: Uuid, now: Timestamp) -> Result<()> {
    Ok(store::forget_helped(tx, helped, context.random.uuid_v7(now)).await?)
}

fn own_nik() -> Refusal {
    Refusal::field(
        "helper.nik",
        "Ini NIK warga sendiri; tulis NIK pembantunya.",
        "This is the resident's own NIK; write the helper's.",
    )
}
