//! What an approval and the register's answer bring about when they have come together.

use super::model::{Registration, Step};
use super::sealed;
use super::store::step::{self, Taken};
use crate::activation_code;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::holder::ports as holder;

/// Copies what the register said to where the digital KTP shows it from, and begins with the activation code. The caller holds the
/// registration, and wakes the mail worker after the commit.
pub(super) async fn complete(
    context: &Context,
    tx: &mut Tx,
    registration: &Registration,
    resident: uuid::Uuid,
    now: Timestamp,
) -> Result<()> {
    copy_record(context, tx, registration, resident, now).await?;
    let id = registration.registration_id;
    step::add(context, tx, Taken::new(id, Step::CodeSent, registration.office_id), now).await?;
    activation_code::ports::begin(context, tx, id, &registration.email_index, now).await
}

/// Copies what the register said to where the digital KTP shows it from. The caller holds the registration.
pub(super) async fn copy_record(
    context: &Context,
    tx: &mut Tx,
    registration: &Registration,
    resident: uuid::Uuid,
    now: Timestamp,
) -> Result<()> {
    let id = registration.registration_id;
    let (record, portrait) = sealed::register_copy(&context.vault, tx, id)
        .await?
        .ok_or_else(|| Error::internal("an approved registration without the register's answer"))?;
    holder::put_record(context, tx, resident, &record, portrait.as_deref(), now).await
}
