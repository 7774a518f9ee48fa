//! What is done for other domains, inside their transactions.

use super::desk::{index, seal_name};
use super::model::{Help, Helper, YEAR_SECONDS};
use super::store;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;

/// Notes that somebody helps at a counter.
///
/// # Errors
/// When the database did not do it.
pub async fn helped(context: &Context, tx: &mut Tx, helper: &Helper, help: Help, now: Timestamp) -> Result<()> {
    let (id, index) = (context.random.uuid_v7(now), index(context, &helper.nik));
    let name = seal_name(context, id, &helper.full_name)?;
    Ok(store::add(tx, (id, &index, &name), help, now).await?)
}

/// How many people somebody has helped within a year, for a second person who judges whether that is help.
///
/// # Errors
/// When the database does not answer.
pub async fn people(context: &Context, tx: &mut Tx, helper: &Helper, now: Timestamp) -> Result<i64> {
    Ok(store::people(tx, &index(context, &helper.nik), now.plus_seconds(-YEAR_SECONDS)).await?)
}
