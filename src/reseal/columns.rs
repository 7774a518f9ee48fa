//! Every column that holds sealed values. `tests/tidy/inventories.rs` compares it with the schema.

use crate::vault::Column;
use crate::{
    annulment, audit, branch, card, contact, correction, counter, departure, dispute, duty, figure, fraud, helper,
    holder, life, lookup, outreach, proposal, recovery, refresh, register, registration, relying_party, staff, walk_in,
    webhook,
};

/// What is sealed, by domain.
const BY_DOMAIN: &[&[Column]] = &[
    annulment::SEALED_COLUMNS,
    audit::SEALED_COLUMNS,
    branch::SEALED_COLUMNS,
    card::SEALED_COLUMNS,
    contact::SEALED_COLUMNS,
    correction::SEALED_COLUMNS,
    counter::SEALED_COLUMNS,
    departure::SEALED_COLUMNS,
    dispute::SEALED_COLUMNS,
    duty::SEALED_COLUMNS,
    figure::SEALED_COLUMNS,
    fraud::SEALED_COLUMNS,
    helper::SEALED_COLUMNS,
    holder::SEALED_COLUMNS,
    life::SEALED_COLUMNS,
    lookup::SEALED_COLUMNS,
    outreach::SEALED_COLUMNS,
    proposal::SEALED_COLUMNS,
    recovery::SEALED_COLUMNS,
    refresh::SEALED_COLUMNS,
    register::SEALED_COLUMNS,
    registration::SEALED_COLUMNS,
    relying_party::SEALED_COLUMNS,
    staff::SEALED_COLUMNS,
    walk_in::SEALED_COLUMNS,
    webhook::SEALED_COLUMNS,
];

/// Columns whose rows live for less than a root secret is kept after it was replaced: tokens behind ten digits, for minutes or a day.
pub const FLEETING: &[(&str, &str)] = &[("presentation_code", "sealed"), ("sandbox_code", "sealed")];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Column> {
    BY_DOMAIN.iter().copied().flatten()
}
