//! What goes with a registration that ends without a digital KTP.

use super::model::{Progress, Registration, SELFIE_DAYS_AFTER_END};
use super::store::{check, register_copy, registration, second_person, selfie, step};
use crate::clock::{DAY, Timestamp};
use crate::correction::ports as cases;
use crate::db::Tx;
use crate::error::Result;
use crate::holder::ports as holder;
use crate::register::Region;

/// Writes that `ended` was cancelled or expired, which was in `before`, and stops and deletes what was kept for it. The transaction
/// holds it.
pub(super) async fn write(tx: &mut Tx, before: Progress, ended: &Registration, now: Timestamp) -> Result<()> {
    let id = ended.registration_id;
    registration::save(tx, ended).await?.demand()?;
    check::stop(tx, id).await?;
    step::settle(tx, id, Region::NONE).await?;
    selfie::keep_until(tx, id, now.plus_seconds(SELFIE_DAYS_AFTER_END * DAY)).await?;
    register_copy::delete_without_selfie(tx, id).await?;
    second_person::drop(tx, id).await?;
    cases::registration_ended(tx, id, now).await?;
    // Only one registration of a resident is approved at a time: what lies there is what this one prepared.
    if let Progress::CodeSent { resident } | Progress::NeedsPin { resident } = before {
        holder::delete_unused_record(tx, resident).await?;
    }
    Ok(())
}
