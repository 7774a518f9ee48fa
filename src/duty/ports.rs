//! What is asked by other domains, inside their transactions.

use uuid::Uuid;

use super::model::DayCode;
use super::{lookup, store};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::outreach::{Outreach, ports as outreach};

/// The session of outreach in which somebody works now: the one on whose roster they are, unless they said that they are on duty at the
/// office.
///
/// # Errors
/// When the database does not answer.
pub async fn session_of(tx: &mut Tx, person: Uuid, now: Timestamp) -> Result<Option<Outreach>> {
    let Some(session) = outreach::working_in(tx, person, now).await? else { return Ok(None) };
    let elsewhere = store::of_person(tx, person)
        .await?
        .is_some_and(|(duty, _)| duty.is_live(now) && duty.outreach_id != Some(session.outreach_id));
    Ok((!elsewhere).then_some(session))
}

/// Whose code of a day this is, or was within a month.
///
/// # Errors
/// When the database does not answer.
pub async fn whose_code(context: &Context, tx: &mut Tx, text: &str) -> Result<Option<Uuid>> {
    let Some(code) = DayCode::parse(text) else { return Ok(None) };
    let found = store::by_code(tx, &lookup::index(context, &code)).await?;
    Ok(found.map(|(duty, _)| duty.staff_id))
}
